use std::time::Duration;

use errand_os::{Exit, Launch, ProcessEvent};

use crate::Test;
use crate::lab::{events, line, marked, outcome, sh, started, with_lab};

pub const TESTS: &[Test] = &[
    ("what_a_program_leaves_behind_is_ended", what_a_program_leaves_behind_is_ended),
    ("an_order_that_comes_before_the_start_counts", an_order_that_comes_before_the_start_counts),
    ("an_order_ends_a_program_that_listens", an_order_ends_a_program_that_listens),
    ("a_program_that_ignores_term_is_killed", a_program_that_ignores_term_is_killed),
    ("a_stopped_program_can_be_ended", a_stopped_program_can_be_ended),
    ("daemons_with_their_own_sessions_are_ended", daemons_with_their_own_sessions_are_ended),
    ("a_program_that_keeps_forking_is_ended", a_program_that_keeps_forking_is_ended),
    ("dropping_the_process_ends_it", dropping_the_process_ends_it),
    ("closing_the_spawner_waits_for_the_last_run", closing_the_spawner_waits_for_the_last_run),
];

fn short(script: &str) -> Launch {
    Launch { grace: Duration::from_millis(50), ..sh(script) }
}

fn what_a_program_leaves_behind_is_ended() {
    with_lab(|lab| async {
        let outcome = outcome(lab.sh("setsid sleep 1000 & sleep 1000 & exit 3")).await;
        assert!(matches!(
            outcome.events[1..],
            [ProcessEvent::Exited { exit: Exit::Code(3), gone: false, .. }, ProcessEvent::Gone]
        ));
        lab
    });
}

fn an_order_that_comes_before_the_start_counts() {
    with_lab(|lab| async {
        // The supervisor finds the order lying there, or it comes soon after; neither may be lost.
        for _ in 0..50 {
            let mut process = lab.sh("exec sleep 1000");
            process.end();
            let events = outcome(process).await.events;
            assert!(matches!(events[1], ProcessEvent::Exited { exit: Exit::Signal(15), .. }), "{events:?}");
        }
        lab
    });
}

fn an_order_ends_a_program_that_listens() {
    with_lab(|lab| async {
        let mut process = lab.sh("trap 'echo bye; exit 4' TERM; echo ready; while :; do sleep 0.01; done");
        assert_eq!(line(&mut process).await, "ready");
        process.end();
        process.end();
        let outcome = outcome(process).await;
        assert_eq!(outcome.stdout, "bye\n");
        assert!(
            matches!(outcome.events[1], ProcessEvent::Exited { exit: Exit::Code(4), .. }),
            "{:?}",
            outcome.events
        );
        lab
    });
}

fn a_program_that_ignores_term_is_killed() {
    with_lab(|lab| async {
        let mut process = lab.spawn(short("trap '' TERM HUP INT; echo ready; sleep 1000; sleep 1000"));
        line(&mut process).await;
        process.end();
        let events = outcome(process).await.events;
        assert!(matches!(events[1], ProcessEvent::Exited { exit: Exit::Signal(9), .. }), "{events:?}");
        lab
    });
}

fn a_stopped_program_can_be_ended() {
    with_lab(|lab| async {
        let mut process = lab.sh("echo ready; kill -STOP $$; sleep 1000");
        line(&mut process).await;
        process.end();
        let events = outcome(process).await.events;
        assert!(matches!(events[1], ProcessEvent::Exited { exit: Exit::Signal(15), .. }), "{events:?}");
        lab
    });
}

/// Forked twice, in a session of its own, deaf to TERM, and without our mark in its environment.
const DAEMON: &str = "(setsid env -i sh -c \"trap '' TERM HUP; echo ready; sleep 1000; sleep 1000\" &)";

fn daemons_with_their_own_sessions_are_ended() {
    with_lab(|lab| async {
        let mut process = lab.spawn(short(&format!("{DAEMON}; sleep 1000")));
        line(&mut process).await;
        started(&mut process).await;
        process.end();
        // The output ends only when the last process that holds it is gone.
        let events = outcome(process).await.events;
        assert!(
            matches!(events[..], [ProcessEvent::Exited { gone: false, .. }, ProcessEvent::Gone]),
            "{events:?}"
        );

        let events = outcome(lab.spawn(short(DAEMON))).await.events;
        assert!(
            matches!(events[1..], [ProcessEvent::Exited { gone: false, .. }, ProcessEvent::Gone]),
            "{events:?}"
        );
        lab
    });
}

fn a_program_that_keeps_forking_is_ended() {
    with_lab(|lab| async {
        let hop =
            "trap '' TERM; hop() { sleep 0.002; hop & exit; }; echo ready; hop & hop & hop & sleep 0.05";
        let mut process = lab.spawn(Launch { grace: Duration::ZERO, ..sh(hop) });
        line(&mut process).await;
        process.end();
        let events = events(&mut process).await;
        assert!(events.last().is_some_and(ProcessEvent::is_last), "{events:?}");
        lab
    });
}

fn dropping_the_process_ends_it() {
    with_lab(|lab| async {
        let mut process = lab.spawn(short("trap '' TERM; echo ready; setsid sleep 1000; sleep 1000"));
        line(&mut process).await;
        assert!(!marked(&lab.mark).is_empty());
        drop(process);
        lab.nothing_left().await;
        lab
    });
}

fn closing_the_spawner_waits_for_the_last_run() {
    with_lab(|lab| async {
        let other = crate::lab::Lab::open().await;
        let mut process = other.sh("echo ready; sleep 0.2; exit 5");
        line(&mut process).await;
        other.close().await;
        let events = outcome(process).await.events;
        assert!(
            matches!(events[1], ProcessEvent::Exited { exit: Exit::Code(5), gone: true, .. }),
            "{events:?}"
        );
        lab
    });
}
