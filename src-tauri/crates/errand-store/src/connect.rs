//! How a connection is set up. Every connection of the crate comes from here.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::StoreError;

/// Marks a file as ours: "ERRD".
pub(crate) const APPLICATION_ID: i32 = 0x4552_5244;
pub(crate) const LOGS_APPLICATION_ID: i32 = 0x4552_524C;

/// The one connection that writes the truth: a commit is on the disk when it returns.
pub(crate) fn truth_writer(path: &Path) -> Result<Connection, StoreError> {
    let conn = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
    wal(&conn)?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    if cfg!(target_os = "macos") {
        conn.pragma_update(None, "fullfsync", true)?;
        conn.pragma_update(None, "checkpoint_fullfsync", true)?;
    }
    conn.pragma_update(None, "cache_size", -16_000)?;
    conn.pragma_update(None, "wal_autocheckpoint", 1_000)?;
    // Longer than what a checkpoint leaves behind, so that the file keeps its length: overwriting is several
    // times faster to sync than growing.
    conn.pragma_update(None, "journal_size_limit", 16 << 20)?;
    Ok(conn)
}

/// Raw output may be lost in a power cut, so its commits do not wait for the disk.
pub(crate) fn logs_writer(path: &Path) -> Result<Connection, StoreError> {
    let conn = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
    // Has to come before the first table: trimmed runs give their space back.
    conn.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    wal(&conn)?;
    conn.pragma_update(None, "synchronous", "NORMAL")?;
    conn.pragma_update(None, "cache_size", -4_000)?;
    conn.pragma_update(None, "wal_autocheckpoint", 4_000)?;
    conn.pragma_update(None, "journal_size_limit", 16 << 20)?;
    Ok(conn)
}

pub(crate) fn reader(path: &Path) -> Result<Connection, StoreError> {
    let conn = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    conn.pragma_update(None, "cache_size", -8_000)?;
    Ok(conn)
}

/// For a file that nobody writes: no lock, no side file.
pub(crate) fn frozen(path: &Path) -> Result<Connection, StoreError> {
    let text = path.to_str().ok_or_else(|| StoreError::row("file name", path.display()))?;
    let escaped = text.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    Ok(Connection::open_with_flags(format!("file:{escaped}?immutable=1"), flags)?)
}

fn open(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    // One thread uses a connection at a time, so SQLite's own mutexes would only cost.
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(Duration::from_secs(5))?;
    conn.set_prepared_statement_cache_capacity(128);
    // Plans do not depend on bound values, so that a cached statement is never prepared again for new ones.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "trusted_schema", false)?;
    Ok(conn)
}

fn wal(conn: &Connection) -> Result<(), StoreError> {
    let mode: String = conn.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode.eq_ignore_ascii_case("wal") {
        return Ok(());
    }
    Err(StoreError::row("journal_mode", format!("the file system only offers “{mode}”")))
}
