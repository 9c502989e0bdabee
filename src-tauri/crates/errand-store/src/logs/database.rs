use std::path::Path;

use rusqlite::Connection;

use crate::connect::LOGS_APPLICATION_ID;
use crate::{Notice, StoreError, connect, files};

const VERSION: u32 = 2;

/// `next_seq` is one past the last line. `part` of a chunk: 0 belongs to the beginning of its run, 1 to its end.
const SCHEMA: &str = "
    CREATE TABLE run (
        id          INTEGER PRIMARY KEY,
        task        TEXT    NOT NULL,
        run         TEXT    NOT NULL UNIQUE,
        n           INTEGER NOT NULL,
        next_seq    INTEGER NOT NULL,
        head        INTEGER NOT NULL DEFAULT 0,
        kept        INTEGER NOT NULL DEFAULT 0,
        left_out    INTEGER NOT NULL DEFAULT 0,
        out_bytes   INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX run_of_task ON run (task);
    CREATE INDEX run_kept ON run (id) WHERE kept > 0;
    CREATE TABLE chunk (
        id          INTEGER PRIMARY KEY,
        run         INTEGER NOT NULL,
        first_seq   INTEGER NOT NULL,
        next_seq    INTEGER NOT NULL,
        part        INTEGER NOT NULL,
        bytes       INTEGER NOT NULL,
        body        BLOB    NOT NULL
    ) STRICT;
    CREATE INDEX chunk_of_run ON chunk (run, first_seq, next_seq, part, bytes);
";

/// A database that is damaged or of another version is replaced. `None`: not even a new one could be made, and
/// output is dropped until it can.
pub(super) fn open(path: &Path, report: &mut Vec<Notice>) -> Option<Connection> {
    if !damaged(path).exists() {
        match prepare(path) {
            Ok(conn) => return Some(conn),
            Err(StoreError::DiskFull) => return None,
            Err(error) => report.push(Notice::LogsRecreated { why: error.to_string() }),
        }
    } else {
        report.push(Notice::LogsRecreated { why: "it was damaged".into() });
    }
    let fresh = remove(path).and_then(|()| prepare(path));
    fresh.inspect_err(|error| tracing::warn!(%error, "no place for the output of runs")).ok()
}

/// Found while in use; the file is replaced at the next start, when nobody has it open.
pub(super) fn mark_damaged(path: &Path) {
    let _ = std::fs::write(damaged(path), "");
}

pub(super) fn prepare(path: &Path) -> Result<Connection, StoreError> {
    let mut conn = connect::logs_writer(path)?;
    let id: i32 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version: u32 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if (id, version) == (0, 0) {
        let tx = conn.transaction()?;
        tx.execute_batch(SCHEMA)?;
        tx.pragma_update(None, "application_id", LOGS_APPLICATION_ID)?;
        tx.pragma_update(None, "user_version", VERSION)?;
        tx.commit()?;
    } else if (id, version) != (LOGS_APPLICATION_ID, VERSION) {
        return Err(StoreError::row("logs.db", format!("it has format {version}")));
    }
    // Space of trimmed runs that was not used again. Reads every page of the free list, so a little at a time.
    conn.execute_batch("PRAGMA incremental_vacuum(4096)")?;
    conn.query_row("SELECT count(*) FROM run WHERE kept > 0", [], |_| Ok(()))?;
    Ok(conn)
}

fn remove(path: &Path) -> Result<(), StoreError> {
    for side in ["-wal", "-shm", "", ".damaged"] {
        files::discard(&files::beside(path, side))?;
    }
    Ok(())
}

fn damaged(path: &Path) -> std::path::PathBuf {
    files::beside(path, ".damaged")
}
