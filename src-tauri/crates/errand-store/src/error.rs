use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use errand_base::{Code, Fault};
use rusqlite::ErrorCode;
use rusqlite::ffi;

/// Why the store did not do it. Nothing of a job that got an error has been written.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the disk is full, so nothing new can be written down")]
    DiskFull,
    #[error("the database was written by a newer Errand (format {found}; this one knows up to {known})")]
    Newer { found: u32, known: u32 },
    #[error("the store is closed")]
    Closed,
    /// A job turned itself down; its writes are undone.
    #[error(transparent)]
    Refused(#[from] Fault),
    #[error("the database could not be read or written: {0}")]
    Sqlite(Arc<rusqlite::Error>),
    #[error("{}: {error}", path.display())]
    File { path: PathBuf, error: Arc<io::Error> },
    #[error("a row of “{table}” holds something unknown: {what}")]
    BadRow { table: &'static str, what: String },
    #[error("{} cannot be used as a backup: {why}", path.display())]
    BadBackup { path: PathBuf, why: String },
    #[error("{} exists already", .0.display())]
    FileExists(PathBuf),
    #[error("a job of the store failed inside")]
    Panicked,
}

impl StoreError {
    pub fn code(&self) -> Code {
        match self {
            StoreError::DiskFull => Code::DiskFull,
            StoreError::Newer { .. } => Code::StoreNewer,
            StoreError::Closed => Code::Quitting,
            StoreError::Refused(fault) => fault.code,
            StoreError::BadBackup { .. } => Code::BadBackup,
            StoreError::FileExists(_) => Code::BadUsage,
            StoreError::Sqlite(_) | StoreError::File { .. } | StoreError::BadRow { .. } => Code::StoreFailed,
            StoreError::Panicked => Code::Internal,
        }
    }

    pub fn is_disk_full(&self) -> bool {
        matches!(self, StoreError::DiskFull)
    }

    pub(crate) fn file(path: &Path, error: io::Error) -> StoreError {
        if error.kind() == io::ErrorKind::StorageFull || error.kind() == io::ErrorKind::QuotaExceeded {
            return StoreError::DiskFull;
        }
        StoreError::File { path: path.to_owned(), error: Arc::new(error) }
    }

    pub(crate) fn row(table: &'static str, what: impl ToString) -> StoreError {
        StoreError::BadRow { table, what: what.to_string() }
    }

    /// The file is damaged, or is no database at all.
    pub(crate) fn is_corruption(&self) -> bool {
        match self {
            StoreError::Sqlite(error) => matches!(
                error.sqlite_error_code(),
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
            ),
            _ => false,
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        if is_full(&error) { StoreError::DiskFull } else { StoreError::Sqlite(Arc::new(error)) }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Fault {
        let code = error.code();
        match error {
            StoreError::Refused(fault) => fault,
            StoreError::FileExists(_) => {
                Fault::new(code, error.to_string()).hint("Choose another name; nothing is overwritten.")
            }
            _ => Fault::new(code, error.to_string()),
        }
    }
}

/// Running out of space has several faces: writing, syncing, lengthening the file or its shared memory.
fn is_full(error: &rusqlite::Error) -> bool {
    let rusqlite::Error::SqliteFailure(failure, _) = error else { return false };
    failure.code == ErrorCode::DiskFull
        || matches!(
            failure.extended_code,
            ffi::SQLITE_IOERR_WRITE
                | ffi::SQLITE_IOERR_FSYNC
                | ffi::SQLITE_IOERR_DIR_FSYNC
                | ffi::SQLITE_IOERR_TRUNCATE
                | ffi::SQLITE_IOERR_SHMSIZE
        )
}
