use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use errand_base::{Clock, Timestamp};
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use crate::{Home, ProcessIdentity};

/// One engine for each home. The kernel releases it when its process dies, however it dies.
#[derive(Debug)]
pub struct EngineLock(#[expect(dead_code, reason = "held, not read")] FileLock);

impl EngineLock {
    pub fn take(home: &Home, role: &str, clock: &dyn Clock) -> Result<EngineLock, LockError> {
        FileLock::take(&engine_file(home), role, clock).map(EngineLock)
    }

    pub fn holder(home: &Home) -> Option<Holder> {
        FileLock::holder(&engine_file(home))
    }
}

fn engine_file(home: &Home) -> PathBuf {
    home.run().join("engine.lock")
}

/// Who holds a lock: the content of its file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    #[serde(flatten)]
    pub process: ProcessIdentity,
    pub started: Timestamp,
    pub role: String,
}

#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// The pid is unknown in the moment between taking the lock and writing it down.
    #[error("another process holds it{}", .pid.map(|pid| format!(" ({role}, process {pid})")).unwrap_or_default())]
    Held { pid: Option<u32>, role: String },
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A lock on a file that says who holds it. The file stays when the lock goes: removing it would let two
/// processes lock two different files of the same name.
#[derive(Debug)]
pub struct FileLock {
    file: File,
}

impl FileLock {
    pub fn take(path: &Path, role: &str, clock: &dyn Clock) -> Result<FileLock, LockError> {
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let holder = read(path);
                let role = holder.as_ref().map(|holder| holder.role.clone()).unwrap_or_default();
                return Err(LockError::Held { pid: holder.map(|holder| holder.process.pid), role });
            }
            Err(error) => return Err(LockError::Io(error.into())),
        }
        let holder = Holder { process: ProcessIdentity::of_self()?, started: clock.now(), role: role.into() };
        let text = serde_json::to_string(&holder).map_err(io::Error::from)?;
        file.set_len(0)?;
        file.write_all(text.as_bytes())?;
        Ok(FileLock { file })
    }

    /// Does not touch the lock: even a short look through `flock` could make somebody else's `take` fail.
    pub fn holder(path: &Path) -> Option<Holder> {
        read(path).filter(|holder| holder.process.is_alive())
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        // While still locked, so that nobody else's entry is wiped. If it fails, the pid is dead soon anyway.
        self.file.set_len(0).ok();
    }
}

fn read(path: &Path) -> Option<Holder> {
    serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use errand_base::FakeClock;

    use super::*;

    #[test]
    fn one_holds_it_and_the_other_learns_who() {
        let base = tempfile::tempdir().unwrap();
        let home = Home::at(base.path()).unwrap();
        home.create().unwrap();
        let clock = FakeClock::at(Timestamp::from_millis(1_795_000_000_000));
        assert_eq!(EngineLock::holder(&home), None);

        let held = EngineLock::take(&home, "desktop", &clock).unwrap();
        let holder = EngineLock::holder(&home).unwrap();
        assert_eq!((holder.process.pid, holder.role.as_str()), (std::process::id(), "desktop"));
        assert_eq!(holder.started, clock.now());
        match EngineLock::take(&home, "headless", &clock) {
            Err(LockError::Held { pid, role }) => {
                assert_eq!((pid, role.as_str()), (Some(std::process::id()), "desktop"))
            }
            other => panic!("{other:?}"),
        }

        drop(held);
        assert_eq!(EngineLock::holder(&home), None);
        EngineLock::take(&home, "headless", &clock).unwrap();
    }

    #[test]
    fn a_file_left_by_a_killed_engine_names_nobody() {
        let base = tempfile::tempdir().unwrap();
        let path = base.path().join("engine.lock");
        let dead = Holder {
            process: ProcessIdentity { start_time: 1, ..ProcessIdentity::of_self().unwrap() },
            started: Timestamp::from_millis(0),
            role: "headless".into(),
        };
        std::fs::write(&path, serde_json::to_string(&dead).unwrap()).unwrap();
        assert_eq!(FileLock::holder(&path), None);
        FileLock::take(&path, "headless", &FakeClock::at(Timestamp::default())).unwrap();
    }
}
