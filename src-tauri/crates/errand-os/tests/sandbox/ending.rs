//! Whatever an isolated program does, its end is certain.

use std::time::Duration;

use errand_os::{Exit, Launch, ProcessEvent, ProcessIdentity, sweep};
use tokio::io::AsyncReadExt;

use crate::Test;
use crate::lab::{
    Lab, groups_left, is_dead, kill, line, marked, name_of, outcome, parent_of, places, started, until,
    with_lab,
};
use crate::world::{World, present};

pub const TESTS: &[Test] = &[
    ("an_isolated_program_is_asked_before_it_is_killed", an_isolated_program_is_asked_before_it_is_killed),
    ("nothing_of_an_isolated_program_is_left", nothing_of_an_isolated_program_is_left),
    ("a_lost_supervisor_leaves_no_isolated_program", a_lost_supervisor_leaves_no_isolated_program),
    ("a_sweep_finds_isolated_programs", a_sweep_finds_isolated_programs),
    ("temporary_files_go_with_the_run", temporary_files_go_with_the_run),
];

fn short(launch: Launch) -> Launch {
    Launch { grace: Duration::from_millis(50), ..launch }
}

fn an_isolated_program_is_asked_before_it_is_killed() {
    with_lab(|lab| async {
        let world = World::new();
        for kind in present() {
            let polite = "trap 'echo bye; exit 4' TERM; echo ready; while :; do sleep 0.01; done";
            let mut process = lab.spawn(world.sh(polite, kind));
            assert_eq!(line(&mut process).await, "ready");
            // Before that its gate has not said that it runs, and it would be asked once more.
            started(&mut process).await;
            process.end();
            let told = outcome(process).await;
            assert_eq!(told.stdout, "bye\n", "{kind:?}");
            assert!(
                matches!(told.events[..], [ProcessEvent::Exited { exit: Exit::Code(4), .. }, ..]),
                "{kind:?}: {:?}",
                told.events
            );
            let deaf = "trap '' TERM HUP INT; echo ready; sleep 1000; sleep 1000";
            let mut process = lab.spawn(short(world.sh(deaf, kind)));
            line(&mut process).await;
            process.end();
            let events = outcome(process).await.events;
            assert!(
                matches!(events[..], [_, ProcessEvent::Exited { exit: Exit::Signal(9), .. }, ..]),
                "{kind:?}: {events:?}"
            );
        }
        lab
    });
}

fn nothing_of_an_isolated_program_is_left() {
    with_lab(|lab| async {
        let world = World::new();
        for kind in present() {
            let daemon = "(setsid env -i sh -c \"trap '' TERM HUP; echo ready; sleep 1000; sleep 1000\" &)";
            // What stays behind a program that has ended.
            let events = outcome(lab.spawn(short(world.sh(&format!("{daemon}; exit 3"), kind)))).await.events;
            assert!(
                matches!(
                    events[1..],
                    [ProcessEvent::Exited { exit: Exit::Code(3), gone: false, .. }, ProcessEvent::Gone]
                ),
                "{kind:?}: {events:?}"
            );
            // And what stays behind one that is ended. The output closes when the last process has gone.
            let mut process = lab.spawn(short(world.sh(&format!("{daemon}; sleep 1000"), kind)));
            line(&mut process).await;
            process.end();
            let events = outcome(process).await.events;
            assert!(events.last().is_some_and(ProcessEvent::is_last), "{kind:?}: {events:?}");

            let mut process = lab.spawn(short(world.sh(&format!("{daemon}; sleep 1000"), kind)));
            line(&mut process).await;
            drop(process);
            lab.nothing_left().await;
        }
        lab
    });
}

fn a_lost_supervisor_leaves_no_isolated_program() {
    with_lab(|lab| async {
        let world = World::new();
        for kind in present() {
            let mut process = lab.spawn(world.sh("trap '' TERM; echo ready; setsid env -i sleep 1000", kind));
            let main = started(&mut process).await;
            line(&mut process).await;
            kill(parent_of(main).unwrap());
            assert_eq!(process.next().await, ProcessEvent::SupervisorDied);
            let mut rest = String::new();
            process.stdout.take().unwrap().read_to_string(&mut rest).await.unwrap();
            lab.nothing_left().await;
            // Temporary files stay for the next engine to clear.
            let mark = lab.mark.clone();
            tokio::task::spawn_blocking(move || sweep(&mark, &[], &places(), Duration::ZERO)).await.unwrap();
            assert_eq!(scratches(&lab.mark), 0, "{kind:?}");
        }
        lab
    });
}

fn a_sweep_finds_isolated_programs() {
    with_lab(|lab| async {
        let world = World::new();
        for kind in present() {
            let lost = Lab::open().await;
            let mut process =
                lost.spawn(world.sh("trap '' TERM; echo ready; env -i sleep 1000; sleep 1000", kind));
            let main = started(&mut process).await;
            line(&mut process).await;
            let supervisor = parent_of(main).unwrap();
            kill(lost.spawner.pid());
            lost.spawner.died().await;
            kill(supervisor);
            assert_eq!(process.next().await, ProcessEvent::SupervisorDied);

            // Without the rows of the database: the marks alone have to do.
            let identity = ProcessIdentity::read(main).unwrap();
            let mark = lost.mark.clone();
            let swept =
                tokio::task::spawn_blocking(move || sweep(&mark, &[], &places(), Duration::from_millis(50)));
            let swept = swept.await.unwrap();
            assert_eq!(swept.left, 0, "{kind:?}");
            assert!(
                swept.ended.iter().any(|it| it.name == "sleep" && it.run.is_none()),
                "{kind:?}: {swept:?}"
            );
            assert!(swept.ended.iter().any(|it| it.name == "sh" && it.run.is_some()), "{kind:?}: {swept:?}");
            assert!(!identity.is_alive() && marked(&lost.mark).is_empty());
            assert_eq!(scratches(&lost.mark), 0, "{kind:?}: temporary files are left");
            assert!(groups_left(&lost.mark).is_empty());
        }
        lab
    });
}

fn scratches(mark: &str) -> usize {
    let names = std::fs::read_dir("/tmp").unwrap().flatten();
    names.filter(|entry| entry.file_name().to_string_lossy().contains(mark)).count()
}

fn temporary_files_go_with_the_run() {
    with_lab(|lab| async {
        let world = World::new();
        for kind in present() {
            let mut process = lab.spawn(world.sh("file=$(mktemp); echo $file; read line", kind));
            let main = started(&mut process).await;
            let file = line(&mut process).await;
            let outside = std::path::Path::new(&file).exists();
            process.end();
            outcome(process).await;
            // Under bubblewrap the file was never in the machine's own folder.
            assert!(!std::path::Path::new(&file).exists(), "{kind:?}: {file} (was there: {outside})");
            until(|| is_dead(main) || name_of(main).is_empty()).await;
        }
        lab
    });
}
