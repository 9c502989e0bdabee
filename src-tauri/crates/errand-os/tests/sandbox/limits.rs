//! What limits hold, and which do not.

use std::fs;
use std::time::Duration;

use errand_os::{Exit, Launch, Limits, ProcessEvent, Sandbox, StartFailure, Together, probe};

use crate::Test;
use crate::lab::{events, groups, groups_left, line, outcome, started, until, with_lab};
use crate::world::{World, present};

pub const TESTS: &[Test] = &[
    ("memory_is_limited_for_each_process", memory_is_limited_for_each_process),
    ("processor_time_is_limited_for_each_process", processor_time_is_limited_for_each_process),
    ("processes_are_limited_where_it_is_said", processes_are_limited_where_it_is_said),
    ("an_isolated_run_has_a_group_for_itself", an_isolated_run_has_a_group_for_itself),
    ("processor_time_is_limited_for_all_together", processor_time_is_limited_for_all_together),
    ("a_limit_that_nobody_holds_starts_nothing", a_limit_that_nobody_holds_starts_nothing),
];

const MIB: u64 = 1024 * 1024;

fn memory_is_limited_for_each_process() {
    with_lab(|lab| async {
        let world = World::new();
        for kind in present() {
            let limits = Limits { memory: Some(256 * MIB), ..Limits::default() };
            for (wanted, says) in [(64 * MIB, "fits\n"), (300 * MIB, "refused\n")] {
                let sandbox = Sandbox { limits, ..world.sandbox(kind) };
                let launch = world.tries(&["memory", &wanted.to_string()], Some(sandbox));
                assert_eq!(outcome(lab.spawn(launch)).await.stdout, says, "{kind:?} {wanted}");
            }
            // Each on its own: two of them together have more than one may.
            let sandbox = Sandbox { limits, ..world.sandbox(kind) };
            let tries = world.at("home/errand/work/1/tries");
            let one = format!("{} attempt memory {}", tries.display(), 200 * MIB);
            let launch = world.program(&["sh", "-c", &format!("{one} & {one}; wait")], Some(sandbox));
            assert_eq!(outcome(lab.spawn(launch)).await.stdout, "fits\nfits\n", "{kind:?}");
        }
        lab
    });
}

fn processor_time_is_limited_for_each_process() {
    with_lab(|lab| async {
        let world = World::new();
        for kind in present() {
            let limits = Limits { cpu: Some(std::time::Duration::from_secs(1)), ..Limits::default() };
            let sandbox = Sandbox { limits, ..world.sandbox(kind) };
            let events = outcome(lab.spawn(world.tries(&["spin"], Some(sandbox)))).await.events;
            let [_, ProcessEvent::Exited { exit: Exit::Signal(24), cpu, .. }] = events[..] else {
                panic!("{kind:?}: {events:?}")
            };
            assert!(!cpu.is_zero(), "{cpu:?}");
        }
        lab
    });
}

fn processes_are_limited_where_it_is_said() {
    with_lab(|lab| async {
        let world = World::new();
        for kind in present() {
            let sandbox = world.sandbox(kind);
            let limits = Limits { processes: Some(5), ..Limits::default() };
            // The shell and four more; it gives up with the first that it cannot have.
            let script = "for n in 1 2 3 4 5 6 7 8; do sleep 1000 & echo $n; done";
            let launch = world.program(&["sh", "-c", script], Some(Sandbox { limits, ..sandbox }));
            let launch = errand_os::Launch { grace: std::time::Duration::ZERO, ..launch };
            let started = outcome(lab.spawn(launch)).await.stdout.lines().count();
            match probe().limits_processes(kind) {
                true => assert_eq!(started, 4, "{kind:?}"),
                // Landlock: others of the same person count, too, so nothing is known of the number.
                false if probe().root => assert_eq!(started, 8, "{kind:?}: root is not counted"),
                false => {}
            }
        }
        lab
    });
}

fn an_isolated_run_has_a_group_for_itself() {
    if groups().is_none() {
        return;
    }
    with_lab(|lab| async {
        let world = World::new();
        for kind in present() {
            let sandbox = world.sandbox(kind);
            let mut process = lab.spawn(Launch {
                grace: Duration::from_millis(50),
                ..world.program(
                    &["sh", "-c", "trap '' TERM; (setsid env -i sleep 1000 &); echo ready; exec sleep 1000"],
                    Some(sandbox.clone()),
                )
            });
            line(&mut process).await;
            started(&mut process).await;
            let of_spawner = groups_left(&lab.mark).remove(0);
            let entries = fs::read_dir(&of_spawner).unwrap().flatten().map(|entry| entry.path());
            let of_runs: Vec<_> = entries.filter(|path| path.to_str().unwrap().ends_with("-run")).collect();
            let [group] = &of_runs[..] else { panic!("{kind:?}: {of_runs:?}") };
            let members = || fs::read_to_string(group.join("cgroup.procs")).unwrap().lines().count();
            // Two processes of the program. What comes before it is what a limit of their number leaves room for.
            let others = match kind {
                errand_os::Isolation::Bubblewrap { .. } => 2,
                errand_os::Isolation::Landlock { .. } => 0,
            };
            until(|| members() == 2 + others).await;
            process.end();
            let told = events(&mut process).await;
            assert!(told.last().is_some_and(ProcessEvent::is_last), "{kind:?}: {told:?}");
            until(|| !group.exists()).await;
        }
        lab
    });
}

fn processor_time_is_limited_for_all_together() {
    if groups().is_none() {
        return;
    }
    with_lab(|lab| async {
        let world = World::new();
        let tries = world.at("home/errand/work/1/tries");
        let spin = format!("{} attempt spin", tries.display());
        // Each on its own might use a second, and so eight of them.
        let script = format!("for n in 1 2 3 4 5 6 7 8; do {spin} & done; wait");
        for kind in present() {
            let together = Together { cpu: true, ..Together::default() };
            let limits = Limits { cpu: Some(Duration::from_secs(1)), together, ..Limits::default() };
            let sandbox = Sandbox { limits, ..world.sandbox(kind) };
            let told = outcome(lab.spawn(world.program(&["sh", "-c", &script], Some(sandbox)))).await.events;
            let [_, ProcessEvent::Exited { exit: Exit::Signal(24), .. }, ..] = told[..] else {
                panic!("{kind:?}: {told:?}")
            };
        }
        lab
    });
}

fn a_limit_that_nobody_holds_starts_nothing() {
    with_lab(|lab| async {
        let world = World::new();
        for kind in present() {
            // Of all that can be held to here, memory is not: who cannot count it has agreed to nothing.
            let counted = groups().is_some_and(|groups| groups.together().memory);
            let together = Together { memory: true, ..Together::default() };
            let limits = Limits { memory: Some(256 * MIB), together, ..Limits::default() };
            let sandbox = Sandbox { limits, ..world.sandbox(kind) };
            let told = outcome(lab.spawn(world.tries(&["memory", "1"], Some(sandbox)))).await.events;
            match &told[..] {
                [ProcessEvent::StartFailed { kind: StartFailure::Other(why) }] => {
                    assert!(!counted && why.contains("together"), "{kind:?}: {why}");
                }
                _ => assert!(counted, "{kind:?}: {told:?}"),
            }
        }
        lab
    });
}
