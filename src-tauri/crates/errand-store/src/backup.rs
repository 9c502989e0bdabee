use std::path::{Path, PathBuf};

use errand_base::Timestamp;

use crate::connect::APPLICATION_ID;
use crate::open::DATABASE;
use crate::{StoreError, connect, files, migrate};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupDone {
    pub file: PathBuf,
    pub bytes: u64,
    pub tasks: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    pub tasks: u64,
    /// Where the database of before is now; `None` if there was none.
    pub moved_to: Option<PathBuf>,
}

pub(crate) fn backup(database: &Path, file: &Path) -> Result<BackupDone, StoreError> {
    let conn = connect::reader(database)?;
    files::vacuum_into(&conn, file)?;
    match verify(file) {
        Ok(tasks) => Ok(BackupDone { file: file.to_owned(), bytes: files::length(file), tasks }),
        Err(error) => {
            let _ = files::discard(file);
            Err(error)
        }
    }
}

/// Puts a backup in the place of the database of a folder that no engine uses. The present database is moved
/// aside, never deleted; opening the store afterwards migrates the backup if it is older.
pub fn restore(data: &Path, file: &Path, now: Timestamp) -> Result<Restored, StoreError> {
    let tasks = verify(file)?;
    files::make_folder(data)?;
    let database = data.join(DATABASE);
    files::finish_install(&database)?;
    let aside = format!(".before-restore-{}", now.as_millis());
    let moved_to = database.exists().then(|| files::beside(&database, &aside));
    files::install(&database, file, &aside)?;
    Ok(Restored { tasks, moved_to })
}

/// Whole, ours, and not too new. Says how many tasks there are.
pub(crate) fn verify(file: &Path) -> Result<u64, StoreError> {
    let bad = |why: String| StoreError::BadBackup { path: file.to_owned(), why };
    if let Err(error) = std::fs::File::open(file) {
        return Err(bad(error.to_string()));
    }
    let look = || -> Result<Result<u64, String>, StoreError> {
        let conn = connect::frozen(file)?;
        let application: i32 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
        let version = migrate::version(&conn)?;
        if application != APPLICATION_ID || version == 0 {
            return Ok(Err("it is a database of another program".into()));
        }
        if version > migrate::known() {
            return Err(StoreError::Newer { found: version, known: migrate::known() });
        }
        let verdict: String = conn.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        if verdict != "ok" {
            return Ok(Err(verdict));
        }
        Ok(Ok(conn.query_row("SELECT count(*) FROM task", [], |row| row.get(0))?))
    };
    match look() {
        Ok(found) => found.map_err(bad),
        Err(StoreError::Newer { found, known }) => Err(StoreError::Newer { found, known }),
        Err(error) => Err(bad(error.to_string())),
    }
}

pub(crate) fn newest_first(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "db"))
        .filter_map(|path| Some((std::fs::metadata(&path).ok()?.modified().ok()?, path)))
        .collect();
    found.sort();
    found.into_iter().rev().map(|(_, path)| path).collect()
}
