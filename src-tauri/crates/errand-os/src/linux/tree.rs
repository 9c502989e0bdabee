//! Removing a folder that a program has had for itself, with whatever that program left in it.
//!
//! `std::fs::remove_dir_all` follows no link either, but it goes into what is mounted below and empties that, it
//! stops at a folder without rights for its owner (the module cache of Go is one), and it keeps a descriptor open
//! for each level, of which a program can make more than there are descriptors.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, ResolveFlags, chmod, fchmod, fstat, openat, openat2, renameat,
    unlinkat,
};
use rustix::io::Errno;

/// Below this, folders are brought up before they are emptied.
const DEEPEST: usize = 32;

/// Removes a folder, or whatever else has its name. Nothing there is fine. Goes on after an error and returns the
/// first, so that as much as possible is gone. Blocks.
pub fn remove_tree(folder: &Path) -> io::Result<()> {
    let (Some(parent), Some(name)) = (folder.parent(), folder.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let parent = match openat(CWD, parent, folder_flags(), Mode::empty()) {
        Err(Errno::NOENT) => return Ok(()),
        opened => opened?,
    };
    let name = CString::new(name.as_encoded_bytes())?;
    match unlinkat(&parent, &name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => return Ok(()),
        Err(Errno::ISDIR | Errno::PERM) => {}
        Err(error) => return Err(error.into()),
    }
    let top = open_below(parent.as_fd(), &name)?;
    let mut work = Work { device: fstat(&top)?.st_dev, top: top.as_fd(), brought_up: 0, first_error: None };
    loop {
        let before = work.brought_up;
        work.empty(top.as_fd(), 0);
        if work.brought_up == before {
            break;
        }
    }
    match work.first_error {
        Some(error) => Err(error),
        None => Ok(unlinkat(&parent, &name, AtFlags::REMOVEDIR)?),
    }
}

struct Work<'a> {
    device: u64,
    top: BorrowedFd<'a>,
    brought_up: u64,
    first_error: Option<io::Error>,
}

impl Work<'_> {
    fn empty(&mut self, folder: BorrowedFd<'_>, depth: usize) {
        match entries(folder) {
            Ok(entries) => {
                for (name, kind) in entries {
                    if let Err(error) = self.remove(folder, &name, kind, depth) {
                        let text = format!("{}: {error}", name.to_string_lossy());
                        self.first_error.get_or_insert_with(|| io::Error::new(error.kind(), text));
                    }
                }
            }
            Err(error) => _ = self.first_error.get_or_insert(error),
        }
    }

    fn remove(
        &mut self,
        folder: BorrowedFd<'_>,
        name: &CString,
        kind: FileType,
        depth: usize,
    ) -> io::Result<()> {
        if kind != FileType::Directory {
            match unlinkat(folder, name, AtFlags::empty()) {
                Ok(()) | Err(Errno::NOENT) => return Ok(()),
                // Its kind was not told, or it has changed.
                Err(Errno::ISDIR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        if depth == DEEPEST {
            self.brought_up += 1;
            let name_above = format!(".deep-{}-{}", std::process::id(), self.brought_up);
            return Ok(renameat(folder, name, self.top, name_above)?);
        }
        let below = open_below(folder, name)?;
        if fstat(&below)?.st_dev != self.device {
            return Err(Errno::XDEV.into());
        }
        self.empty(below.as_fd(), depth + 1);
        drop(below);
        match unlinkat(folder, name, AtFlags::REMOVEDIR) {
            // What is in the way was told already.
            Err(Errno::NOTEMPTY) if self.first_error.is_some() => Ok(()),
            removed => Ok(removed?),
        }
    }
}

/// All at once: a folder that is read while it is emptied may leave some out.
fn entries(folder: BorrowedFd<'_>) -> io::Result<Vec<(CString, FileType)>> {
    let mut found = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        if ![c".", c".."].contains(&entry.file_name()) {
            found.push((entry.file_name().to_owned(), entry.file_type()));
        }
    }
    Ok(found)
}

fn folder_flags() -> OFlags {
    OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC
}

/// Opens a folder in a folder so that it can be emptied: never through a link, and never across into what is mounted
/// there, be it of the same file system.
fn open_below(folder: BorrowedFd<'_>, name: &CString) -> io::Result<OwnedFd> {
    let opened = match open_beneath(folder, name, folder_flags()) {
        Err(Errno::ACCESS) => {
            let place = open_beneath(folder, name, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC)?;
            // The name could be another folder by now; the descriptor cannot.
            chmod(format!("/proc/self/fd/{}", place.as_raw_fd()), Mode::RWXU)?;
            open_beneath(folder, name, folder_flags())?
        }
        opened => opened?,
    };
    let mode = Mode::from_raw_mode(fstat(&opened)?.st_mode);
    if !mode.contains(Mode::RWXU) {
        fchmod(&opened, mode | Mode::RWXU)?;
    }
    Ok(opened)
}

fn open_beneath(folder: BorrowedFd<'_>, name: &CString, flags: OFlags) -> Result<OwnedFd, Errno> {
    let within = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_XDEV;
    match openat2(folder, name, flags | OFlags::NOFOLLOW, Mode::empty(), within) {
        // An older kernel, or a container that knows the call no better; the caller compares the devices.
        Err(Errno::NOSYS | Errno::PERM) => openat(folder, name, flags | OFlags::NOFOLLOW, Mode::empty()),
        opened => opened,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn everything_goes_and_nothing_outside_is_touched() {
        let base = tempfile::tempdir().unwrap();
        let (folder, outside) = (base.path().join("task"), base.path().join("outside"));
        fs::create_dir_all(folder.join("a/b/c")).unwrap();
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("kept"), "kept").unwrap();
        fs::write(folder.join("a/file"), "x").unwrap();
        fs::hard_link(outside.join("kept"), folder.join("a/same")).unwrap();
        for (n, target) in ["../../outside", "../../outside/kept", "/", "nowhere", "."].iter().enumerate() {
            symlink(target, folder.join(format!("a/link{n}"))).unwrap();
        }
        for (name, mode) in [("read-only", 0o555), ("closed", 0o000)] {
            fs::create_dir(folder.join(name)).unwrap();
            fs::write(folder.join(name).join("file"), "x").unwrap();
            fs::set_permissions(folder.join(name), PermissionsExt::from_mode(mode)).unwrap();
        }
        rustix::fs::mknodat(CWD, folder.join("pipe"), FileType::Fifo, Mode::RWXU, 0).unwrap();
        remove_tree(&folder).unwrap();
        assert!(!folder.exists());
        assert_eq!(fs::read_to_string(outside.join("kept")).unwrap(), "kept");
        remove_tree(&folder).unwrap();
        remove_tree(&base.path().join("no/parent")).unwrap();
    }

    #[test]
    fn a_link_in_place_of_the_folder_goes_and_what_it_names_stays() {
        let base = tempfile::tempdir().unwrap();
        fs::create_dir(base.path().join("outside")).unwrap();
        fs::write(base.path().join("outside/kept"), "").unwrap();
        symlink("outside", base.path().join("task")).unwrap();
        remove_tree(&base.path().join("task")).unwrap();
        assert!(fs::symlink_metadata(base.path().join("task")).is_err());
        assert!(base.path().join("outside/kept").exists());
    }

    #[test]
    fn no_depth_is_too_deep() {
        let base = tempfile::tempdir().unwrap();
        let folder = base.path().join("task");
        fs::create_dir(&folder).unwrap();
        let mut at = openat(CWD, &folder, folder_flags(), Mode::empty()).unwrap();
        for _ in 0..3_000 {
            rustix::fs::mkdirat(&at, "d", Mode::RWXU).unwrap();
            at = openat(&at, "d", folder_flags(), Mode::empty()).unwrap();
        }
        drop(at);
        remove_tree(&folder).unwrap();
        assert!(!folder.exists());
    }

    /// `/proc` is mounted wherever the tests of this crate run; what is mounted in a task's folder is no different.
    #[test]
    fn what_is_mounted_is_not_entered() {
        let root = openat(CWD, "/", folder_flags(), Mode::empty()).unwrap();
        assert_eq!(open_beneath(root.as_fd(), &c"proc".to_owned(), folder_flags()).unwrap_err(), Errno::XDEV);
    }
}
