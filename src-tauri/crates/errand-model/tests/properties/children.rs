//! What holds for tasks and their sub-tasks in every history.

use errand_model::{By, CallOff, DEEPEST, Event, MOST_SUBTASKS, Reason, State, Surface, Task};
use proptest::prelude::*;

use crate::world::{World, plans};

fn parent<'a>(world: &'a World, task: &Task) -> Option<&'a Task> {
    world.tasks.iter().find(|other| Some(&other.id) == task.parent.as_ref())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_outlives_the_task_that_asked_for_it(plan in plans()) {
        let world = World::play(&plan);
        for task in &world.tasks {
            let Some(parent) = parent(&world, task) else { continue };
            prop_assert!(task.state.is_final() || !parent.state.is_final(), "{task:?} below {parent:?}");
        }
    }

    #[test]
    fn what_a_task_knows_of_its_subtasks_is_so(plan in plans()) {
        let world = World::play(&plan);
        for task in &world.tasks {
            for known in &task.children {
                let child = world.tasks.iter().find(|other| other.id == known.task);
                let child = child.expect("it was written down with its parent");
                prop_assert_eq!(child.parent.as_ref(), Some(&task.id));
                let ended = child.state.is_final().then_some(child.state);
                // What has ended itself hears no more.
                prop_assert!(task.state.is_final() || known.ended == ended, "{known:?} is {}", child.state);
            }
        }
    }

    #[test]
    fn subtasks_are_few_not_deep_and_may_not_do_more_than_who_asked(plan in plans()) {
        let world = World::play(&plan);
        let mut ids: Vec<_> = world.tasks.iter().map(|task| &task.id).collect();
        ids.sort();
        ids.dedup();
        prop_assert_eq!(ids.len(), world.tasks.len());
        for task in world.all_tasks() {
            let of = |generation| task.children.iter().filter(|child| child.generation == generation).count();
            prop_assert!((1..=task.generation).all(|generation| of(generation) <= MOST_SUBTASKS));
            prop_assert!(task.depth <= DEEPEST && (task.depth < DEEPEST || task.children.is_empty()));
            prop_assert!(task.children.is_empty() || task.talk.worker, "nothing would wake a plain program");
            let Some(parent) = parent(&world, task) else { continue };
            prop_assert_eq!(task.depth, parent.depth + 1);
            let (own, given) = (&task.policy, &parent.policy);
            prop_assert_eq!((&own.lease, own.timeout, own.retries), (&given.lease, given.timeout, given.retries));
        }
    }

    #[test]
    fn nothing_is_done_before_its_subtasks_are(plan in plans()) {
        for (_, event, step) in World::play(&plan).changes() {
            let done = step.task.state == State::Completed;
            prop_assert!(!done || step.task.open_subtasks() == 0, "{event:?}: {:?}", step.task.children);
        }
    }

    #[test]
    fn who_sleeps_for_its_subtasks_is_woken_once_and_only_then(plan in plans()) {
        for (before, event, step) in World::play(&plan).changes() {
            let (slept, sleeps) = (before.talk.awaits, step.task.talk.awaits);
            prop_assert!(!sleeps || step.task.state == State::Sleeping && step.task.open_subtasks() > 0);
            let woken = step.task.reason == Reason::SubtasksEnded && before.reason != Reason::SubtasksEnded;
            if matches!(event, Event::ChildEnded { .. }) {
                prop_assert_eq!(woken, slept && !sleeps);
                prop_assert!(!woken || step.task.open_subtasks() == 0);
            }
        }
    }

    #[test]
    fn a_cancel_ends_the_whole_tree(plan in plans()) {
        let mut world = World::play(&plan);
        for n in 0..world.tasks.len() {
            world.happen(n, Event::Cancel { by: By::at(Surface::Terminal) });
            let root = world.tasks[n].id.clone();
            let below = |task: &Task| {
                std::iter::successors(Some(task), |task| parent(&world, task)).any(|above| above.id == root)
            };
            for task in world.tasks.iter().filter(|task| below(task)) {
                prop_assert!(task.state.is_final(), "{task:?} below {root}");
            }
        }
    }

    #[test]
    fn nobody_waits_for_ever(plan in plans()) {
        let mut world = World::play(&plan);
        // With every program that ends well, every answer given and every pause over, all work comes to an end.
        for _ in 0..400 {
            if world.tasks.iter().all(|task| task.state.is_final() && task.run.is_none()) {
                return Ok(());
            }
            world.go_on();
        }
        let left: Vec<&Task> = world.tasks.iter().filter(|task| !task.state.is_final()).collect();
        prop_assert!(false, "{left:#?}");
    }
}

#[test]
fn who_ends_is_said_to_have_ended_and_who_is_cancelled_cancelled() {
    for state in State::ALL {
        let cancelled = CallOff::after(state) == CallOff::ParentCancelled;
        assert_eq!(cancelled, state == State::Cancelled);
    }
}
