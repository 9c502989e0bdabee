//! Where an engine may make control groups, and what it has to do first so that they count.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access, getxattr};

use super::group::Group;
use super::{into, process};
use crate::groups::Together;
use crate::{Groups, Home};

/// Beside the groups of runs: the engine itself, as the kernel counts nothing in a group that has processes of its
/// own.
const ENGINE: &str = "errand-engine";
/// The folders in which engines of this home have made groups; what they have left is swept there.
const RECORD: &str = "control-groups";
const MEMORY: &str = "memory";
const PROCESSES: &str = "pids";
/// What the kernel shall count.
pub const COUNTED: [&str; 2] = [MEMORY, PROCESSES];
/// Moving goes on until nobody new has appeared. More than this is not waited for.
const ROUNDS: usize = 16;

pub fn prepare(home: &Home) -> Result<Groups, String> {
    let groups = settle(find()?, true);
    let mut all = places(home);
    if !all.contains(&groups.base) {
        all.push(groups.base.clone());
    }
    remember(home, &all).map_err(|error| format!("they cannot be written down: {}", words(error)))?;
    Ok(groups)
}

/// Nothing is changed and nobody is moved.
pub fn look() -> Result<Groups, String> {
    find().map(|base| settle(base, false))
}

pub fn places(home: &Home) -> Vec<PathBuf> {
    let text = fs::read_to_string(home.run().join(RECORD)).unwrap_or_default();
    text.lines().map(PathBuf::from).filter(|place| place.is_absolute()).collect()
}

pub fn forget(home: &Home, groups: Option<&Groups>) {
    let places: Vec<PathBuf> = groups.map(|groups| groups.base.clone()).into_iter().collect();
    // Not written means that the next engine looks in vain, no more.
    remember(home, &places).ok();
}

fn remember(home: &Home, places: &[PathBuf]) -> io::Result<()> {
    let lines: Vec<String> = places.iter().map(|place| format!("{}\n", place.display())).collect();
    fs::write(home.run().join(RECORD), lines.concat())
}

/// The folder of our own group, if we may make others in it.
fn find() -> Result<PathBuf, String> {
    if !into::is_known() {
        return Err("this kernel does not start programs in them".to_owned());
    }
    let said = |error: io::Error| format!("the system does not say which is ours: {error}");
    let mounts = fs::read_to_string("/proc/self/mountinfo").map_err(said)?;
    let own = fs::read_to_string("/proc/self/cgroup").map_err(said)?;
    let base = locate(&mounts, &own)?;
    // An engine that was started by one of ours, which has moved aside.
    let base = if base.ends_with(ENGINE) { base.parent().unwrap_or(&base).to_owned() } else { base };
    let procs = base.join("cgroup.procs");
    for needed in [&base, &procs] {
        access(needed, Access::WRITE_OK).map_err(|error| {
            format!("ours is not given to us ({}: {})", needed.display(), words(error.into()))
        })?;
    }
    Ok(base)
}

/// An error of the system without its number.
fn words(error: io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

/// From the texts of `/proc/self/mountinfo` and `/proc/self/cgroup`.
fn locate(mounts: &str, own: &str) -> Result<PathBuf, String> {
    let own =
        own.lines().find_map(|line| line.strip_prefix("0::")).ok_or("this kernel has only the old kind")?;
    let mut some = false;
    for line in mounts.lines() {
        let Some((place, rest)) = line.split_once(" - ") else { continue };
        if rest.split(' ').next() != Some("cgroup2") {
            continue;
        }
        some = true;
        let mut fields = place.split(' ').skip(3);
        let (Some(root), Some(mounted)) = (fields.next(), fields.next()) else { continue };
        if let Ok(rest) = Path::new(own).strip_prefix(unescaped(root))
            && !rest.components().any(|part| part.as_os_str() == "..")
        {
            let base = Path::new(&unescaped(mounted)).join(rest);
            // A path with a slash at its end is not the same text.
            return Ok(base.components().collect());
        }
    }
    Err(if some {
        "ours lies outside of what is mounted here"
    } else {
        "none of the second version is mounted"
    }
    .to_owned())
}

/// Blanks stand as `\040` there.
fn unescaped(text: &str) -> String {
    let mut parts = text.split('\\');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.get(..3).and_then(|code| u8::from_str_radix(code, 8).ok()) {
            Some(byte) => {
                plain.push(char::from(byte));
                plain.push_str(&part[3..]);
            }
            None => {
                plain.push('\\');
                plain.push_str(part);
            }
        }
    }
    plain
}

/// The group of a spawner, by its name.
pub fn of_spawner(mark: &str, pid: u32, start_time: u64) -> String {
    format!("{}{pid}-{start_time}", prefix(mark))
}

fn prefix(mark: &str) -> String {
    format!("errand-{mark}-")
}

/// All that spawners of this home have made in `places` and that is still there.
pub fn of_home(places: &[PathBuf], mark: &str) -> Vec<Group> {
    let prefix = prefix(mark);
    let entries = places.iter().filter_map(|place| fs::read_dir(place).ok()).flatten().flatten();
    let ours = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix));
    ours.map(|entry| Group::at(entry.path())).collect()
}

/// Whether the spawner that has made it is still there.
pub fn has_owner(group: &Group) -> bool {
    let name = group.path().file_name().unwrap_or_default().to_string_lossy();
    let mut parts = name.rsplit('-');
    let (start_time, pid) = (parts.next().map(str::parse), parts.next().map(str::parse));
    matches!((pid, start_time), (Some(Ok(pid)), Some(Ok(start_time))) if process::is_alive(pid, start_time))
}

/// What the group of a run is called beside the group of its supervisor.
const OF_RUN: &str = "-run";

pub fn of_run(supervisor: &Group) -> Group {
    let mut path = supervisor.path().as_os_str().to_owned();
    path.push(OF_RUN);
    Group::at(path)
}

/// The group of the supervisor that watches this one, which may be its own.
pub fn of_supervisor(group: &Group) -> PathBuf {
    let path = group.path();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(name.trim_end_matches(OF_RUN))
}

/// Says what is counted below `base`. `change`: and sees to it that it is.
fn settle(base: PathBuf, change: bool) -> Groups {
    let mut groups = Groups::below(base);
    let group = Group::at(&groups.base);
    let present = group.controllers();
    let wanted: Vec<&str> = COUNTED.into_iter().filter(|name| present.iter().any(|it| it == name)).collect();
    if wanted.is_empty() {
        groups.gap = Some("memory and processes are counted elsewhere on this machine".to_owned());
        return groups;
    }
    let counted = if wanted.iter().all(|name| group.enabled().iter().any(|it| it == name)) {
        Ok(())
    } else {
        may_count(&group).and_then(|()| if change { count(&group, &wanted) } else { Ok(()) })
    };
    match counted {
        Err(why) => groups.gap = Some(why),
        Ok(()) => {
            groups.together = Together {
                cpu: true,
                memory: wanted.contains(&MEMORY),
                processes: wanted.contains(&PROCESSES),
            };
            let missing = [(MEMORY, "memory is"), (PROCESSES, "processes are")]
                .into_iter()
                .find(|(name, _)| !wanted.contains(name));
            groups.gap = missing.map(|(_, what)| format!("{what} counted elsewhere on this machine"));
        }
    }
    groups
}

/// What counts in a group belongs to whoever manages it, and nobody is moved who is not ours.
fn may_count(group: &Group) -> Result<(), String> {
    let delegated = ["user.delegate", "trusted.delegate"].iter().any(|name| {
        let mut value = [0; 8];
        getxattr(group.path(), *name, &mut value).is_ok_and(|length| &value[..length] == b"1")
    });
    // It takes back at its next reload what it has not given away.
    if Path::new("/run/systemd/system").exists() && !delegated {
        return Err("systemd has not given its group away (Delegate=yes in a unit does)".to_owned());
    }
    if strangers(group).is_empty() || is_root(group) {
        return Ok(());
    }
    Err("other programs run in its group".to_owned())
}

/// Only the group of all groups may count although it has processes.
fn is_root(group: &Group) -> bool {
    !group.path().join("cgroup.type").exists()
}

/// Who is in it, not below it, without being us or started by us.
fn strangers(group: &Group) -> Vec<u32> {
    let own = std::process::id();
    let table = process::table();
    let ours = process::below([own], &table);
    inside(group).into_iter().filter(|pid| *pid != own && !ours.contains(pid)).collect()
}

fn inside(group: &Group) -> Vec<u32> {
    let text = fs::read_to_string(group.path().join("cgroup.procs")).unwrap_or_default();
    text.lines().filter_map(|line| line.parse().ok()).collect()
}

/// Has the kernel count in the groups below, for which this process and its own move aside.
fn count(group: &Group, wanted: &[&str]) -> Result<(), String> {
    let failed = |error: io::Error| format!("its group cannot be made to count: {}", words(error));
    let enable = || wanted.iter().try_for_each(|name| group.enable(name));
    match enable() {
        Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {}
        enabled => return enabled.map_err(failed),
    }
    let aside = Group::make(group.path().join(ENGINE)).map_err(failed)?;
    for _ in 0..ROUNDS {
        let members = inside(group);
        if members.is_empty() {
            break;
        }
        // One that exits meanwhile is not missed.
        members.into_iter().for_each(|pid| drop(aside.take(pid)));
    }
    enable().map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
22 1 0:20 / /proc rw - proc proc rw
38 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw
39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
";

    #[test]
    fn our_group_is_found_below_where_it_is_mounted() {
        let own = "4:memory:/old\n0::/user.slice/app.scope\n";
        assert_eq!(locate(MOUNTS, own), Ok("/sys/fs/cgroup/unified/user.slice/app.scope".into()));
        assert_eq!(locate(MOUNTS, "0::/\n"), Ok("/sys/fs/cgroup/unified".into()));
        // As in a container that has a part of the hierarchy.
        let part = "5 1 0:9 /box\\040one /sys/fs/c\\040g ro - cgroup2 cgroup2 rw\n";
        assert_eq!(locate(part, "0::/box one/leaf\n"), Ok("/sys/fs/c g/leaf".into()));
        for (mounts, own, says) in [
            (part, "0::/elsewhere\n", "outside"),
            (MOUNTS, "0::/../other\n", "outside"),
            ("22 1 0:20 / /proc rw - proc proc rw\n", "0::/\n", "none of the second version"),
            (MOUNTS, "4:memory:/old\n", "only the old kind"),
        ] {
            assert!(locate(mounts, own).unwrap_err().contains(says), "{own}");
        }
    }

    #[test]
    fn nothing_is_counted_where_nothing_can_be() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("cgroup.controllers"), "hugetlb\n").unwrap();
        let groups = settle(folder.path().to_owned(), true);
        assert_eq!(groups.together(), Together { cpu: true, ..Together::default() });
        assert!(groups.gap().unwrap().contains("elsewhere"));
    }

    #[test]
    fn what_is_counted_already_is_taken_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in
            [("cgroup.controllers", "cpu memory pids\n"), ("cgroup.subtree_control", "memory pids\n")]
        {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let groups = settle(folder.path().to_owned(), false);
        assert_eq!(groups.together(), Together { cpu: true, memory: true, processes: true });
        assert_eq!(groups.gap(), None);
        fs::write(folder.path().join("cgroup.controllers"), "pids\n").unwrap();
        let groups = settle(folder.path().to_owned(), false);
        assert_eq!(groups.together(), Together { cpu: true, memory: false, processes: true });
        assert!(groups.gap().unwrap().starts_with("memory is"));
    }

    #[test]
    fn the_folders_of_earlier_engines_are_remembered_until_they_were_swept() {
        let base = tempfile::tempdir().unwrap();
        let home = Home::at(base.path()).unwrap();
        home.create().unwrap();
        remember(&home, &["/now".into(), "/before".into()]).unwrap();
        assert_eq!(places(&home), [PathBuf::from("/now"), "/before".into()]);
        forget(&home, Some(&Groups::below("/now")));
        assert_eq!(places(&home), [PathBuf::from("/now")]);
    }

    /// With whatever controller this hierarchy has to itself; what it counts does not matter.
    #[test]
    fn who_stands_in_the_way_of_counting_moves_aside() {
        let Ok(base) = find() else { return eprintln!("left out: {}", find().unwrap_err()) };
        let root = Group::at(&base);
        let given = root.enabled();
        let Some(controller) = given.first().cloned().or_else(|| root.controllers().first().cloned()) else {
            return eprintln!("left out: nothing can be counted in {}", base.display());
        };
        if given.is_empty() && (!is_root(&root) || root.enable(&controller).is_err()) {
            return eprintln!("left out: {} counts nothing below it", base.display());
        }
        let group = Group::make(base.join(format!("errand-test-{}", std::process::id()))).unwrap();
        let mut inside = std::process::Command::new("/bin/sleep").arg("1000").spawn().unwrap();
        group.take(inside.id()).unwrap();
        assert_eq!(strangers(&group), [0; 0], "what we have started is none");

        count(&group, &[&controller]).unwrap();
        assert_eq!(group.enabled(), [controller.as_str()]);
        let aside = Group::at(group.path().join(ENGINE));
        assert_eq!(aside.members(), [inside.id()]);
        // Again, as after a restart of the engine: nobody is in the way any more.
        count(&group, &[&controller]).unwrap();
        let of_run = Group::make(group.path().join("run")).unwrap();
        assert!(of_run.controllers().contains(&controller));

        assert!(group.remove().is_err(), "somebody is in it");
        group.kill();
        inside.wait().unwrap();
        assert!(group.empties_within(std::time::Duration::from_secs(20)));
        group.remove().unwrap();
        if given.is_empty() {
            fs::write(base.join("cgroup.subtree_control"), format!("-{controller}")).ok();
        }
    }
}
