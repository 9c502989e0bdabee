//! Processes as `/proc` shows them.

use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};

use super::Home;

fn pid_of(pid: u32) -> Pid {
    i32::try_from(pid).ok().and_then(Pid::from_raw).unwrap()
}

/// SIGKILL; it may have ended by itself since it was looked up.
pub fn kill(pid: u32) {
    let _ = kill_process(pid_of(pid), Signal::KILL);
}

pub fn terminate(pid: u32) {
    kill_process(pid_of(pid), Signal::TERM).unwrap();
}

/// Zombies are dead.
pub fn is_alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

/// Every living process that was started for this home, with its name: engine, spawner, supervisors, programs,
/// terminals. They carry its mark or its folder in their environment.
pub fn of(home: &Home) -> Vec<(u32, String)> {
    find(&[home.mark().as_str(), &home.scratch().display().to_string()])
}

/// The programs alone: what carries the mark of a run.
pub fn programs_of(home: &Home) -> Vec<(u32, String)> {
    find(&[&format!("ERRAND_RUN={}-", home.mark())])
}

/// Spawner and supervisors.
pub fn spawners_of(home: &Home) -> Vec<(u32, String)> {
    find(&[&format!("ERRAND_SPAWNER={}", home.mark())])
}

fn find(needles: &[&str]) -> Vec<(u32, String)> {
    let own = std::process::id();
    let pids = std::fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        let environment = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
        let found = needles.iter().any(|needle| contains(&environment, needle.as_bytes()));
        (pid != own && found && is_alive(pid)).then(|| (pid, name(pid)))
    });
    pids.collect()
}

fn contains(text: &[u8], needle: &[u8]) -> bool {
    text.windows(needle.len()).any(|window| window == needle)
}

fn name(pid: u32) -> String {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&line).replace('\0', " ").trim_end().to_owned()
}

/// `VmRSS`, `VmHWM` and the like, in KiB.
pub fn memory(pid: u32, field: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// How many bytes a folder's files have that begin with `name`.
pub fn size_of(folder: &Path, name: &str) -> u64 {
    let files = std::fs::read_dir(folder).unwrap().flatten();
    let files = files.filter(|file| file.file_name().to_string_lossy().starts_with(name));
    files.filter_map(|file| Some(file.metadata().ok()?.len())).sum()
}
