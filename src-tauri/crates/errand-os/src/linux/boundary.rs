//! Who is behind a connection: the person, or a program that works for a run.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use errand_base::TaskId;

use super::process;
use crate::Peer;
use crate::spawner::{RUN_VARIABLE, SPAWNER_VARIABLE, TASK_VARIABLE};

/// Deeper than processes ever stand below one another; the walk must end whatever the table says meanwhile.
const DEEPEST: usize = 256;

/// What stands above the process decides: what a run has started stays below its supervisor, whatever it forks,
/// clears or copies, because supervisor, spawner and engine adopt what loses its parent. `desktop`: the one program
/// that an engine starts as its person's.
///
/// An error: the process is gone, so nothing can be said about it.
pub fn peer(pid: u32, mark: &str, desktop: Option<&Path>) -> io::Result<Peer> {
    let own = std::process::id();
    let mut at = process::read(pid)?;
    for _ in 0..DEEPEST {
        if at.pid == own {
            return Ok(Peer::Person);
        }
        let of_run = process::variable(at.pid, RUN_VARIABLE)
            .is_some_and(|value| value.strip_prefix(mark).is_some_and(|rest| rest.starts_with('-')));
        if of_run {
            let task = process::variable(at.pid, TASK_VARIABLE).and_then(|text| TaskId::try_from(text).ok());
            return Ok(Peer::Worker { task });
        }
        if process::variable(at.pid, SPAWNER_VARIABLE).as_deref() == Some(mark) {
            return Ok(Peer::Worker { task: None });
        }
        // A child of ours that is neither was adopted from a spawner that was killed.
        if at.parent == own && !desktop.is_some_and(|desktop| runs(at.pid, desktop)) {
            return Ok(Peer::Worker { task: None });
        }
        if at.parent <= 1 {
            return Ok(Peer::Person);
        }
        // Its parent may have ended meanwhile, and then it has another one.
        at = match process::read(at.parent) {
            Ok(parent) => parent,
            Err(_) => process::read(at.pid).and_then(|again| process::read(again.parent))?,
        };
    }
    Err(io::Error::other("the processes stand too deep"))
}

fn runs(pid: u32, program: &Path) -> bool {
    match (fs::metadata(format!("/proc/{pid}/exe")), fs::metadata(program)) {
        (Ok(theirs), Ok(known)) => (theirs.dev(), theirs.ino()) == (known.dev(), known.ino()),
        _ => false,
    }
}

/// Whether a process stands below the same supervisor as the one that a run was started with.
///
/// An error: one of them is gone, or no supervisor stands above it.
pub fn same_run(peer: u32, started: u32, mark: &str) -> io::Result<bool> {
    Ok(overseer(peer, mark)? == overseer(started, mark)?)
}

/// The supervisor above a process.
fn overseer(pid: u32, mark: &str) -> io::Result<u32> {
    let mut at = process::read(pid)?;
    for _ in 0..DEEPEST {
        if process::variable(at.pid, SPAWNER_VARIABLE).as_deref() == Some(mark) {
            return Ok(at.pid);
        }
        if at.parent <= 1 {
            break;
        }
        at = match process::read(at.parent) {
            Ok(parent) => parent,
            Err(_) => process::read(at.pid).and_then(|again| process::read(again.parent))?,
        };
    }
    Err(io::Error::other("no supervisor stands above it"))
}
