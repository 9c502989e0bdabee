//! What limits hold, and which do not.

use errand_os::{Exit, Limits, ProcessEvent, Sandbox, probe};

use crate::Test;
use crate::lab::{outcome, with_lab};
use crate::world::{World, present};

pub const TESTS: &[Test] = &[
    ("memory_is_limited_for_each_process", memory_is_limited_for_each_process),
    ("processor_time_is_limited_for_each_process", processor_time_is_limited_for_each_process),
    ("processes_are_limited_where_it_is_said", processes_are_limited_where_it_is_said),
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
