use std::fs::{DirBuilder, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use errand_base::{Code, Fault};

/// A socket's address holds 108 bytes, the last of them a zero.
const LONGEST_SOCKET_PATH: usize = 107;

/// The folder that holds everything of one Errand: `ERRAND_HOME`, or `errand` among the person's data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    root: PathBuf,
}

impl Home {
    pub fn find() -> Result<Home, Fault> {
        match set("ERRAND_HOME") {
            Some(root) => Home::at(root).map_err(|error| {
                Fault::new(Code::FolderMissing, format!("The current folder is gone: {error}."))
            }),
            None => Home::usual().ok_or_else(|| {
                Fault::new(Code::BadUsage, "There is no home folder to keep tasks in.")
                    .hint("Set HOME, or name a folder in ERRAND_HOME.")
            }),
        }
    }

    /// Where it is if nobody says otherwise.
    pub fn usual() -> Option<Home> {
        // The XDG standard tells us to ignore a relative path here.
        let data = set("XDG_DATA_HOME").filter(|path| path.is_absolute()).map(|path| path.join("errand"));
        let root = data.or_else(|| set("HOME").map(|path| path.join(".local/share/errand")))?;
        Home::at(root).ok()
    }

    /// Fails only for a relative path when the current folder no longer exists.
    pub fn at(root: impl AsRef<Path>) -> io::Result<Home> {
        Ok(Home { root: std::path::absolute(root)? })
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Databases and their backups.
    pub fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    pub fn config(&self) -> PathBuf {
        self.root.join("config")
    }

    /// Sockets and locks: what means nothing after a restart.
    pub fn run(&self) -> PathBuf {
        self.root.join("run")
    }

    /// The folders that tasks work in.
    pub fn work(&self) -> PathBuf {
        self.root.join("work")
    }

    /// Where the person's surfaces reach the engine. A root too deep for a socket's address gets a folder of
    /// its own elsewhere. That place depends on the user and the root alone, never on the environment:
    /// an engine and a terminal with different environments must still meet.
    pub fn socket(&self) -> io::Result<PathBuf> {
        let usual = self.run().join("person.sock");
        if usual.as_os_str().len() <= LONGEST_SOCKET_PATH {
            return Ok(usual);
        }
        Ok(self.short_folder()?.join("person.sock"))
    }

    /// The folder that a run of that name has for itself, with room for a socket called `sock`. Not made yet.
    pub fn run_folder(&self, run: &str) -> io::Result<PathBuf> {
        let usual = self.run().join(run);
        if usual.as_os_str().len() + "/sock".len() <= LONGEST_SOCKET_PATH {
            return Ok(usual);
        }
        Ok(self.short_folder()?.join(run))
    }

    fn short_folder(&self) -> io::Result<PathBuf> {
        let user = rustix::process::geteuid().as_raw();
        let session = PathBuf::from(format!("/run/user/{user}"));
        let folder = if private_folder(&session).is_ok() {
            session.join(format!("errand-{}", self.mark()))
        } else {
            PathBuf::from(format!("/tmp/errand-{user}-{}", self.mark()))
        };
        make_private(&folder)?;
        // Anyone may create names in /tmp. Behind a folder of somebody else could sit a false engine.
        private_folder(&folder)?;
        Ok(folder)
    }

    /// A short name of this home that stays the same however its path is spelled. Our processes carry it,
    /// so that two homes on one machine leave each other's processes alone.
    pub fn mark(&self) -> String {
        // FNV-1a. It tells folders apart and guards nothing; the standard hasher may change between versions.
        let path = canonical(&self.root);
        let hash =
            path.as_os_str().as_encoded_bytes().iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
            });
        format!("{hash:016x}")
    }

    /// Makes what is missing, readable by the person alone.
    pub fn create(&self) -> io::Result<()> {
        for folder in [self.root.clone(), self.data(), self.config(), self.run(), self.work()] {
            make_private(&folder)?;
            // The root may be a folder the person has made, with rights meant for other content.
            std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o700))?;
        }
        Ok(())
    }
}

fn make_private(folder: &Path) -> io::Result<()> {
    match DirBuilder::new().recursive(true).mode(0o700).create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        done => done,
    }
}

/// Says no unless `folder` is a real folder, ours, and closed to everybody else.
fn private_folder(folder: &Path) -> io::Result<()> {
    let found: Metadata = std::fs::symlink_metadata(folder)?;
    let ours = found.uid() == rustix::process::geteuid().as_raw();
    if found.is_dir() && ours && found.mode().trailing_zeros() >= 6 {
        return Ok(());
    }
    let what = format!("{} is not a folder that only you can use", folder.display());
    Err(io::Error::new(io::ErrorKind::PermissionDenied, what))
}

/// `path` without links, also while its last parts do not exist yet.
fn canonical(path: &Path) -> PathBuf {
    match (path.canonicalize(), path.parent(), path.file_name()) {
        (Ok(real), _, _) => real,
        (Err(_), Some(parent), Some(name)) => canonical(parent).join(name),
        (Err(_), _, _) => path.into(),
    }
}

fn set(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folders_are_closed_to_others_whatever_they_were_before() {
        let base = tempfile::tempdir().unwrap();
        let home = Home::at(base.path()).unwrap();
        std::fs::create_dir(home.data()).unwrap();
        std::fs::set_permissions(home.data(), PermissionsExt::from_mode(0o755)).unwrap();
        home.create().unwrap();
        home.create().unwrap();
        for folder in [home.root().into(), home.data(), home.config(), home.run(), home.work()] {
            assert_eq!(std::fs::metadata(folder).unwrap().mode() & 0o777, 0o700);
        }
    }

    #[test]
    fn the_mark_does_not_depend_on_the_spelling() {
        let base = tempfile::tempdir().unwrap();
        let link = base.path().join("link");
        std::os::unix::fs::symlink(base.path(), &link).unwrap();
        let mark = |path: PathBuf| Home::at(path).unwrap().mark();
        assert_eq!(mark(base.path().join("new")), mark(link.join("new")));
        assert_ne!(mark(base.path().join("new")), mark(base.path().join("newer")));
    }

    #[test]
    fn a_deep_root_gets_a_short_socket_in_a_private_folder() {
        let base = tempfile::tempdir().unwrap();
        let home = Home::at(base.path().join("deep/".repeat(30))).unwrap();
        let socket = home.socket().unwrap();
        assert!(socket.as_os_str().len() <= LONGEST_SOCKET_PATH, "{}", socket.display());
        assert_eq!(home.socket().unwrap(), socket);

        let folder = socket.parent().unwrap();
        std::fs::set_permissions(folder, PermissionsExt::from_mode(0o770)).unwrap();
        assert_eq!(home.socket().unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        std::fs::remove_dir(folder).unwrap();
        std::os::unix::fs::symlink(base.path(), folder).unwrap();
        assert_eq!(home.socket().unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        std::fs::remove_file(folder).unwrap();

        let shallow = Home::at(base.path()).unwrap();
        assert_eq!(shallow.socket().unwrap(), base.path().join("run/person.sock"));
    }
}
