//! Keeping a program to its folder.
//!
//! Two ways are known. **Bubblewrap** gives the program a file system, processes and, if asked, a network of its
//! own; what it is not given is not there. **Landlock** only forbids: the kernel refuses most of what lies outside,
//! and what it cannot refuse stays open. What each really keeps away is in [`matrix`], which the tests measure.
//!
//! Between the supervisor and the program stands the **gate**, this same binary started as `BINARY gate`. It sets
//! limits and Landlock where they belong, starts the program, and tells the supervisor how that went and how the
//! program ended. Under bubblewrap it is process 1 of the program's world.

pub mod matrix;
mod places;

#[cfg(target_os = "linux")]
mod bubblewrap;
#[cfg(target_os = "linux")]
mod gate;
#[cfg(target_os = "linux")]
mod landlock;
#[cfg(target_os = "linux")]
mod probe;
#[cfg(not(target_os = "linux"))]
#[path = "unsupported.rs"]
mod probe;
#[cfg(target_os = "linux")]
pub(crate) mod scratch;

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Groups, Together};

#[cfg(target_os = "linux")]
pub use gate::gate;
#[cfg(target_os = "linux")]
pub(crate) use gate::{Confined, Word, confine, why_not};
#[cfg(not(target_os = "linux"))]
pub use probe::gate;
pub use probe::{landlock_level, probe};

/// Where the gate lies inside of bubblewrap. It is the program `errand`, so the programs of a run find it there.
pub const GATE: &str = "/run/errand-gate";

/// What a program is to be kept from, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sandbox {
    pub isolation: Isolation,
    /// What it may do in the folder it is given.
    pub folder: Access,
    /// Where in that folder it starts. What stands there is looked up inside: a link leads no further than the rest.
    pub start_in: Option<PathBuf>,
    pub network: bool,
    pub limits: Limits,
    /// Folders that the program finds empty, such as the person's home. None is given as a whole.
    pub emptied: Vec<PathBuf>,
    /// Folders that are never given, nor is anything in them or a folder that holds them.
    pub hidden: Vec<PathBuf>,
    /// A folder that the program may write to, whatever else it may do.
    pub run_folder: Option<PathBuf>,
    /// A socket that the program may connect to.
    pub run_socket: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Isolation {
    /// `landlock`: the level that keeps abstract sockets closed in a network that is shared; 0 is none.
    Bubblewrap {
        landlock: u32,
    },
    Landlock {
        level: u32,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Access {
    None,
    Read,
    Write,
}

/// What is not named in `together` counts for each process on its own, except for `processes`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    pub cpu: Option<Duration>,
    /// In bytes: what is used together, or the address space of each.
    pub memory: Option<u64>,
    pub processes: Option<u32>,
    /// What the control group of the run holds all of its processes to.
    #[serde(default)]
    pub together: Together,
}

/// What works on this machine now. The errors are half sentences that say why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    pub bubblewrap: Result<(), String>,
    /// The level of the kernel, as far as we know what it means.
    pub landlock: Result<u32, String>,
    /// The kernel does not count the processes of root.
    pub root: bool,
    /// Whether runs are kept in control groups, and what those count.
    pub groups: Result<Groups, String>,
}

/// Below this level a program could empty files that it may not write.
pub const LOWEST_LANDLOCK: u32 = 3;
/// From here on Landlock refuses TCP.
pub const LANDLOCK_WITH_TCP: u32 = 4;
/// From here on it refuses abstract sockets and signals.
pub const LANDLOCK_WITH_SCOPES: u32 = 6;

impl Probe {
    /// The strongest that works here.
    pub fn best(&self) -> Option<Isolation> {
        let landlock = self.landlock.as_ref().copied().unwrap_or(0);
        match &self.bubblewrap {
            Ok(()) => Some(Isolation::Bubblewrap { landlock }),
            Err(_) if landlock >= LOWEST_LANDLOCK => Some(Isolation::Landlock { level: landlock }),
            Err(_) => None,
        }
    }

    /// Without control groups a number of processes is counted for a person, and root is not counted. Under
    /// bubblewrap the person is one that exists in there alone.
    pub fn limits_processes(&self, isolation: Isolation) -> bool {
        matches!(isolation, Isolation::Bubblewrap { .. }) && !self.root
    }

    /// What holds for all processes of a run together.
    pub fn together(&self) -> Together {
        self.groups.as_ref().map(Groups::together).unwrap_or_default()
    }
}

impl Sandbox {
    /// How many processes of ours stand in front of the program for as long as it runs.
    pub(crate) fn own_processes(&self) -> u32 {
        match self.isolation {
            // Bubblewrap itself and the gate.
            Isolation::Bubblewrap { .. } => 2,
            Isolation::Landlock { .. } => 0,
        }
    }
}

/// Variables that lead to what a program shall not reach, or into folders it does not have.
pub const NOT_INSIDE: &[&str] = &[
    "DBUS_SESSION_BUS_ADDRESS",
    "DBUS_SYSTEM_BUS_ADDRESS",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "WAYLAND_SOCKET",
    "XAUTHORITY",
    "ICEAUTHORITY",
    "SESSION_MANAGER",
    "SSH_AUTH_SOCK",
    "SSH_AGENT_PID",
    "GPG_AGENT_INFO",
    "GNOME_KEYRING_CONTROL",
    "PULSE_SERVER",
    "PIPEWIRE_REMOTE",
    "DOCKER_HOST",
    "XDG_RUNTIME_DIR",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_CACHE_HOME",
    "XDG_STATE_HOME",
    "TMPDIR",
];
