//! The control groups of a spawner, one for each supervisor and one more for each isolated run.
//!
//! A supervisor stands in its group itself, so that what it starts is there from the first instruction at no cost:
//! a program that costs a millisecond has no room for a group of its own. An isolated one has. It is started
//! straight into its own, where everything can be counted and killed at once.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use crate::os::group::Group;
use crate::os::groups::{COUNTED, of_run, of_spawner};
use crate::os::process;
use crate::{Limits, Sandbox};

/// How long the kernel may take to notice that a group is empty whose last process was collected.
const NOTICING: Duration = Duration::from_millis(200);

/// All of one spawner.
pub struct Fold {
    group: Group,
    next: u64,
}

impl Fold {
    pub fn open(base: &Path, mark: &str) -> io::Result<Fold> {
        let own = std::process::id();
        let group = Group::make(base.join(of_spawner(mark, own, process::start_time(own)?)))?;
        let mut counted = group.controllers();
        counted.retain(|controller| COUNTED.contains(&controller.as_str()));
        let enabled = group.check().and_then(|()| counted.iter().try_for_each(|name| group.enable(name)));
        if let Err(error) = enabled {
            group.remove().ok();
            return Err(error);
        }
        Ok(Fold { group, next: 0 })
    }

    pub fn pen(&mut self) -> io::Result<Pen> {
        self.next += 1;
        Ok(Pen { own: Group::make(self.group.path().join(self.next.to_string()))? })
    }
}

impl Drop for Fold {
    fn drop(&mut self) {
        // What is left in it, the next engine finds.
        self.group.remove().ok();
    }
}

/// What one supervisor has.
#[derive(Clone, Debug)]
pub struct Pen {
    own: Group,
}

impl Pen {
    pub fn open(&self) -> io::Result<OwnedFd> {
        self.own.open()
    }

    /// All that stand beside the supervisor that asks.
    pub fn others(&self) -> Vec<u32> {
        let own = std::process::id();
        let mut members = self.own.members();
        members.retain(|pid| *pid != own);
        members
    }

    /// All in it, after the supervisor is gone.
    pub fn members(&self) -> Vec<u32> {
        [self.own.members(), self.apart().members()].concat()
    }

    /// Not for the supervisor itself, which would go with the others.
    pub fn kill(&self) {
        self.own.kill();
        self.apart().kill();
    }

    pub fn remove(&self) {
        for group in [self.apart(), self.own.clone()] {
            if group.path().exists() && group.empties_within(NOTICING) {
                group.remove().ok();
            }
        }
    }

    fn apart(&self) -> Group {
        of_run(&self.own)
    }

    /// What an isolated run gets for itself. An error is a half sentence.
    pub fn set_apart(&self, sandbox: &Sandbox) -> Result<Apart, String> {
        let failed = |what: &str, error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => {
                format!("{what} cannot hold for all its processes together here, as agreed")
            }
            _ => format!("{what} could not be set: {error}"),
        };
        let group = Group::make(self.apart().path()).map_err(|error| failed("its control group", error))?;
        let Limits { cpu, memory, processes, together } = sandbox.limits;
        let apart = Apart { group, cpu: cpu.filter(|_| together.cpu) };
        if let Some(bytes) = memory.filter(|_| together.memory) {
            apart.group.limit_memory(bytes).map_err(|error| failed("the limit of memory", error))?;
        }
        if let Some(count) = processes.filter(|_| together.processes) {
            let count = u64::from(count) + u64::from(sandbox.own_processes());
            apart.group.limit_processes(count).map_err(|error| failed("the limit of processes", error))?;
        }
        Ok(apart)
    }
}

/// The group of one isolated run. Removed with this.
pub struct Apart {
    group: Group,
    cpu: Option<Duration>,
}

impl Apart {
    pub fn open(&self) -> io::Result<OwnedFd> {
        self.group.open()
    }

    pub fn members(&self) -> Vec<u32> {
        self.group.members()
    }

    pub fn kill(&self) {
        self.group.kill();
    }

    /// Whether nothing of the run is left that the kernel knows of.
    pub fn is_empty(&self) -> bool {
        self.group.empties_within(NOTICING)
    }

    /// What its processes may still use together if they had so much more; None without such a limit.
    pub fn cpu_left(&self, more: Duration) -> Option<Duration> {
        let limit = self.cpu? + more;
        Some(limit.saturating_sub(self.group.cpu_used().unwrap_or_default()))
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        // What cannot go now goes with the supervisor.
        self.group.remove().ok();
    }
}
