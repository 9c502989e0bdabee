//! Moving database files about, so that a crash in between never leaves half of one.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::StoreError;

/// `errand.db` → `errand.db-wal`
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// A copy of what the connection sees, in one piece or not at all. The target must not exist.
pub(crate) fn vacuum_into(conn: &Connection, target: &Path) -> Result<(), StoreError> {
    if target.exists() {
        return Err(StoreError::FileExists(target.to_owned()));
    }
    let part = beside(target, &format!(".part-{}", std::process::id()));
    let text = part.to_str().ok_or_else(|| StoreError::row("file name", part.display()))?;
    let made = discard(&part)
        .and_then(|()| Ok(conn.execute("VACUUM INTO ?1", [text]).map(|_| ())?))
        .and_then(|()| sync_file(&part))
        .and_then(|()| rename_new(&part, target));
    if made.is_err() {
        let _ = fs::remove_file(&part);
    }
    made
}

/// Puts a copy of `source` in the place of `database`, whose files are moved to `aside`.
pub(crate) fn install(database: &Path, source: &Path, aside: &str) -> Result<(), StoreError> {
    let part = beside(database, ".incoming-part");
    fs::copy(source, &part).map_err(|error| StoreError::file(source, error))?;
    sync_file(&part)?;
    fs::write(beside(database, ".aside"), aside).map_err(|error| StoreError::file(database, error))?;
    let incoming = beside(database, ".incoming");
    rename(&part, &incoming)?;
    finish_install(database)
}

/// From the moment `.incoming` exists the exchange is decided; a crash during it is made good here.
pub(crate) fn finish_install(database: &Path) -> Result<(), StoreError> {
    let incoming = beside(database, ".incoming");
    if !incoming.exists() {
        return Ok(());
    }
    let note = beside(database, ".aside");
    let aside = fs::read_to_string(&note).unwrap_or_else(|_| ".before-restore".into());
    move_aside(database, aside.trim())?;
    rename(&incoming, database)?;
    discard(&note)
}

/// Renames a database with its side files; nothing is deleted. The log goes first: a log without its database
/// is harmless, a log beside another database is not.
pub(crate) fn move_aside(database: &Path, ending: &str) -> Result<(), StoreError> {
    let target = beside(database, ending);
    for side in ["-wal", "-shm", ""] {
        let from = beside(database, side);
        if from.exists() {
            rename(&from, &beside(&target, side))?;
        }
    }
    sync_folder(database)
}

pub(crate) fn discard(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(StoreError::file(path, error)),
        _ => Ok(()),
    }
}

pub(crate) fn make_folder(path: &Path) -> Result<(), StoreError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|error| StoreError::file(path, error))
}

pub(crate) fn length(path: &Path) -> u64 {
    fs::metadata(path).map(|data| data.len()).unwrap_or(0)
}

fn rename(from: &Path, to: &Path) -> Result<(), StoreError> {
    fs::rename(from, to).map_err(|error| StoreError::file(from, error))?;
    sync_folder(to)
}

/// A rename that never replaces: a second name is made first, which fails if it is taken.
fn rename_new(from: &Path, to: &Path) -> Result<(), StoreError> {
    match fs::hard_link(from, to) {
        Ok(()) => {
            discard(from)?;
            sync_folder(to)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(StoreError::FileExists(to.to_owned())),
        // Some file systems have no hard links.
        Err(_) => rename(from, to),
    }
}

fn sync_file(path: &Path) -> Result<(), StoreError> {
    // Windows syncs only what is open for writing.
    let sync = || -> io::Result<()> { File::options().read(true).write(true).open(path)?.sync_all() };
    sync().map_err(|error| StoreError::file(path, error))
}

fn sync_folder(path: &Path) -> Result<(), StoreError> {
    if cfg!(unix)
        && let Some(folder) = path.parent()
    {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let sync = File::open(folder).and_then(|folder| folder.sync_all());
        return sync.map_err(|error| StoreError::file(folder, error));
    }
    Ok(())
}
