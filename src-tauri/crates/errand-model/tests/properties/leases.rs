//! What holds for folders in every history.

use errand_model::{Candidate, Effect, Event, Held, Lease};
use proptest::prelude::*;

use crate::world::{World, plans};

/// The rule in its plainest form: whoever has no other obstacle and overlaps neither with a lease that is held nor
/// with one that somebody before it wants.
pub fn able<'a>(held: &[Held], queue: &'a [Candidate]) -> Vec<&'a Candidate> {
    let mut wanted: Vec<&Lease> = held.iter().map(|held| &held.lease).collect();
    let mut able = Vec::new();
    for candidate in queue.iter().filter(|candidate| candidate.holds.is_empty() && !candidate.ending) {
        let taken = |lease: &Lease| wanted.iter().any(|wanted| wanted.overlaps(lease));
        if !candidate.lease.as_ref().is_some_and(taken) {
            able.push(candidate);
        }
        wanted.extend(&candidate.lease);
    }
    able
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_two_leases_ever_overlap(plan in plans()) {
        for taken in World::play(&plan).history {
            for (n, one) in taken.leases.iter().enumerate() {
                let other = taken.leases[..n].iter().find(|other| other.lease.overlaps(&one.lease));
                prop_assert!(other.is_none(), "{one:?} and {other:?} after {:?}", taken.event);
            }
        }
    }

    #[test]
    fn a_lease_is_held_exactly_as_long_as_the_slot(plan in plans()) {
        let world = World::play(&plan);
        let mut before: Vec<Held> = Vec::new();
        for taken in &world.history {
            let Ok(step) = &taken.result else { continue };
            let of = |held: &[Held]| held.iter().find(|held| held.task == step.task.id).map(|held| held.run);
            let takes = matches!(taken.event, Some(Event::Admitted { .. }));
            let frees = step.effects.iter().any(|effect| matches!(effect, Effect::Free { .. }));
            let wanted = match step.task.policy.lease {
                None => None,
                Some(_) if takes => step.task.run.as_ref().map(|run| run.id),
                Some(_) if frees => None,
                Some(_) => of(&before),
            };
            prop_assert_eq!(of(&taken.leases), wanted, "after {:?}", taken.event);
            before.clone_from(&taken.leases);
        }
    }
}
