use std::time::Duration;

use errand_os::{Exit, ProcessEvent, ProcessIdentity, become_subreaper, reap_adopted, sweep};

use crate::Test;
use crate::lab::{
    Lab, children, events, groups_left, kill, line, marked, outcome, parent_of, places, started, stop, until,
    with_lab,
};

pub const TESTS: &[Test] = &[
    ("a_killed_supervisor_leaves_nothing", a_killed_supervisor_leaves_nothing),
    ("runs_outlive_their_spawner", runs_outlive_their_spawner),
    ("a_sweep_ends_what_nobody_watches", a_sweep_ends_what_nobody_watches),
    ("a_sweep_of_nothing_is_quick", a_sweep_of_nothing_is_quick),
    ("a_lost_start_is_told", a_lost_start_is_told),
    ("waiting_supervisors_serve_leave_and_may_be_lost", waiting_supervisors_serve_leave_and_may_be_lost),
    ("adopted_workers_are_reaped_and_no_other_child", adopted_workers_are_reaped_and_no_other_child),
];

fn a_killed_supervisor_leaves_nothing() {
    with_lab(|lab| async {
        let mut process = lab.sh("trap '' TERM; echo ready; setsid env -i sleep 1000");
        line(&mut process).await;
        let main = started(&mut process).await;
        kill(parent_of(main).unwrap());
        assert_eq!(process.next().await, ProcessEvent::SupervisorDied);
        // Its output ends when the orphans, with or without our mark, are gone.
        outcome_of_lost(process).await;
        lab.nothing_left().await;
        assert!(matches!(outcome(lab.sh("exit 0")).await.events[1], ProcessEvent::Exited { gone: true, .. }));
        lab
    });
}

async fn outcome_of_lost(mut process: errand_os::Process) {
    use tokio::io::AsyncReadExt;
    let mut rest = String::new();
    process.stdout.take().unwrap().read_to_string(&mut rest).await.unwrap();
}

fn runs_outlive_their_spawner() {
    with_lab(|lab| async {
        let lost = Lab::open().await;
        let mut process = lost.sh("echo ready; sleep 1000");
        line(&mut process).await;
        kill(lost.spawner.pid());
        lost.spawner.died().await;
        assert!(lost.spawner.spawn(crate::lab::sh("exit 0")).is_err());
        started(&mut process).await;
        process.end();
        let events = events(&mut process).await;
        assert!(
            matches!(events[..], [ProcessEvent::Exited { exit: Exit::Signal(15), .. }, ..]),
            "{events:?}"
        );
        lost.clear().await;
        lab
    });
}

/// Kills spawner and supervisor, so that the worker belongs to nobody.
async fn abandon(lost: &Lab, process: &mut errand_os::Process) -> u32 {
    line(process).await;
    let main = started(process).await;
    let supervisor = parent_of(main).unwrap();
    kill(lost.spawner.pid());
    lost.spawner.died().await;
    kill(supervisor);
    assert_eq!(process.next().await, ProcessEvent::SupervisorDied);
    main
}

fn a_sweep_ends_what_nobody_watches() {
    with_lab(|lab| async {
        let lost = Lab::open().await;
        let mut other = lab.sh("echo ready; sleep 1000");
        line(&mut other).await;
        // As in the rows of a backup that was put into another home on the same machine.
        let recorded = ProcessIdentity::read(started(&mut other).await).unwrap();
        let mut process = lost.sh("trap '' TERM; echo ready; env -i sleep 1000; sleep 1000");
        let main = abandon(&lost, &mut process).await;
        let identity = ProcessIdentity::read(main).unwrap();

        let mark = lost.mark.clone();
        let swept = tokio::task::spawn_blocking(move || {
            sweep(&mark, &[recorded], &places(), Duration::from_millis(50))
        });
        let swept = swept.await.unwrap();
        assert_eq!(swept.left, 0);
        assert!(swept.ended.iter().any(|it| it.pid == main && it.run.is_some()), "{swept:?}");
        assert!(swept.ended.iter().any(|it| it.name == "sleep" && it.run.is_none()), "{swept:?}");
        assert!(!identity.is_alive());
        assert!(marked(&lost.mark).is_empty());
        assert!(!marked(&lab.mark).is_empty(), "another home's worker was touched");
        assert!(groups_left(&lost.mark).is_empty());
        other.end();
        events(&mut other).await;
        lab
    });
}

fn a_sweep_of_nothing_is_quick() {
    with_lab(|lab| async {
        // Its spawner is our child, and what we have started is spared.
        assert_eq!(
            sweep(&lab.mark, &[ProcessIdentity::of_self().unwrap()], &places(), Duration::from_secs(60)).left,
            0
        );
        lab
    });
}

fn a_lost_start_is_told() {
    with_lab(|lab| async {
        let lost = Lab::open().await;
        // Stopped, it leaves the start unread; killed, it takes it along.
        stop(lost.spawner.pid()).await;
        let mut process = lost.sh("exit 0");
        kill(lost.spawner.pid());
        assert_eq!(process.next().await, ProcessEvent::SupervisorDied);
        lost.spawner.died().await;
        lost.clear().await;
        lab
    });
}

fn waiting_supervisors_serve_leave_and_may_be_lost() {
    with_lab(|lab| async {
        let supervisor = |pid: u32| parent_of(pid).unwrap();
        let run = async || {
            let mut process = lab.sh("echo ready; sleep 1000");
            let supervisor = supervisor(started(&mut process).await);
            line(&mut process).await;
            process.end();
            assert!(matches!(
                events(&mut process).await[..],
                [ProcessEvent::Exited { exit: Exit::Signal(15), .. }, ..]
            ));
            supervisor
        };
        let first = run().await;
        // It says that it is free before it sleeps in wait for the next run.
        until(|| waits(first)).await;
        assert_eq!(run().await, first, "the same one serves again");
        until(|| waits(first)).await;
        kill(first);
        until(|| parent_of(first).is_none()).await;
        let second = run().await;
        assert_ne!(second, first);

        // One that is stopped while it waits has a run lying ready; when it is lost, another takes that.
        until(|| waits(second)).await;
        stop(second).await;
        let mut process = lab.sh("exit 6");
        kill(second);
        let [ProcessEvent::Started { .. }, ProcessEvent::Exited { exit: Exit::Code(6), .. }] =
            events(&mut process).await[..]
        else {
            panic!("the run was lost")
        };
        // In the end nobody waits any more.
        until(|| children(lab.spawner.pid()).is_empty()).await;
        run().await;
        lab
    });
}

fn waits(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status.contains("State:\tS") && children(pid).is_empty()
}

fn adopted_workers_are_reaped_and_no_other_child() {
    become_subreaper().unwrap();
    with_lab(|lab| async {
        let mut own = std::process::Command::new("/bin/true").spawn().unwrap();
        let lost = Lab::open().await;
        let mut watched = lost.sh("echo ready; sleep 1000");
        line(&mut watched).await;
        let mut process = lost.sh("trap '' TERM; echo ready; setsid sleep 1000; sleep 1000");
        let main = abandon(&lost, &mut process).await;
        until(|| parent_of(main) == Some(std::process::id())).await;

        let ended = reap_adopted(&lost.mark, &places());
        assert_eq!(ended.iter().map(|it| it.pid).collect::<Vec<_>>(), [main]);
        watched.end();
        started(&mut watched).await;
        assert!(matches!(events(&mut watched).await[..], [ProcessEvent::Exited { .. }, ..]));

        // Both supervisors are collected, and so are the workers; the child of `Command` still is its own.
        let mut left = vec![own.id(), lab.spawner.pid()];
        left.sort_unstable();
        until(|| {
            reap_adopted(&lost.mark, &places());
            let mut now = children(std::process::id());
            now.sort_unstable();
            now == left
        })
        .await;
        lost.clear().await;
        assert!(own.wait().unwrap().success());
        lab
    });
    rustix::process::set_child_subreaper(None).unwrap();
}
