//! Landlock, through the crate that its authors keep. Every call demands the whole of what it asks for: a kernel
//! that knows less refuses, instead of leaving something open in silence.

use std::path::PathBuf;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetError, Scope, path_beneath_rules,
};
use serde::{Deserialize, Serialize};

use super::places::{SYSTEM, real};
use super::{Access, LANDLOCK_WITH_SCOPES, LANDLOCK_WITH_TCP, LOWEST_LANDLOCK, Sandbox};

/// What the program itself may use of the devices.
const DEVICES: &[&str] = &[
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
    "/dev/tty",
    "/dev/ptmx",
    "/dev/pts",
];

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Rules {
    level: u32,
    /// None: files are not its business.
    files: Option<Files>,
    no_tcp: bool,
    no_signals: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Files {
    read: Vec<PathBuf>,
    write: Vec<PathBuf>,
}

impl Rules {
    /// Closes abstract sockets and nothing else, inside of bubblewrap.
    pub fn for_a_shared_network(level: u32) -> Option<Rules> {
        (level >= LANDLOCK_WITH_SCOPES).then(|| Rules { level, ..Rules::default() })
    }

    pub fn for_all(sandbox: &Sandbox, level: u32, folder: PathBuf, scratch: PathBuf) -> Rules {
        let mut read: Vec<PathBuf> = SYSTEM.iter().map(PathBuf::from).collect();
        // Without /proc many programs fail. What it tells of others is in the table.
        read.extend(["/proc".into(), real("/etc/resolv.conf".as_ref())]);
        // The gate is the program `errand`, by which the programs of a run speak to us.
        read.extend(std::env::current_exe().ok());
        let mut write: Vec<PathBuf> = DEVICES.iter().map(PathBuf::from).collect();
        write.push(scratch);
        write.extend(sandbox.run_folder.clone());
        match sandbox.folder {
            Access::None => {}
            Access::Read => read.push(folder),
            Access::Write => write.push(folder),
        }
        Rules { level, files: Some(Files { read, write }), no_tcp: !sandbox.network, no_signals: true }
    }

    /// Binds this thread and everything it becomes or starts. There is no way back.
    pub fn enforce(&self) -> Result<(), RulesetError> {
        let level = abi(self.level);
        let mut rules = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
        if self.files.is_some() {
            rules = rules.handle_access(AccessFs::from_all(level))?;
        }
        if self.no_tcp && self.level >= LANDLOCK_WITH_TCP {
            rules = rules.handle_access(AccessNet::from_all(level))?;
        }
        if self.level >= LANDLOCK_WITH_SCOPES {
            rules = rules.scope(Scope::AbstractUnixSocket)?;
            if self.no_signals {
                rules = rules.scope(Scope::Signal)?;
            }
        }
        let mut made = rules.create()?;
        if let Some(files) = &self.files {
            made = made
                .add_rules(path_beneath_rules(&files.read, AccessFs::from_read(level)))?
                .add_rules(path_beneath_rules(&files.write, AccessFs::from_all(level)))?;
        }
        made.restrict_self().map(drop)
    }
}

/// The highest level that both this kernel and we know, found by asking for it.
pub fn level() -> Option<u32> {
    (LOWEST_LANDLOCK..=LANDLOCK_WITH_SCOPES).rev().find(|level| {
        let mut rules = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
        let asked = (|| {
            rules = std::mem::take(&mut rules).handle_access(AccessFs::from_all(abi(*level)))?;
            if *level >= LANDLOCK_WITH_SCOPES {
                rules = std::mem::take(&mut rules).scope(Scope::from_all(abi(*level)))?;
            }
            std::mem::take(&mut rules).create()
        })();
        asked.is_ok()
    })
}

fn abi(level: u32) -> ABI {
    ABI::from(i32::try_from(level.min(LANDLOCK_WITH_SCOPES)).unwrap_or(0))
}
