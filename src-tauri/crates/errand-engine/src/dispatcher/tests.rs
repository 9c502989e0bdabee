//! The dispatcher alone: inputs in, actions out, and time as an argument.

use std::sync::Arc;
use std::time::Duration;

use errand_base::{Code, Fault, TaskId, Timestamp};
use errand_model::{By, Event, Moment, Policy, State, Step, Surface, accept};
use tokio::sync::oneshot;

use super::Dispatcher;
use crate::commit::Written;
use crate::input::{Action, Input, Leave, LiveTask};
use crate::settings;

const HOUR: Duration = Duration::from_secs(3_600);

fn awake_for(start: Moment, by: Duration) -> Moment {
    Moment { wall: start.wall.plus(by), awake: start.awake + by, elapsed: start.elapsed + by }
}

fn committed(actions: Vec<Action>) -> Option<Arc<Step>> {
    actions.into_iter().find_map(|action| match action {
        Action::Commit { step, .. } => Some(Arc::from(step)),
        _ => None,
    })
}

fn one_that_waits() -> (Dispatcher, TaskId, Moment) {
    let start = Moment {
        wall: Timestamp::from_millis(1_795_000_000_000),
        awake: Duration::ZERO,
        elapsed: Duration::ZERO,
    };
    let id = TaskId::try_from("calm-owl-100".to_owned()).unwrap();
    let policy = Policy { timeout: Some(HOUR), ..Policy::default() };
    let task = accept(id.clone(), policy, false, None, Vec::new(), start.wall).task;
    let mut dispatcher = Dispatcher::new(settings::Live::from_kept(&[]), start);
    let live = LiveTask { seq: 1, task, work: None, has_folder: false };
    dispatcher.handle(Input::Recovered { tasks: vec![live] }, start);
    (dispatcher, id, start)
}

#[test]
fn a_store_that_fails_is_not_asked_again_at_once() {
    let (mut dispatcher, task, start) = one_that_waits();
    let swept = Input::Swept { tails: Vec::new(), all_gone: true };
    let step = committed(dispatcher.handle(swept, start)).unwrap();
    let failed = |code| Input::Committed {
        task: task.clone(),
        step: step.clone(),
        result: Err(Fault::new(code, "It cannot be written.")),
    };
    assert!(committed(dispatcher.handle(failed(Code::StoreFailed), start)).is_none());
    let rest = dispatcher.next_due(start).unwrap();
    assert!(!rest.is_zero());
    assert!(committed(dispatcher.handle(Input::Tick, awake_for(start, rest / 2))).is_none());
    let step = committed(dispatcher.handle(Input::Tick, awake_for(start, rest))).unwrap();
    assert_eq!(step.task.state, State::Running);
    assert!(committed(dispatcher.handle(failed(Code::DiskFull), awake_for(start, rest))).is_none());
    let space = dispatcher.handle(Input::DiskFull(false), awake_for(start, rest));
    assert!(committed(space).is_some(), "of space it is told, so nothing rests");
}

#[test]
fn a_sleep_between_a_decision_and_its_commit_uses_up_no_limit_either() {
    let (mut dispatcher, id, start) = one_that_waits();
    let swept = Input::Swept { tails: Vec::new(), all_gone: true };
    let step = committed(dispatcher.handle(swept, start)).unwrap();
    assert_eq!(step.task.state, State::Running);

    let woke = Moment { awake: start.awake, ..awake_for(start, HOUR * 8) };
    let written =
        |step| Input::Committed { task: id.clone(), step, result: Ok(Written::Won { begun: Vec::new() }) };
    let step = committed(dispatcher.handle(written(step), woke)).unwrap();
    let working_since = step.task.run.as_ref().unwrap().working_since;
    assert_eq!((step.task.state, working_since), (State::Running, Some(woke.wall)));
    assert!(committed(dispatcher.handle(written(step), woke)).is_none());

    let almost = awake_for(woke, HOUR - Duration::from_secs(1));
    assert!(committed(dispatcher.handle(Input::Tick, almost)).is_none());
    let step = committed(dispatcher.handle(Input::Tick, awake_for(woke, HOUR))).unwrap();
    assert_eq!((step.task.state, step.task.executed), (State::TimedOut, HOUR));
}

#[test]
fn whoever_is_admitted_while_its_cancel_is_written_down_leaves_no_slot_taken() {
    let (mut dispatcher, task, start) = one_that_waits();
    let event = Event::Cancel { by: By::at(Surface::Terminal) };
    let (reply, mut cancelled) = oneshot::channel();
    let cancel = Input::Tell { task: task.clone(), event, stored: None, reply };
    let step = committed(dispatcher.handle(cancel, start)).unwrap();
    // Now it may start, and its cancel is on its way to the disk.
    dispatcher.handle(Input::Swept { tails: Vec::new(), all_gone: true }, start);
    let won = Input::Committed { task, step, result: Ok(Written::Won { begun: Vec::new() }) };
    assert!(committed(dispatcher.handle(won, start)).is_none());
    assert_eq!(cancelled.try_recv().unwrap(), Ok(()));
    assert_eq!(dispatcher.slots.count(), 0);
    let (reply, _) = oneshot::channel();
    let actions = dispatcher.handle(Input::Quit { how: Leave::Pause, reply }, start);
    assert!(actions.iter().any(|action| matches!(action, Action::Leave)), "nothing keeps it");
}
