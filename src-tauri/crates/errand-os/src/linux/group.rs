//! One control group: a folder of the kernel's, whose files are read and written.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags, open};

use super::process::{now, timespec};

/// Deeper than a program nests groups; the walk must end.
const DEEPEST: usize = 16;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    path: PathBuf,
}

impl Group {
    pub fn at(path: impl Into<PathBuf>) -> Group {
        Group { path: path.into() }
    }

    /// One that is there already is as good.
    pub fn make(path: impl Into<PathBuf>) -> io::Result<Group> {
        let group = Group::at(path);
        match fs::create_dir(&group.path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(group),
            made => made.map(|()| group),
        }
    }

    /// In any other folder of that name nothing would happen.
    pub fn check(&self) -> io::Result<()> {
        fs::metadata(self.path.join("cgroup.procs")).map(drop)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// For starting something in it.
    pub fn open(&self) -> io::Result<OwnedFd> {
        Ok(open(&self.path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?)
    }

    /// The processes in it and in what was made below it.
    pub fn members(&self) -> Vec<u32> {
        let mut found = Vec::new();
        collect(&self.path, 0, &mut found);
        found
    }

    /// What was made in it.
    pub fn below(&self) -> Vec<Group> {
        below(&self.path).into_iter().map(Group::at).collect()
    }

    /// Whether a process is in it or below it that has not exited.
    pub fn is_populated(&self) -> bool {
        self.read("cgroup.events").is_ok_and(|text| field(&text, "populated").is_some_and(|count| count > 0))
    }

    /// Waits until nobody is in it. The kernel may say so a moment after the last exit was collected.
    pub fn empties_within(&self, limit: Duration) -> bool {
        if !self.is_populated() {
            return true;
        }
        let Ok(events) = fs::File::open(self.path.join("cgroup.events")) else { return true };
        let until = now() + limit;
        loop {
            // A change since the last read is what wakes us, so it is read first.
            let mut text = String::new();
            let read = io::Seek::rewind(&mut &events)
                .and_then(|()| io::Read::read_to_string(&mut &events, &mut text));
            if read.is_err() || field(&text, "populated") == Some(0) {
                return true;
            }
            let left = until.saturating_sub(now());
            if left.is_zero() {
                return false;
            }
            poll(&mut [PollFd::new(&events, PollFlags::PRI)], Some(&timespec(left))).ok();
        }
    }

    /// Kills all that is in it and below it at once, so that nothing can fork out of the way. False where the
    /// kernel does not know that.
    pub fn kill(&self) -> bool {
        self.write("cgroup.kill", "1").is_ok()
    }

    /// The processor time of all that was ever in it.
    pub fn cpu_used(&self) -> Option<Duration> {
        field(&self.read("cpu.stat").ok()?, "usage_usec").map(Duration::from_micros)
    }

    /// Without swap, or the limit would only make it slow; and if it is too much, all of it ends and no half of it
    /// goes on.
    pub fn limit_memory(&self, bytes: u64) -> io::Result<()> {
        self.write("memory.max", &bytes.to_string())?;
        for (file, value) in [("memory.swap.max", "0"), ("memory.oom.group", "1")] {
            match self.write(file, value) {
                // Without swap, or before Linux 4.19.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                written => written?,
            }
        }
        Ok(())
    }

    pub fn limit_processes(&self, count: u64) -> io::Result<()> {
        self.write("pids.max", &count.to_string())
    }

    /// What the kernel can count for the groups in it, if it is told to.
    pub fn controllers(&self) -> Vec<String> {
        self.words("cgroup.controllers")
    }

    /// What it does count for them.
    pub fn enabled(&self) -> Vec<String> {
        self.words("cgroup.subtree_control")
    }

    pub fn enable(&self, controller: &str) -> io::Result<()> {
        self.write("cgroup.subtree_control", &format!("+{controller}"))
    }

    /// Moves a process into it.
    pub fn take(&self, pid: u32) -> io::Result<()> {
        self.write("cgroup.procs", &pid.to_string())
    }

    /// Removes it with what was made below it. Refused while a process is in it.
    pub fn remove(&self) -> io::Result<()> {
        remove(&self.path, 0)
    }

    fn words(&self, file: &str) -> Vec<String> {
        self.read(file).unwrap_or_default().split_ascii_whitespace().map(str::to_owned).collect()
    }

    fn read(&self, file: &str) -> io::Result<String> {
        fs::read_to_string(self.path.join(file))
    }

    /// Never makes a file: where the kernel has none, there is nothing to say.
    fn write(&self, file: &str, text: &str) -> io::Result<()> {
        let mut file = fs::OpenOptions::new().write(true).truncate(true).open(self.path.join(file))?;
        io::Write::write_all(&mut file, text.as_bytes())
    }
}

/// In the form of the kernel: `name value`, one on a line.
fn field(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
}

/// What a program has made itself is rare, and a folder says by its links whether it holds others.
fn below(folder: &Path) -> Vec<PathBuf> {
    if fs::metadata(folder).is_ok_and(|meta| meta.nlink() == 2) {
        return Vec::new();
    }
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .collect()
}

fn collect(folder: &Path, depth: usize, found: &mut Vec<u32>) {
    let text = fs::read_to_string(folder.join("cgroup.procs")).unwrap_or_default();
    // 0 is a process of another process space, which we can neither name nor have started.
    found.extend(text.lines().filter_map(|line| line.parse::<u32>().ok()).filter(|pid| *pid != 0));
    if depth < DEEPEST {
        below(folder).iter().for_each(|folder| collect(folder, depth + 1, found));
    }
}

fn remove(folder: &Path, depth: usize) -> io::Result<()> {
    if depth < DEEPEST {
        below(folder).iter().for_each(|folder| drop(remove(folder, depth + 1)));
    }
    match fs::remove_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plain files where the kernel would have its own.
    fn stand_in(files: &[(&str, &str)]) -> (tempfile::TempDir, Group) {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let group = Group::at(folder.path());
        (folder, group)
    }

    #[test]
    fn limits_are_written_where_the_kernel_has_a_file_for_them() {
        let (folder, group) = stand_in(&[
            ("memory.max", "max\n"),
            ("memory.swap.max", "max\n"),
            ("memory.oom.group", "0\n"),
            ("pids.max", "max\n"),
        ]);
        group.limit_memory(512 << 20).unwrap();
        group.limit_processes(10).unwrap();
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(
            ["memory.max", "memory.swap.max", "memory.oom.group", "pids.max"].map(read),
            ["536870912", "0", "1", "10"]
        );
    }

    #[test]
    fn a_limit_that_nobody_would_hold_is_an_error() {
        let (folder, group) = stand_in(&[("memory.max", "max\n")]);
        group.limit_memory(1 << 30).unwrap();
        assert_eq!(group.limit_processes(10).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!(!folder.path().join("memory.swap.max").exists() && !folder.path().join("pids.max").exists());
    }

    #[test]
    fn what_the_kernel_says_is_read_by_its_names() {
        let (_folder, group) = stand_in(&[
            ("cgroup.events", "populated 1\nfrozen 0\n"),
            ("cpu.stat", "usage_usec_of_all 1\nusage_usec 2500000\nuser_usec 9\n"),
            ("cgroup.procs", "7\n0\n12\n"),
            ("cgroup.controllers", "cpu memory pids\n"),
        ]);
        assert!(group.is_populated());
        assert_eq!(group.cpu_used(), Some(Duration::from_millis(2_500)));
        assert_eq!(group.members(), [7, 12]);
        assert_eq!(group.controllers(), ["cpu", "memory", "pids"]);
        assert!(!group.kill(), "no file, no word of it");
        let gone = Group::at("/no/such/group");
        assert_eq!((gone.is_populated(), gone.members().len(), gone.cpu_used()), (false, 0, None));
        gone.remove().unwrap();
    }
}
