//! Attachments: copies of a person's files in the folder of a task.
//!
//! The terminal copies, not the engine. It opens each file with the rights of whoever typed the command; an engine
//! that opened the paths it is told would read on behalf of anybody who can talk to it. It copies straight to where
//! the files will stand, so that they cross no socket and fit in no memory. The engine is told the bare name of a
//! folder among its own, looks at what is in it and opens none of it.

use std::collections::HashSet;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use errand_base::RunId;
use rustix::fs::OFlags;

use super::{STAGED, WorkFolders, private, remove_tree, sync};

/// The folder of the attachments within the folder of a task.
pub const ATTACHMENTS: &str = "attachments";
/// So many bytes may be attached to one task.
pub const MOST_BYTES: u64 = 256 * 1024 * 1024;
/// So many files may be attached to one task.
pub const MOST_ATTACHED: usize = 100;
const LONGEST_NAME: usize = 120;
const TRIES: u32 = 20;

#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    #[error("“{}” cannot be attached: {why}", .file.display())]
    File { file: PathBuf, why: String },
    #[error("“{}” cannot be attached: all attachments together may have 256 MiB", .file.display())]
    TooLarge { file: PathBuf },
    #[error("at most 100 files can be attached to a task")]
    TooMany,
    /// What was staged is not what a terminal makes, or not there any more.
    #[error("the attachments are no longer there")]
    Gone,
    #[error("the attachments cannot be kept: {0}")]
    Io(#[from] io::Error),
}

/// A file as it was attached.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attached {
    pub name: String,
    pub bytes: u64,
}

/// Copies that no task has taken yet. What is not taken goes when this is dropped.
#[derive(Debug)]
pub struct Staged {
    path: PathBuf,
    name: String,
    _lock: File,
}

impl Staged {
    /// What the engine is told.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        // An engine that has taken it has given it another name. What stays here an engine removes later.
        drop(remove_tree(&self.path));
    }
}

impl WorkFolders {
    /// Copies these files, as far as whoever runs this may read them. Blocks.
    pub fn stage(&self, files: &[PathBuf]) -> Result<Staged, AttachError> {
        if files.len() > MOST_ATTACHED {
            return Err(AttachError::TooMany);
        }
        let staged = self.make_staged()?;
        let folder = staged.path.join(ATTACHMENTS);
        DirBuilder::new().mode(0o700).create(&folder)?;
        let mut left = MOST_BYTES;
        let mut taken = HashSet::new();
        for file in files {
            copy(file, &folder.join(free_name(file, &mut taken)), &mut left)?;
        }
        sync(&folder)?;
        sync(&staged.path)?;
        Ok(staged)
    }

    /// An engine that looks for remains may come between the making of the folder and its lock, and take it for one.
    /// It looks once in an hour and when it starts, so the next try succeeds.
    fn make_staged(&self) -> io::Result<Staged> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.try_make_staged() {
                Err(error) if tries < TRIES && was_taken(&error) => {}
                made => return made,
            }
        }
    }

    fn try_make_staged(&self) -> io::Result<Staged> {
        // Never used again: what was taken and what comes next must not be taken for each other.
        let name = RunId::random().to_string();
        let path = self.root.join(format!("{STAGED}{name}"));
        DirBuilder::new().mode(0o700).create(&path)?;
        let folder = private(&path)?;
        folder.try_lock_shared()?;
        // Whoever removes it has held the lock before; from here on nobody can.
        std::fs::symlink_metadata(&path)?;
        Ok(Staged { path, name, _lock: folder })
    }
}

fn was_taken(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::WouldBlock)
}

fn copy(file: &Path, copy: &Path, left: &mut u64) -> Result<(), AttachError> {
    let refuse = |why: String| AttachError::File { file: file.to_owned(), why };
    let read = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => refuse("it is not there".to_owned()),
        io::ErrorKind::PermissionDenied => refuse("you may not read it".to_owned()),
        _ => refuse(error.to_string()),
    };
    // A pipe would wait for somebody to write into it.
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let from = OpenOptions::new().read(true).custom_flags(flags).open(file).map_err(read)?;
    let meta = from.metadata().map_err(read)?;
    if !meta.is_file() {
        return Err(refuse("it is not a file".to_owned()));
    }
    // A script that is attached can be run.
    let mode = 0o600 | (meta.mode() & 0o100);
    let mut to = OpenOptions::new().write(true).create_new(true).mode(mode).open(copy)?;
    // It may grow while it is read.
    let bytes = io::copy(&mut from.take(*left + 1), &mut to)?;
    *left = left.checked_sub(bytes).ok_or_else(|| AttachError::TooLarge { file: file.to_owned() })?;
    Ok(to.sync_all()?)
}

/// A name that is no other, is no flag, is not hidden and holds nothing that a terminal would act on.
fn free_name(file: &Path, taken: &mut HashSet<String>) -> String {
    let given = file.file_name().unwrap_or_default().to_string_lossy();
    let mut name: String = given.chars().map(|c| if c.is_control() { '_' } else { c }).collect();
    if name.is_empty() || name.starts_with(['-', '.']) {
        name.insert(0, '_');
    }
    let (stem, end) = match name.rsplit_once('.') {
        Some((stem, end)) if end.len() <= 16 => (stem, format!(".{end}")),
        _ => (name.as_str(), String::new()),
    };
    let cut = stem.floor_char_boundary(LONGEST_NAME);
    let stem = &stem[..cut];
    let numbered = std::iter::once(format!("{stem}{end}")).chain((2..).map(|n| format!("{stem}-{n}{end}")));
    // Some file systems take `a` and `A` for one.
    let mut numbered = numbered.filter(|name| !taken.contains(&name.to_lowercase()));
    let name = numbered.next().unwrap_or_default();
    taken.insert(name.to_lowercase());
    name
}

/// What a staged folder holds, if it is what a terminal makes.
pub(super) fn inspect(staged: &Path) -> Result<Vec<Attached>, AttachError> {
    let mut attached = Vec::new();
    let mut bytes = 0_u64;
    for entry in std::fs::read_dir(staged)? {
        if entry?.file_name() != ATTACHMENTS {
            return Err(AttachError::Gone);
        }
    }
    private(&staged.join(ATTACHMENTS)).map_err(|_| AttachError::Gone)?;
    for entry in std::fs::read_dir(staged.join(ATTACHMENTS))? {
        let entry = entry?;
        // Of the entry itself, so that a link is none.
        let meta = entry.metadata()?;
        let name = entry.file_name().into_string().map_err(|_| AttachError::Gone)?;
        if !meta.is_file() {
            return Err(AttachError::Gone);
        }
        bytes = bytes.saturating_add(meta.len());
        attached.push(Attached { name, bytes: meta.len() });
        if attached.len() > MOST_ATTACHED {
            return Err(AttachError::TooMany);
        }
        if bytes > MOST_BYTES {
            return Err(AttachError::TooLarge { file: entry.path() });
        }
    }
    attached.sort();
    Ok(attached)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_and_differ() {
        let mut taken = HashSet::new();
        let rows = [
            ("/a/report.txt", "report.txt"),
            ("/b/report.txt", "report-2.txt"),
            ("/b/REPORT.txt", "REPORT-3.txt"),
            ("report", "report"),
            ("/b/report", "report-2"),
            ("--help", "_--help"),
            (".env", "_.env"),
            ("/a/..", "_"),
            ("two\nlines\u{1b}[31m", "two_lines_[31m"),
            ("archive.tar.gz", "archive.tar.gz"),
            ("é ü.md", "é ü.md"),
        ];
        for (file, name) in rows {
            assert_eq!(free_name(Path::new(file), &mut taken), name, "{file}");
        }
        let long = free_name(Path::new(&format!("{}é.txt", "x".repeat(300))), &mut taken);
        assert_eq!((long.len(), &long[LONGEST_NAME..]), (LONGEST_NAME + 4, ".txt"));
    }
}
