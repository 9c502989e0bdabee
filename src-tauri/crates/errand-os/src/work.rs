//! The folders that belong to tasks: `work/TASK`, made for a task and removed with it.
//!
//! Names that begin with a dot are on their way: `.attach-…` is what a terminal is filling, `.new-TASK` is what the
//! engine has taken for a task that is being written down. Whoever works on one holds a shared lock on it, so what
//! nobody holds was left by a process that died.

mod attach;

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use errand_base::TaskId;
use rustix::fs::OFlags;

pub use attach::{ATTACHMENTS, AttachError, Attached, MOST_ATTACHED, MOST_BYTES, Staged};

use crate::{Home, own_uid, remove_tree};

const STAGED: &str = ".attach-";
const NEW: &str = ".new-";

#[derive(Clone, Debug)]
pub struct WorkFolders {
    root: PathBuf,
}

/// A folder that is being made for a task which is not written down yet.
#[derive(Debug)]
pub struct Reserved {
    task: TaskId,
    _lock: File,
}

/// What is on its way although nobody works on it.
#[derive(Debug)]
pub struct LeftBehind {
    path: PathBuf,
    /// For a task that may have been written down.
    pub task: Option<TaskId>,
    _lock: File,
}

impl WorkFolders {
    /// The home exists. Its name is taken without links, since tasks compare folders by their names.
    pub fn of(home: &Home) -> WorkFolders {
        let root = home.work();
        WorkFolders { root: root.canonicalize().unwrap_or(root) }
    }

    pub fn folder(&self, task: &TaskId) -> PathBuf {
        self.root.join(task.as_str())
    }

    pub fn attachments(&self, task: &TaskId) -> PathBuf {
        self.folder(task).join(ATTACHMENTS)
    }

    /// Nothing stands where the folder of a new task of this name would be.
    pub fn is_free(&self, task: &TaskId) -> bool {
        let is_free = |path: PathBuf| std::fs::symlink_metadata(path).is_err();
        is_free(self.folder(task)) && is_free(self.new_folder(task))
    }

    /// Before a run: the folder is there, with what was attached.
    pub fn prepare(&self, task: &TaskId) -> io::Result<()> {
        self.settle(task)?;
        match DirBuilder::new().mode(0o700).create(self.folder(task)) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                private(&self.folder(task)).map(drop)
            }
            made => made,
        }
    }

    /// Gives what a terminal has staged to a task that is about to be written down.
    pub fn take(&self, staged: &str, task: &TaskId) -> Result<(Reserved, Vec<Attached>), AttachError> {
        let path = self.staged_folder(staged).ok_or(AttachError::Gone)?;
        let lock = private(&path).map_err(|_| AttachError::Gone)?;
        lock.try_lock_shared().map_err(|_| AttachError::Gone)?;
        let attached = attach::inspect(&path)?;
        std::fs::rename(&path, self.new_folder(task))?;
        Ok((Reserved { task: task.clone(), _lock: lock }, attached))
    }

    /// The folder that a terminal has staged, by the name that it tells.
    pub fn staged_folder(&self, name: &str) -> Option<PathBuf> {
        let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        plain.then(|| self.root.join(format!("{STAGED}{name}")))
    }

    /// The task was written down: what was reserved is its folder now. Cheap to repeat.
    pub fn settle(&self, task: &TaskId) -> io::Result<()> {
        let folder = self.folder(task);
        if std::fs::symlink_metadata(&folder).is_ok() {
            return Ok(());
        }
        match std::fs::rename(self.new_folder(task), &folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
            Ok(()) => sync(&self.root),
        }
    }

    /// The task was not written down.
    pub fn discard(&self, reserved: Reserved) -> io::Result<()> {
        remove_tree(&self.new_folder(&reserved.task))
    }

    /// Removes what a task had. Blocks for as long as that takes.
    pub fn remove(&self, task: &TaskId) -> io::Result<()> {
        remove_tree(&self.new_folder(task))?;
        remove_tree(&self.folder(task))
    }

    /// Every folder that has the name of a task, whether there is one of that name or not.
    pub fn all(&self) -> io::Result<Vec<TaskId>> {
        let mut all = Vec::new();
        for entry in std::fs::read_dir(&self.root)? {
            let entry = entry?;
            let task = entry.file_name().into_string().ok().and_then(|name| TaskId::try_from(name).ok());
            all.extend(task.filter(|_| entry.file_type().is_ok_and(|kind| kind.is_dir())));
        }
        Ok(all)
    }

    /// What terminals and engines that died have left on its way.
    pub fn left_behind(&self) -> io::Result<Vec<LeftBehind>> {
        let mut left = Vec::new();
        for entry in std::fs::read_dir(&self.root)? {
            let path = entry?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            let task = name.strip_prefix(NEW).and_then(|task| TaskId::try_from(task.to_owned()).ok());
            if task.is_none() && !name.starts_with(STAGED) {
                continue;
            }
            // Whoever works on it holds it. Where that cannot be told, it stays.
            let Ok(lock) = private(&path) else { continue };
            match lock.try_lock() {
                Ok(()) => left.push(LeftBehind { path, task, _lock: lock }),
                Err(TryLockError::WouldBlock | TryLockError::Error(_)) => {}
            }
        }
        Ok(left)
    }

    fn new_folder(&self, task: &TaskId) -> PathBuf {
        self.root.join(format!("{NEW}{task}"))
    }
}

impl LeftBehind {
    pub fn remove(self) -> io::Result<()> {
        remove_tree(&self.path)
    }
}

/// Opens a folder of ours, and nothing else that may stand under its name.
fn private(path: &Path) -> io::Result<File> {
    let flags = i32::try_from((OFlags::DIRECTORY | OFlags::NOFOLLOW).bits()).unwrap_or_default();
    let folder = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    if folder.metadata()?.uid() != own_uid() {
        let text = format!("{} belongs to somebody else", path.display());
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
    }
    Ok(folder)
}

/// Makes the names in a folder survive a power loss.
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests;
