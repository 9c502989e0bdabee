//! Folders for temporary files, where a program does not get a /tmp of its own.

use std::fs::{DirBuilder, read_dir, remove_dir_all, symlink_metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::os::process;

const WHERE: &str = "/tmp";

/// Removed with this.
pub struct Scratch(PathBuf);

impl Scratch {
    /// `run`: as the program's own environment names it. The name tells who will remove the folder.
    pub fn make(run: &str) -> io::Result<Scratch> {
        let own = std::process::id();
        let path = Path::new(WHERE).join(format!("{}-{own}-{}", name(run), process::start_time(own)?));
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Scratch(path))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is left to the next engine, and then to whoever clears /tmp.
        remove_dir_all(&self.0).ok();
    }
}

/// Removes what killed supervisors of this home have left. Those that live look after their own.
pub fn clear(mark: &str) {
    let Ok(folder) = read_dir(WHERE) else { return };
    let own = rustix::process::geteuid().as_raw();
    let begins = format!("{}-", name(mark));
    for entry in folder.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with(&begins) || has_owner(&name) {
            continue;
        }
        // Anybody may make names in there.
        if symlink_metadata(entry.path()).is_ok_and(|meta| meta.is_dir() && meta.uid() == own) {
            remove_dir_all(entry.path()).ok();
        }
    }
}

fn has_owner(name: &str) -> bool {
    let mut parts = name.rsplit('-');
    let (start_time, pid) = (parts.next().map(str::parse), parts.next().map(str::parse));
    matches!((pid, start_time), (Some(Ok(pid)), Some(Ok(start_time))) if process::is_alive(pid, start_time))
}

fn name(of: &str) -> String {
    format!("errand-scratch-{of}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_goes_and_what_somebody_uses_stays() {
        let mark = uuid::Uuid::new_v4().simple().to_string();
        let (ours, other) = (Scratch::make(&format!("{mark}-1")).unwrap(), Scratch::make("other-1").unwrap());
        // As of a supervisor that has been killed: nobody began at that time.
        let left = Path::new(WHERE).join(format!("{}-2-{}-1", name(&mark), std::process::id()));
        std::fs::create_dir(&left).unwrap();
        std::fs::write(left.join("file"), "").unwrap();
        clear(&mark);
        assert!(!left.exists() && ours.path().exists() && other.path().exists());
        let path = other.path().to_owned();
        drop(other);
        assert!(!path.exists());
    }
}
