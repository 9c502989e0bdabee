//! All pending migrations run in one transaction: either the database is of this version or it is as it was.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

use errand_base::Timestamp;
use rusqlite::{Connection, TransactionBehavior, params};

use crate::connect::APPLICATION_ID;
use crate::{StoreError, files};

pub(crate) struct Migration {
    pub name: &'static str,
    pub sql: &'static str,
}

/// In order, never edited, never reordered: the place in the list is the version.
pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration { name: "0001_truth", sql: include_str!("../../../../migrations/0001_truth.sql") },
    Migration { name: "0002_subtasks", sql: include_str!("../../../../migrations/0002_subtasks.sql") },
    Migration {
        name: "0003_folder_files",
        sql: include_str!("../../../../migrations/0003_folder_files.sql"),
    },
    Migration { name: "0004_credentials", sql: include_str!("../../../../migrations/0004_credentials.sql") },
    Migration { name: "0005_deliveries", sql: include_str!("../../../../migrations/0005_deliveries.sql") },
    Migration { name: "0006_questions", sql: include_str!("../../../../migrations/0006_questions.sql") },
    Migration { name: "0007_approvals", sql: include_str!("../../../../migrations/0007_approvals.sql") },
];

pub(crate) fn known() -> u32 {
    MIGRATIONS.len() as u32
}

/// Brings the database to the last version of the list and says how many migrations that took.
pub(crate) fn migrate(
    conn: &mut Connection,
    path: &Path,
    list: &[Migration],
    now: Timestamp,
) -> Result<usize, StoreError> {
    let version = version(conn)?;
    let known = list.len() as u32;
    if version > known {
        return Err(StoreError::Newer { found: version, known });
    }
    let pending = &list[version as usize..];
    if pending.is_empty() {
        return Ok(0);
    }
    if version > 0 {
        back_up(conn, path, version + 1)?;
    }
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    tx.execute_batch(
        "CREATE TABLE IF NOT EXISTS migration (version INTEGER PRIMARY KEY, name TEXT NOT NULL, at INTEGER NOT NULL) STRICT",
    )?;
    for (number, migration) in (version + 1..).zip(pending) {
        tx.execute_batch(migration.sql)?;
        tx.execute(
            "INSERT INTO migration VALUES (?1, ?2, ?3)",
            params![number, migration.name, now.as_millis()],
        )?;
    }
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    tx.pragma_update(None, "user_version", known)?;
    tx.commit()?;
    Ok(pending.len())
}

pub(crate) fn version(conn: &Connection) -> Result<u32, StoreError> {
    Ok(conn.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

fn back_up(conn: &Connection, path: &Path, next: u32) -> Result<(), StoreError> {
    let copy = files::beside(path, &format!(".before-{next:04}"));
    if copy.exists() {
        // An earlier try got this far and failed later; the older copy is the more careful one.
        return Ok(());
    }
    files::vacuum_into(conn, &copy)
}

/// The version a database file claims, read without opening it: a newer one must not even get a side file.
/// `None`: no file, or nothing in it.
pub(crate) fn peek_version(path: &Path) -> Result<Option<u32>, StoreError> {
    let mut header = [0u8; 100];
    if !read_start(path, &mut header)? {
        return Ok(None);
    }
    let mut version = big_endian(&header[60..64]);
    // After a crash the latest version may stand in the write-ahead log only.
    let wal = files::beside(path, "-wal");
    let mut start = [0u8; 32];
    if read_start(&wal, &mut start)? {
        let page = u64::from(big_endian(&start[8..12])).max(512);
        let mut file = File::open(&wal).map_err(|error| StoreError::file(&wal, error))?;
        let mut at = 32;
        let mut frame = [0u8; 24 + 100];
        while file.seek(SeekFrom::Start(at)).is_ok() && file.read_exact(&mut frame).is_ok() {
            // Frames of an older pass through the log carry other salts.
            if frame[8..16] == start[16..24] && big_endian(&frame[0..4]) == 1 {
                version = version.max(big_endian(&frame[24 + 60..24 + 64]));
            }
            at += 24 + page;
        }
    }
    Ok(Some(version))
}

fn read_start(path: &Path, buffer: &mut [u8]) -> Result<bool, StoreError> {
    let read = File::open(path).and_then(|mut file| file.read_exact(buffer));
    match read {
        Ok(()) => Ok(true),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::UnexpectedEof) => Ok(false),
        Err(error) => Err(StoreError::file(path, error)),
    }
}

fn big_endian(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |value, byte| value << 8 | u32::from(*byte))
}
