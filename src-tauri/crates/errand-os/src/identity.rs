use std::io;

use serde::{Deserialize, Serialize};

use crate::os::process;

/// Names one process for good. A pid alone is handed out again, also after a restart of the machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ProcessIdentity {
    pub pid: u32,
    /// Ticks from the start of the machine to the start of the process.
    pub start_time: u64,
    pub boot_id: String,
}

impl ProcessIdentity {
    pub fn read(pid: u32) -> io::Result<ProcessIdentity> {
        Ok(ProcessIdentity { pid, start_time: process::start_time(pid)?, boot_id: process::boot_id()? })
    }

    pub fn of_self() -> io::Result<ProcessIdentity> {
        ProcessIdentity::read(std::process::id())
    }

    /// False once it has exited, even while its exit status waits to be collected.
    pub fn is_alive(&self) -> bool {
        process::boot_id().is_ok_and(|boot| boot == self.boot_id)
            && process::is_alive(self.pid, self.start_time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn we_are_alive_and_nobody_with_another_past_is() {
        let own = ProcessIdentity::of_self().unwrap();
        assert!(own.is_alive());
        assert!(!ProcessIdentity { start_time: own.start_time + 1, ..own.clone() }.is_alive());
        assert!(!ProcessIdentity { boot_id: "another boot".into(), ..own }.is_alive());
    }

    #[test]
    fn a_zombie_is_dead() {
        let mut child =
            std::process::Command::new("/bin/cat").stdin(std::process::Stdio::piped()).spawn().unwrap();
        let identity = ProcessIdentity::read(child.id()).unwrap();
        assert!(identity.is_alive());
        let exit = process::watch(child.id()).unwrap();
        drop(child.stdin.take());
        process::wait_any(&[exit], None);
        assert!(!identity.is_alive());
        child.wait().unwrap();
        assert!(!identity.is_alive());
    }
}
