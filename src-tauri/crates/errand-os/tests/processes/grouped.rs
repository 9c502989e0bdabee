//! What control groups add. Without them these tests say so and do nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use errand_os::{Exit, Launch, ProcessEvent, ProcessIdentity, reap_adopted, sweep};

use crate::Test;
use crate::lab::{
    Lab, events, groups, groups_left, is_dead, kill, line, outcome, parent_of, places, sh, started, until,
    with_lab,
};

pub const TESTS: &[Test] = &[
    ("a_run_stands_in_the_group_of_its_supervisor", a_run_stands_in_the_group_of_its_supervisor),
    ("whoever_stands_in_the_group_goes_with_the_run", whoever_stands_in_the_group_goes_with_the_run),
    ("a_group_made_by_a_program_goes_with_it", a_group_made_by_a_program_goes_with_it),
    ("whoever_stands_with_a_lost_supervisor_goes", whoever_stands_with_a_lost_supervisor_goes),
    ("a_sweep_finds_what_nothing_else_names", a_sweep_finds_what_nothing_else_names),
    ("what_nobody_watches_goes_with_its_group", what_nobody_watches_goes_with_its_group),
    (
        "a_folder_that_is_no_hierarchy_starts_programs_as_ever",
        a_folder_that_is_no_hierarchy_starts_programs_as_ever,
    ),
];

/// The folder of the group that a process stands in.
fn group_of(pid: u32) -> PathBuf {
    let text = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap();
    let own = fs::read_to_string("/proc/self/cgroup").unwrap();
    let path = |text: &str| text.lines().find_map(|line| line.strip_prefix("0::")).unwrap().to_owned();
    let below = Path::new(&path(&text)).strip_prefix(path(&own)).unwrap().to_owned();
    groups().unwrap().base().join(below)
}

fn members(group: &Path) -> Vec<u32> {
    let text = fs::read_to_string(group.join("cgroup.procs")).unwrap();
    text.lines().map(|line| line.parse().unwrap()).collect()
}

fn a_run_stands_in_the_group_of_its_supervisor() {
    if groups().is_none() {
        return;
    }
    with_lab(|lab| async {
        let mut process = lab.sh("(setsid env -i sh -c 'echo $$; sleep 1000' &); sleep 1000");
        let daemon: u32 = line(&mut process).await.parse().unwrap();
        let main = started(&mut process).await;
        let supervisor = parent_of(main).unwrap();
        let group = group_of(supervisor);
        assert_eq!(groups_left(&lab.mark), [group.parent().unwrap()]);
        assert_eq!((group_of(main), group_of(daemon)), (group.clone(), group.clone()));
        assert_ne!(group_of(lab.spawner.pid()), group);
        process.end();
        events(&mut process).await;
        assert_eq!(members(&group), [supervisor], "it waits there for the next run");

        // The spawner may not have heard yet that it waits, and then takes another.
        let other = loop {
            let mut other = lab.sh("exec sleep 1000");
            if group_of(started(&mut other).await) == group {
                break other;
            }
            other.end();
            events(&mut other).await;
        };
        let mut beside = lab.sh("exec sleep 1000");
        assert_ne!(group_of(started(&mut beside).await), group);
        for mut process in [other, beside] {
            process.end();
            events(&mut process).await;
        }
        lab
    });
}

/// A child of this process, which no supervisor has anything to do with.
fn stranger() -> std::process::Child {
    Command::new("/bin/sh").args(["-c", "trap '' TERM; exec sleep 1000"]).spawn().unwrap()
}

fn put(pid: u32, group: &Path) {
    fs::write(group.join("cgroup.procs"), pid.to_string()).unwrap();
}

fn whoever_stands_in_the_group_goes_with_the_run() {
    if groups().is_none() {
        return;
    }
    with_lab(|lab| async {
        let mut stranger = stranger();
        let mut process =
            lab.spawn(Launch { grace: Duration::from_millis(50), ..sh("echo ready; exec sleep 1000") });
        line(&mut process).await;
        let main = started(&mut process).await;
        put(stranger.id(), &group_of(main));
        kill(main);
        let told = events(&mut process).await;
        assert!(
            matches!(
                told[..],
                [ProcessEvent::Exited { exit: Exit::Signal(9), gone: false, .. }, ProcessEvent::Gone]
            ),
            "{told:?}"
        );
        assert!(is_dead(stranger.id()));
        stranger.wait().unwrap();
        lab
    });
}

fn a_group_made_by_a_program_goes_with_it() {
    if groups().is_none() {
        return;
    }
    with_lab(|lab| async {
        let mut process = lab.sh("echo ready; exec sleep 1000");
        line(&mut process).await;
        let main = started(&mut process).await;
        let group = group_of(main);
        let own = group.join("of a program/deeper");
        fs::create_dir_all(&own).unwrap();
        put(main, &own);
        process.end();
        events(&mut process).await;
        assert_eq!(members(&own), [0; 0]);
        lab
    });
}

fn whoever_stands_with_a_lost_supervisor_goes() {
    if groups().is_none() {
        return;
    }
    with_lab(|lab| async {
        let mut stranger = stranger();
        let mut process = lab.sh("trap '' TERM; echo ready; sleep 1000");
        line(&mut process).await;
        let main = started(&mut process).await;
        let group = group_of(main);
        put(stranger.id(), &group);
        kill(parent_of(main).unwrap());
        assert_eq!(process.next().await, ProcessEvent::SupervisorDied);
        until(|| is_dead(stranger.id()) && is_dead(main)).await;
        until(|| !group.exists()).await;
        stranger.wait().unwrap();
        lab
    });
}

/// Loses a run with its supervisor and its spawner. What stays is a process without our mark whose parent was no
/// process of ours.
async fn lose(lost: &Lab) -> ProcessIdentity {
    let mut process =
        lost.sh("(setsid env -i sh -c \"trap '' TERM; echo \\$\\$; sleep 1000; :\" &); exec sleep 1000");
    let daemon: u32 = line(&mut process).await.parse().unwrap();
    let main = started(&mut process).await;
    let supervisor = parent_of(main).unwrap();
    kill(lost.spawner.pid());
    lost.spawner.died().await;
    kill(supervisor);
    assert_eq!(process.next().await, ProcessEvent::SupervisorDied);
    kill(main);
    until(|| is_dead(main)).await;
    ProcessIdentity::read(daemon).unwrap()
}

fn a_sweep_finds_what_nothing_else_names() {
    if groups().is_none() {
        return;
    }
    with_lab(|lab| async {
        let lost = Lab::open().await;
        let daemon = lose(&lost).await;
        let (mark, places) = (lost.mark.clone(), places());
        let sweep = move || {
            let blind = sweep(&mark, &[], &[], Duration::ZERO);
            (
                blind,
                daemon.is_alive(),
                sweep(&mark, &[], &places, Duration::from_millis(50)),
                daemon.is_alive(),
            )
        };
        let (blind, alive, swept, still_alive) = tokio::task::spawn_blocking(sweep).await.unwrap();
        assert_eq!((blind.ended.len(), alive), (0, true), "only the group knows of it");
        assert_eq!((swept.left, still_alive), (0, false));
        assert!(swept.ended.iter().any(|it| it.name == "sh" && it.run.is_none()), "{swept:?}");
        assert!(groups_left(&lost.mark).is_empty());
        lab
    });
}

fn what_nobody_watches_goes_with_its_group() {
    if groups().is_none() {
        return;
    }
    with_lab(|lab| async {
        let lost = Lab::open().await;
        let daemon = lose(&lost).await;
        let mut watched = lab.sh("echo ready; sleep 1000");
        line(&mut watched).await;
        let identity = ProcessIdentity::read(started(&mut watched).await).unwrap();
        assert!(reap_adopted(&lost.mark, &places()).is_empty(), "none of them has our mark");
        assert!(!daemon.is_alive() && identity.is_alive());
        assert!(groups_left(&lost.mark).is_empty());
        watched.end();
        events(&mut watched).await;
        lab
    });
}

fn a_folder_that_is_no_hierarchy_starts_programs_as_ever() {
    with_lab(|lab| async {
        let folder = tempfile::tempdir().unwrap();
        for place in [folder.path().to_owned(), folder.path().join("missing")] {
            let other = Lab::open_in(Some(&errand_os::Groups::below(place))).await;
            let told = outcome(other.sh("echo here; exit 3")).await;
            assert_eq!(told.stdout, "here\n");
            assert!(matches!(told.events[1], ProcessEvent::Exited { exit: Exit::Code(3), gone: true, .. }));
            other.close().await;
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        lab
    });
}
