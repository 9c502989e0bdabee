//! The kernel's table of processes, as far as we ask it.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::sync::OnceLock;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use rustix::time::{ClockId, clock_gettime};

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub pid: u32,
    pub parent: u32,
    pub name: String,
    pub start_time: u64,
    /// Exited; only its exit status is left.
    pub dead: bool,
}

pub fn read(pid: u32) -> io::Result<Row> {
    // The kernel composes the whole line for each read, so one read has to do; no line is as long as this.
    let mut text = [0; 1024];
    let length = fs::File::open(format!("/proc/{pid}/stat"))?.read(&mut text)?;
    parse(pid, &String::from_utf8_lossy(&text[..length]))
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "an unknown form of /proc/PID/stat"))
}

/// The name stands in parentheses and may itself hold spaces and parentheses, so the fields count from its end.
fn parse(pid: u32, stat: &str) -> Option<Row> {
    let (front, rest) = stat.rsplit_once(')')?;
    let name = front.split_once('(')?.1.to_owned();
    let mut fields = rest.split_ascii_whitespace();
    let dead = matches!(fields.next()?, "Z" | "X");
    let parent = fields.next()?.parse().ok()?;
    let start_time = fields.nth(17)?.parse().ok()?;
    Some(Row { pid, parent, name, start_time, dead })
}

/// Every process there is. Not a snapshot: what starts or moves while we read may be missed, so those who must
/// miss nothing read again until they find nothing new. (`/proc/PID/task/TID/children` would be shorter, but it
/// skips siblings of a child that exits meanwhile, and some kernels lack it.)
pub fn table() -> Vec<Row> {
    let Ok(folder) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = folder.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid| read(pid).ok()).collect()
}

/// Everything below `roots`, without the roots themselves.
pub fn below(roots: impl IntoIterator<Item = u32>, table: &[Row]) -> HashSet<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for row in table {
        children.entry(row.parent).or_default().push(row.pid);
    }
    let mut found = HashSet::new();
    let mut open: Vec<u32> = roots.into_iter().collect();
    while let Some(pid) = open.pop() {
        for child in children.get(&pid).into_iter().flatten() {
            if found.insert(*child) {
                open.push(*child);
            }
        }
    }
    found
}

/// The value of a variable in the environment a process was started with. None also when it is not ours to read.
pub fn variable(pid: u32, name: &str) -> Option<String> {
    let block = fs::read(format!("/proc/{pid}/environ")).ok()?;
    let value = block
        .split(|byte| *byte == 0)
        .find_map(|entry| entry.strip_prefix(name.as_bytes())?.strip_prefix(b"="))?;
    String::from_utf8(value.to_vec()).ok()
}

pub fn start_time(pid: u32) -> io::Result<u64> {
    read(pid).map(|row| row.start_time)
}

pub fn boot_id() -> io::Result<String> {
    static BOOT: OnceLock<String> = OnceLock::new();
    if let Some(boot) = BOOT.get() {
        return Ok(boot.clone());
    }
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned();
    Ok(BOOT.get_or_init(|| boot).clone())
}

pub fn is_alive(pid: u32, start_time: u64) -> bool {
    read(pid).is_ok_and(|row| row.start_time == start_time && !row.dead)
}

/// A descriptor that becomes readable when the process exits.
pub fn watch(pid: u32) -> io::Result<OwnedFd> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidInput)?;
    Ok(pidfd_open(pid, PidfdFlags::empty())?)
}

/// Signals exactly this process: the descriptor is opened first, so that a pid given to somebody else between
/// our look at the table and now is noticed.
pub fn signal(pid: u32, start_time: u64, signal: Signal) -> io::Result<()> {
    let process = watch(pid)?;
    if !is_alive(pid, start_time) {
        return Err(io::ErrorKind::NotFound.into());
    }
    Ok(pidfd_send_signal(process, signal)?)
}

/// Returns when one of them has exited, or after `limit`.
pub fn wait_any(processes: &[OwnedFd], limit: Option<Duration>) {
    let mut fds: Vec<PollFd<'_>> = processes.iter().map(|fd| PollFd::new(fd, PollFlags::IN)).collect();
    // Whoever waits looks at the table again, so an interruption or a failure is only an early return.
    poll(&mut fds, limit.map(timespec).as_ref()).ok();
}

pub fn timespec(duration: Duration) -> Timespec {
    Timespec::try_from(duration).unwrap_or(Timespec { tv_sec: i64::MAX, tv_nsec: 0 })
}

/// Time since some fixed point; for deadlines inside one process.
pub fn now() -> Duration {
    clock_gettime(ClockId::Monotonic).try_into().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_full_of_traps_does_not_shift_the_fields() {
        let stat = format!(
            "7 (a) Z 1 (b)) S 42 {} 777 0",
            (5..22).map(|n| n.to_string()).collect::<Vec<_>>().join(" ")
        );
        let row = parse(7, &stat).unwrap();
        assert_eq!(row, Row { pid: 7, parent: 42, name: "a) Z 1 (b)".into(), start_time: 777, dead: false });
        assert_eq!(parse(7, "7 (short) S 1 2"), None);
    }

    #[test]
    fn the_tree_holds_all_generations_and_survives_a_loop() {
        let row = |pid, parent| Row { pid, parent, name: String::new(), start_time: 0, dead: false };
        let table = [row(2, 1), row(3, 2), row(4, 3), row(5, 1), row(6, 7), row(7, 6)];
        assert_eq!(below([2], &table), HashSet::from([3, 4]));
        assert_eq!(below([6], &table), HashSet::from([6, 7]));
    }

    #[test]
    fn we_find_ourselves() {
        let own = std::process::id();
        let table = table();
        let row = table.iter().find(|row| row.pid == own).unwrap();
        assert!(!row.dead);
        assert!(below([row.parent], &table).contains(&own));
        assert_eq!(variable(own, "PATH"), std::env::var("PATH").ok());
    }
}
