//! Files below one folder, and none other: whatever a path says and wherever links in it lead, the kernel refuses to
//! leave the folder.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{
    AtFlags, Dir, FileType, Mode, OFlags, ResolveFlags, fchmod, fstat, mkdirat, open, openat, openat2,
    renameat, statat, unlinkat,
};

/// An open folder.
#[derive(Debug)]
pub struct Beneath {
    folder: OwnedFd,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub name: String,
    pub is_folder: bool,
    pub is_link: bool,
    pub bytes: u64,
}

impl Beneath {
    pub fn open(folder: &Path) -> io::Result<Beneath> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Beneath { folder: open(folder, flags, Mode::empty())? })
    }

    /// An ordinary file, for reading.
    pub fn file(&self, path: &Path) -> io::Result<File> {
        // A pipe or a device must not keep us waiting.
        let file = self.reach(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)?;
        match FileType::from_raw_mode(fstat(&file)?.st_mode) {
            FileType::RegularFile => Ok(file.into()),
            FileType::Directory => Err(io::ErrorKind::IsADirectory.into()),
            _ => Err(io::Error::other("it is no ordinary file")),
        }
    }

    /// Whether a path stays inside, also one to what is not there yet.
    pub fn holds(&self, path: &Path) -> bool {
        match self.reach(path, OFlags::PATH) {
            Ok(_) => true,
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        }
    }

    /// What is in a folder, by name. At most `most` entries, and whether there are more.
    pub fn list(&self, path: &Path, most: usize) -> io::Result<(Vec<Entry>, bool)> {
        let folder = self.reach(path, OFlags::RDONLY | OFlags::DIRECTORY)?;
        let mut entries = Vec::new();
        let mut more = false;
        for entry in Dir::read_from(&folder)? {
            let entry = entry?;
            let name = entry.file_name();
            if name.to_bytes() == b"." || name.to_bytes() == b".." {
                continue;
            }
            if entries.len() == most {
                more = true;
                break;
            }
            // It may be gone by now.
            let Ok(found) = statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
            let kind = FileType::from_raw_mode(found.st_mode);
            entries.push(Entry {
                name: name.to_string_lossy().into_owned(),
                is_folder: kind == FileType::Directory,
                is_link: kind == FileType::Symlink,
                bytes: u64::try_from(found.st_size).unwrap_or_default(),
            });
        }
        entries.sort_by(|one, other| one.name.cmp(&other.name));
        Ok((entries, more))
    }

    /// Puts a whole new file in place, or changes nothing. Folders on the way are made; what a file may be used for
    /// stays.
    pub fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let (parent, name) = self.make_way(path)?;
        let mode = match statat(&parent, &name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(found) => match FileType::from_raw_mode(found.st_mode) {
                FileType::RegularFile => Some(Mode::from_raw_mode(found.st_mode & 0o777)),
                FileType::Directory => return Err(io::ErrorKind::IsADirectory.into()),
                FileType::Symlink => return Err(io::Error::other("it is a link; name the file itself")),
                _ => return Err(io::Error::other("it is no ordinary file")),
            },
            Err(rustix::io::Errno::NOENT) => None,
            Err(error) => return Err(error.into()),
        };
        let fresh = PathBuf::from(format!(".{}.{:x}", name.display(), uuid::Uuid::new_v4().as_u128() as u64));
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let mut file = File::from(openat(&parent, &fresh, flags, Mode::from_raw_mode(0o666))?);
        let mut put = || -> io::Result<()> {
            file.write_all(bytes)?;
            if let Some(mode) = mode {
                fchmod(&file, mode)?;
            }
            Ok(renameat(&parent, &fresh, &parent, &name)?)
        };
        put().inspect_err(|_| _ = unlinkat(&parent, &fresh, AtFlags::empty()))
    }

    /// The folder that a file is to be in, and the file's name.
    fn make_way(&self, path: &Path) -> io::Result<(OwnedFd, PathBuf)> {
        let outside = || io::Error::other("it lies outside of the folder");
        let mut names = Vec::new();
        for component in path.components() {
            match component {
                Component::Normal(name) => names.push(name),
                Component::CurDir => {}
                Component::ParentDir | Component::RootDir | Component::Prefix(_) => return Err(outside()),
            }
        }
        let Some(name) = names.pop() else { return Err(io::ErrorKind::IsADirectory.into()) };
        let mut folder = PathBuf::from(".");
        for part in names {
            let inside = self.reach(&folder, OFlags::RDONLY | OFlags::DIRECTORY)?;
            match mkdirat(&inside, part, Mode::from_raw_mode(0o777)) {
                Ok(()) | Err(rustix::io::Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
            folder.push(part);
        }
        Ok((self.reach(&folder, OFlags::RDONLY | OFlags::DIRECTORY)?, name.into()))
    }

    fn reach(&self, path: &Path, flags: OFlags) -> io::Result<OwnedFd> {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        // The kernel asks to try again when something is moved meanwhile.
        for _ in 0..32 {
            match openat2(self.folder.as_fd(), path, flags | OFlags::CLOEXEC, Mode::empty(), resolve) {
                Err(rustix::io::Errno::AGAIN) => {}
                Err(rustix::io::Errno::XDEV) => {
                    return Err(io::Error::other("it lies outside of the folder"));
                }
                done => return Ok(done?),
            }
        }
        Err(io::ErrorKind::WouldBlock.into())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Read;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn world() -> (tempfile::TempDir, Beneath) {
        let base = tempfile::tempdir().unwrap();
        let folder = base.path().join("project");
        fs::create_dir_all(folder.join("src")).unwrap();
        fs::write(folder.join("src/main.rs"), "fn main() {}").unwrap();
        fs::write(base.path().join("secret"), "key").unwrap();
        symlink("../secret", folder.join("out")).unwrap();
        symlink("/etc/passwd", folder.join("passwd")).unwrap();
        symlink("src", folder.join("in")).unwrap();
        symlink("..", folder.join("up")).unwrap();
        let beneath = Beneath::open(&folder).unwrap();
        (base, beneath)
    }

    fn text(beneath: &Beneath, path: &str) -> io::Result<String> {
        let mut text = String::new();
        beneath.file(Path::new(path))?.read_to_string(&mut text)?;
        Ok(text)
    }

    #[test]
    fn nothing_outside_is_read_whatever_the_path() {
        let (_base, beneath) = world();
        for inside in ["src/main.rs", "./src/../src/main.rs", "in/main.rs"] {
            assert_eq!(text(&beneath, inside).unwrap(), "fn main() {}", "{inside}");
        }
        for outside in
            ["../secret", "out", "passwd", "/etc/passwd", "src/../../secret", "up/secret", "/proc/self/exe"]
        {
            assert!(text(&beneath, outside).is_err(), "{outside}");
        }
        for inside in ["src", "src/new.rs", "in/new.rs", "new/er", "."] {
            assert!(beneath.holds(Path::new(inside)), "{inside}");
        }
        for outside in ["out", "passwd", "up/new", "up", "/etc", "../x"] {
            assert!(!beneath.holds(Path::new(outside)), "{outside}");
        }
        assert!(beneath.list(Path::new("up"), 10).is_err());
        assert!(beneath.file(Path::new("src")).is_err());
    }

    #[test]
    fn nothing_outside_is_written_whatever_the_path() {
        let (base, beneath) = world();
        for outside in ["../new", "out", "passwd", "/tmp/errand-new", "up/new", "src/../../new", "up/deep/er"]
        {
            assert!(beneath.write(Path::new(outside), b"x").is_err(), "{outside}");
        }
        assert_eq!(fs::read_to_string(base.path().join("secret")).unwrap(), "key");
        let mut names: Vec<_> =
            fs::read_dir(base.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["project", "secret"]);
    }

    #[test]
    fn a_file_is_replaced_whole_and_keeps_its_rights() {
        let (base, beneath) = world();
        let script = base.path().join("project/run.sh");
        fs::write(&script, "old").unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        beneath.write(Path::new("run.sh"), b"new").unwrap();
        assert_eq!(fs::read_to_string(&script).unwrap(), "new");
        assert_eq!(fs::metadata(&script).unwrap().permissions().mode() & 0o777, 0o755);
        beneath.write(Path::new("a/b/c.txt"), b"deep").unwrap();
        assert_eq!(text(&beneath, "a/b/c.txt").unwrap(), "deep");
        assert!(beneath.write(Path::new("src"), b"x").is_err(), "a folder is no file");
        let (entries, more) = beneath.list(Path::new(""), 100).unwrap();
        let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!((names, more), (vec!["a", "in", "out", "passwd", "run.sh", "src", "up"], false));
        assert!(beneath.list(Path::new("."), 2).unwrap().1);
    }
}
