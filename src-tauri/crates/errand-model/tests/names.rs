//! Names are stable: the database, JSON and scripts hold them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use errand_model::{Choice, DeliveryKind, Hold, Holds, Reason, State};

fn in_json(value: impl serde::Serialize) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
}

#[test]
fn every_reason_reads_back_and_is_named_as_in_json() {
    let names: BTreeSet<&str> = Reason::ALL.iter().map(|reason| reason.name()).collect();
    assert_eq!(names.len(), Reason::ALL.len(), "two reasons share a name");
    for &reason in Reason::ALL {
        assert_eq!(Reason::from_name(reason.name()), Some(reason));
        assert_eq!(in_json(reason), reason.name());
    }
    for bad in ["", "Accepted", "accepted "] {
        assert_eq!(Reason::from_name(bad), None, "{bad:?}");
    }
}

#[test]
fn every_state_reads_back_and_is_named_as_in_json() {
    let names = State::ALL.map(State::name);
    assert_eq!(
        names,
        [
            "waiting",
            "queued",
            "running",
            "needs_you",
            "rate_limited",
            "sleeping",
            "completed",
            "failed",
            "timed_out",
            "cancelled",
            "unknown"
        ]
    );
    for state in State::ALL {
        assert_eq!(State::from_name(state.name()), Some(state));
        assert_eq!(in_json(state), state.name());
        assert_eq!(state.to_string(), state.name());
    }
    assert_eq!(State::from_name("Running"), None);
    let last = State::ALL.map(State::is_final);
    assert_eq!(last, [false, false, false, false, false, false, true, true, true, true, true]);
}

#[test]
fn choices_and_kinds_of_delivery_are_named_as_in_json() {
    use Choice::{Cancel, KeepWaiting, RunAnyway, StartAgain, Stop, WaitForRetry};
    for choice in [RunAnyway, WaitForRetry, Cancel, KeepWaiting, Stop, StartAgain] {
        assert_eq!(in_json(choice), choice.name());
    }
    for kind in DeliveryKind::ALL {
        assert_eq!(in_json(kind), kind.name());
        assert_eq!(DeliveryKind::from_name(kind.name()), Some(kind));
    }
}

#[test]
fn a_set_of_holds_keeps_exactly_what_was_put_in() {
    for bits in 0..128 {
        let holds = Holds::from_bits(bits);
        assert_eq!(holds.bits(), bits);
        assert_eq!(holds.is_empty(), bits == 0);
        assert_eq!(holds.iter().fold(Holds::default(), Holds::with), holds);
        for hold in Hold::ALL {
            assert!(holds.with(hold).contains(hold) && !holds.without(hold).contains(hold));
            let others = |holds: Holds| holds.iter().filter(|other| *other != hold).collect::<Vec<_>>();
            assert_eq!(others(holds.with(hold)), others(holds.without(hold)));
            let again = if holds.contains(hold) { holds.with(hold) } else { holds.without(hold) };
            assert_eq!(again, holds);
        }
    }
    assert_eq!(Holds::from_bits(0b1000_0000), Holds::default(), "no hold has this bit");
}

#[test]
fn the_bits_of_holds_are_what_the_database_has() {
    let bits = Hold::ALL.map(|hold| (in_json(hold), Holds::default().with(hold).bits()));
    let names = ["person", "all", "budget", "offline", "quota", "keychain", "agent_missing"];
    for (n, (name, bits)) in bits.into_iter().enumerate() {
        assert_eq!((name.as_str(), bits), (names[n], 1 << n));
    }
}
