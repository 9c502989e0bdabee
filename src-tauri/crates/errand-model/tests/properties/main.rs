//! What holds in every history: random events over a small world of tasks.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod approvals;
mod children;
mod leases;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use errand_base::RunId;
use errand_model::{
    Answer, By, Choice, Death, DeliveryKind, Dependency, Effect, Event, Exit, Notify, Question, QuestionKind,
    Reason, Refused, State, Status, Step, Subject, Surface, Task, Timer, TimerKind, Transition, Verdict,
    admit, step, why,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use world::{World, artifacts, deliveries, is_active, plans, run_of, waits_with_its_process};

/// A request outlives the run that made it, and then names it no more.
fn asked_by_nobody(mut question: Question) -> Question {
    if let Some(approval) = &mut question.approval {
        approval.ask = None;
    }
    question
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_cancel_wins_against_everything_that_comes_after_it(plan in plans()) {
        let world = World::play(&plan);
        for (taken, before, event) in world.events().filter(|(_, _, event)| matches!(event, Event::Cancel { .. })) {
            match &taken.result {
                Ok(step) => {
                    prop_assert!(!before.state.is_final());
                    prop_assert_eq!(step.task.state, State::Cancelled);
                    let ends = step.effects.iter().filter(|effect| matches!(effect, Effect::End { .. })).count();
                    prop_assert_eq!(ends, usize::from(is_active(before)), "its processes are told to end");
                }
                Err(refused) => prop_assert!(before.state.is_final(), "{event:?} refused: {refused}"),
            }
        }
        for (before, event, step) in world.changes().filter(|(before, ..)| before.state == State::Cancelled) {
            if !matches!(event, Event::Retry { .. } | Event::Message { .. }) {
                prop_assert_eq!(step.task.state, State::Cancelled, "after {:?}", event);
                prop_assert!(artifacts(step).is_empty(), "of {} after {event:?}", before.id);
            }
        }
    }

    #[test]
    fn only_a_retry_leaves_a_final_state_and_it_counts_one_generation(plan in plans()) {
        for (before, event, step) in World::play(&plan).changes() {
            let writes = matches!(event, Event::Message { .. }) && before.state.is_final();
            if matches!(event, Event::Retry { .. }) || writes {
                prop_assert!(before.state.is_final() && (writes || before.state != State::Completed));
                prop_assert!(!writes || before.talk.worker, "a plain program reads no messages");
                prop_assert!(!step.task.state.is_final());
                prop_assert_eq!(step.task.generation, before.generation + 1);
                continue;
            }
            prop_assert_eq!(step.task.generation, before.generation);
            if before.state.is_final() {
                let after = &step.task;
                let told = (before.state, before.reason, &before.reason_text, before.executed);
                prop_assert_eq!((after.state, after.reason, &after.reason_text, after.executed), told, "{:?}", event);
                for effect in &step.effects {
                    let harmless = matches!(
                        effect,
                        Effect::Free { .. }
                            | Effect::Deliver(DeliveryKind::Notice)
                            | Effect::Record(Transition { subject: Subject::Run(_), .. })
                    );
                    prop_assert!(harmless, "{event:?} in {}: {effect:?}", before.state);
                }
            }
        }
    }

    #[test]
    fn old_timers_and_other_runs_are_refused_by_name(plan in plans()) {
        for (taken, before, event) in World::play(&plan).events() {
            if let Some(run) = run_of(event) && before.run.as_ref().is_none_or(|own| own.id != run) {
                prop_assert_eq!(&taken.result, &Err(Refused::OtherRun), "{:?}", event);
            }
            if let Event::TimerFired { timer, .. } = event && before.timers.iter().all(|set| set.id != *timer) {
                prop_assert_eq!(&taken.result, &Err(Refused::StaleTimer), "{:?}", event);
            }
        }
    }

    #[test]
    fn every_death_is_loud_and_a_cancel_is_quiet(plan in plans()) {
        for (before, event, step) in World::play(&plan).changes() {
            let artifacts = artifacts(step);
            let told = (deliveries(step, DeliveryKind::Result), deliveries(step, DeliveryKind::Failure));
            let ended = !before.state.is_final() && step.task.state.is_final();
            match step.task.state {
                State::Failed | State::TimedOut | State::Unknown if ended => {
                    prop_assert_eq!(artifacts.len(), 1, "{:?}", event);
                    prop_assert!(artifacts[0].notify && !artifacts[0].report.is_empty());
                    prop_assert!(!artifacts[0].outcome.is_empty());
                    let told_of = usize::from(step.task.parent.is_none());
                    prop_assert_eq!(told, (0, told_of), "{:?}", event);
                }
                State::Completed if ended => {
                    let says_so = match event {
                        Event::Finished { .. } => true,
                        Event::Exited { exit: Exit::Code(0), checks, .. } => {
                            checks.iter().all(|check| check.met)
                        }
                        Event::TurnEnded { exit: Exit::Code(0), response: Ok(response), afterwards, .. } => {
                            let believed = afterwards.checks.iter().all(|check| check.met);
                            response.status == Status::Done && believed
                        }
                        _ => false,
                    };
                    prop_assert!(says_so, "nothing is invented: {event:?}");
                    prop_assert_eq!(artifacts.len(), 1);
                    let word = matches!(event, Event::Finished { finish, .. } if finish.notify == Some(true));
                    let notify = match step.task.policy.notify {
                        Notify::Always => true,
                        Notify::Significant => word,
                        Notify::Silent => false,
                    };
                    prop_assert_eq!((artifacts[0].notify, told), (notify, (usize::from(notify), 0)));
                }
                _ => {
                    prop_assert!(artifacts.is_empty(), "{event:?} files {artifacts:?}");
                    prop_assert_eq!(told, (0, 0), "{:?}", event);
                }
            }
            let tells = step.effects.iter().filter(|effect| **effect == Effect::TellDependents).count();
            let turned = before.state.is_final() != step.task.state.is_final();
            prop_assert_eq!(tells, usize::from(turned), "tasks that wait hear of an end and of a new beginning");
        }
    }

    #[test]
    fn no_slot_is_lost_or_given_twice(plan in plans()) {
        let world = World::play(&plan);
        let mut held = 0;
        for taken in &world.history {
            let starts = matches!(taken.event, Some(Event::Admitted { .. })) && taken.result.is_ok();
            prop_assert!(!starts || taken.runs_held <= plan.slots as usize);
            let takes = taken.result.iter().flat_map(|step| &step.effects);
            let takes = takes.filter(|effect| matches!(effect, Effect::Take { .. })).count();
            let allowed = if starts || takes > 0 { held + 1 } else { held };
            prop_assert!(taken.runs_held <= allowed, "{:?} took a slot", taken.event);
            held = taken.runs_held;
        }
        for (before, event, step) in world.changes() {
            let none_left = match event {
                Event::Exited { gone, .. } => *gone,
                // No process of a turn is left when it has ended; the next one keeps the slot.
                Event::TurnEnded { afterwards, .. } => {
                    step.task.state != State::Running && !afterwards.winds_up
                }
                other => matches!(other, Event::StartFailed { .. } | Event::Gone { .. } | Event::Lost { .. }),
            };
            let freed = before.run.is_some() && step.task.run.is_none();
            prop_assert_eq!(freed, none_left, "a slot is free once the last process is gone: {:?}", event);
        }
        let mut spawned = BTreeSet::new();
        for task in 0..world.tasks.len() {
            let mut held = None;
            let mut yielded = false;
            for step in world.life(task) {
                for effect in &step.effects {
                    match effect {
                        Effect::Spawn { run } => {
                            prop_assert_eq!(held.replace(*run), None, "two runs at once");
                            prop_assert!(spawned.insert(*run), "one run started twice");
                        }
                        Effect::Free { run } => {
                            prop_assert_eq!(held.take(), Some(*run), "freed what it has not");
                            yielded = false;
                        }
                        Effect::Yield { run } => {
                            prop_assert_eq!((held, yielded), (Some(*run), false), "yields what it has not");
                            yielded = true;
                        }
                        Effect::Take { run } => {
                            prop_assert_eq!((held, yielded), (Some(*run), true), "takes what it has");
                            yielded = false;
                        }
                        Effect::Prompt { run } | Effect::Linger { run } => prop_assert_eq!(held, Some(*run)),
                        Effect::End { run } => prop_assert_eq!(held, Some(*run), "ends what it has not"),
                        _ => {}
                    }
                }
                prop_assert_eq!(step.task.run.as_ref().map(|run| run.id), held);
                prop_assert_eq!(waits_with_its_process(&step.task), yielded && is_active(&step.task));
            }
        }
    }

    #[test]
    fn what_admission_starts_can_start_and_it_says_why_the_rest_waits(plan in plans()) {
        let world = World::play(&plan);
        for (taken, before, event) in world.events() {
            if let Event::Admitted { .. } = event {
                prop_assert!(taken.result.is_ok(), "{} in {}: {:?}", before.id, before.state, taken.result);
            }
        }
        for task in world.all_tasks() {
            let ready = task.state == State::Queued && task.holds.is_empty() && task.run.is_none();
            let started = step(task, Event::Admitted { run: RunId::from_u128(u128::MAX) }, world.now);
            prop_assert_eq!(started.is_ok(), ready, "{} with {:?}", task.state, task.run);
        }
        let (held, queue) = (world.leases(), world.queue());
        let starts = admit(world.admission(&held), &queue);
        let verdicts = queue.iter().filter(|candidate| {
            why(world.admission(&held), &queue, &candidate.task) == Some(Verdict::Start)
        });
        prop_assert_eq!(&starts, &verdicts.map(|candidate| candidate.task.clone()).collect::<Vec<_>>());
        let free = (plan.slots as usize).saturating_sub(world.runs_held());
        let able = leases::able(&held, &queue).len();
        prop_assert_eq!(starts.len(), free.min(able), "no slot stays empty while somebody could use it");
    }

    #[test]
    fn every_question_is_settled_once_and_needs_you_means_one_is_open(plan in plans()) {
        let world = World::play(&plan);
        for task in 0..world.tasks.len() {
            let mut open = BTreeMap::new();
            let mut last = 0;
            for step in world.life(task) {
                for effect in &step.effects {
                    match effect {
                        Effect::Ask(question) => {
                            prop_assert!(question.n > last, "a number is used again");
                            last = question.n;
                            open.insert(question.n, question.clone());
                        }
                        Effect::Settle { question, .. } => {
                            prop_assert!(open.remove(question).is_some(), "{question} was not open");
                        }
                        _ => {}
                    }
                }
                let questions: Vec<_> = step.task.questions.iter().cloned().map(asked_by_nobody).collect();
                prop_assert_eq!(&questions, &open.values().cloned().map(asked_by_nobody).collect::<Vec<_>>());
                prop_assert_eq!(step.task.state == State::NeedsYou, !open.is_empty());
                let asked = step.effects.iter().filter(|effect| matches!(effect, Effect::Ask(_))).count();
                prop_assert_eq!(deliveries(step, DeliveryKind::Question), asked, "questions always leave");
            }
        }
    }

    #[test]
    fn a_question_about_failed_dependencies_names_exactly_those(plan in plans()) {
        let world = World::play(&plan);
        let failed = |dependency: &Dependency| !dependency.is_met() && dependency.ended.is_some();
        for (before, event, step) in world.changes() {
            let Event::Answer { answer: Answer::Text(choice), .. } = event else { continue };
            for (old, new) in before.after.iter().zip(&step.task.after) {
                let let_go = choice == Choice::RunAnyway.name() && failed(old);
                prop_assert_eq!(new.waived, old.waived || let_go, "{} about {:?}", choice, old);
            }
        }
        for task in world.all_tasks() {
            let blocker = task.questions.iter().find(|question| question.choices.contains(&Choice::RunAnyway));
            for dependency in &task.after {
                let named = blocker.is_some_and(|question| question.text.contains(dependency.task.as_str()));
                // A final task asks nothing any more.
                prop_assert_eq!(named, failed(dependency) && !task.state.is_final(), "{:?} of {:?}", dependency, task.questions);
            }
        }
    }

    #[test]
    fn each_accepted_event_counts_one_version_and_the_same_input_gives_the_same(plan in plans()) {
        for (taken, before, event) in World::play(&plan).events() {
            prop_assert_eq!(&step(before, event.clone(), taken.now), &taken.result);
            if let Ok(step) = &taken.result {
                prop_assert_eq!(step.task.version, before.version + 1);
            }
        }
    }

    #[test]
    fn timers_are_never_numbered_twice_and_belong_to_what_goes_on(plan in plans()) {
        let world = World::play(&plan);
        for n in 0..world.tasks.len() {
            let mut next = 1;
            let mut set = BTreeSet::new();
            // What is done beside a turn is none of its time.
            let aside = world.events().any(|(taken, _, event)| {
                taken.task == n && matches!(event, Event::Aside { .. } | Event::ApprovalAsked { .. })
            });
            for step in world.life(n) {
                let task = &step.task;
                for timer in &task.timers {
                    prop_assert!(set.contains(&timer.id) || timer.id >= next, "{timer:?} is an old number");
                }
                set = task.timers.iter().map(|timer| timer.id).collect();
                prop_assert_eq!(set.len(), task.timers.len());
                prop_assert!(task.next_timer >= next && set.iter().all(|id| *id < task.next_timer));
                next = task.next_timer;

                let count = |kind| task.timers.iter().filter(|timer| timer.kind == kind).count();
                let works = is_active(task) && !waits_with_its_process(task);
                let limited = works && task.policy.timeout.is_some();
                prop_assert_eq!(count(TimerKind::Limit), usize::from(limited), "in {}", task.state);
                // Who writes a first response becomes a worker from its next turn on.
                let in_turn = works && task.talk.worker;
                let turns = count(TimerKind::Turn);
                prop_assert!(turns == usize::from(in_turn) || aside && turns == 0, "in {}", task.state);
                let waits = matches!(task.state, State::Waiting | State::NeedsYou | State::Sleeping)
                    && !is_active(task);
                prop_assert!(count(TimerKind::Start) <= usize::from(waits), "in {}", task.state);
            }
        }
    }

    #[test]
    fn the_state_fits_the_run_and_the_dependencies(plan in plans()) {
        for task in World::play(&plan).all_tasks() {
            let met = task.after.iter().all(Dependency::is_met);
            match task.state {
                State::Waiting => prop_assert!(!is_active(task) && (!met || !task.timers.is_empty())),
                State::Queued => prop_assert!(!is_active(task) && met && task.timers.is_empty()),
                State::Running => prop_assert!(is_active(task) && met),
                State::NeedsYou => prop_assert!(met || !is_active(task), "asks or is silent, or is blocked"),
                State::Sleeping => {
                    let woken = task.timers.len() == 1 || task.timers.is_empty() && task.talk.awaits;
                    prop_assert!(!is_active(task) && met && woken);
                }
                State::RateLimited => prop_assert!(false, "nothing leads here yet"),
                State::Completed | State::Failed | State::TimedOut | State::Cancelled | State::Unknown => {
                    prop_assert!(!is_active(task));
                }
            }
        }
    }

    #[test]
    fn every_change_leaves_rows_that_join(plan in plans()) {
        for (before, event, step) in World::play(&plan).changes() {
            let mut at = before.state.name();
            let mut settled_and_asked = 0;
            for effect in &step.effects {
                let Effect::Record(row) = effect else { continue };
                prop_assert!(!row.text.is_empty(), "{row:?}");
                match row.subject {
                    Subject::Task => {
                        prop_assert_eq!(row.from, at, "{:?}", event);
                        at = row.to;
                        let said = (step.task.reason, &step.task.reason_text);
                        // A pause stands beside the state; the reason for the state stays what it was.
                        let beside = matches!(event, Event::Message { .. }) && before.state == step.task.state
                            || matches!(row.reason, Reason::SubtaskEnded | Reason::SubtaskReopened);
                        if !beside && !matches!(event, Event::Hold { .. } | Event::Release { .. }) {
                            prop_assert_eq!((row.reason, &row.text), said, "{:?}", event);
                        }
                    }
                    Subject::Question(_) => settled_and_asked += 1,
                    Subject::Run(_) => {}
                }
            }
            prop_assert_eq!(at, step.task.state.name(), "{:?}", event);
            let questions = step.effects.iter();
            let questions =
                questions.filter(|effect| matches!(effect, Effect::Ask(_) | Effect::Settle { .. })).count();
            prop_assert_eq!(settled_and_asked, questions);
        }
    }

    #[test]
    fn an_open_question_takes_each_of_its_choices_and_nothing_else(plan in plans()) {
        let world = World::play(&plan);
        let answer = |task: &Task, question, choice: &str| {
            let (answer, by) = (Answer::text(choice), By::at(Surface::Notification));
            step(task, Event::Answer { question, answer, by }, world.now)
        };
        for task in world.all_tasks() {
            for question in &task.questions {
                for choice in &question.choices {
                    let taken = answer(task, question.n, choice.name());
                    prop_assert!(taken.is_ok(), "{choice:?}: {taken:?}");
                    prop_assert_eq!(&taken, &answer(task, question.n, &format!(" {} ", choice.label().to_uppercase())));
                    prop_assert!(taken.is_ok_and(|step| step.task.questions.iter().all(|open| open.n != question.n)));
                }
                for option in &question.options {
                    prop_assert!(answer(task, question.n, &option.to_uppercase()).is_ok());
                }
                let strange = answer(task, question.n, "strange");
                prop_assert_eq!(question.kind == QuestionKind::UserInput && question.open, strange.is_ok());
            }
        }
    }

    #[test]
    fn a_limit_counts_the_time_of_all_runs_since_the_task_was_opened(plan in plans()) {
        for (taken, before, event) in World::play(&plan).events() {
            let Ok(step) = &taken.result else { continue };
            let since = |task: &Task| task.run.as_ref().and_then(|run| run.working_since);
            // What is counted from one moment before and from another one after was counted up to now.
            let counted = since(before).filter(|_| since(&step.task) != since(before) || is_prompt(step));
            let executed = match (event, counted) {
                (Event::Retry { .. }, _) => Duration::ZERO,
                (Event::Message { .. }, _) if before.state.is_final() => Duration::ZERO,
                // A gap belongs to nobody, and neither does the time since an engine died.
                (Event::ClockGap { .. } | Event::Lost { death: Death::EngineDied, .. }, _) => before.executed,
                (Event::StartFailed { .. }, _) | (_, None) => before.executed,
                (_, Some(since)) => before.executed + taken.now.since(since),
            };
            prop_assert_eq!(step.task.executed, executed, "{:?}", event);
            if let Event::ClockGap { gap } = event {
                let shifted = since(before).map(|since| since.shifted(gap.shift()));
                prop_assert!(shifted.is_some() && shifted == since(&step.task));
                let alarms = |task: &Task, shift| -> Vec<_> {
                    let due = |timer: &Timer| match timer.kind {
                        TimerKind::Start => timer.due,
                        TimerKind::Limit | TimerKind::Turn => timer.due.shifted(shift),
                    };
                    task.timers.iter().map(|timer| (timer.id, due(timer))).collect()
                };
                prop_assert_eq!(alarms(before, gap.shift()), alarms(&step.task, 0));
            }
            if let (Event::Admitted { .. }, Some(limit)) = (event, before.policy.timeout) {
                let timer = step.task.timers.iter().find(|timer| timer.kind == TimerKind::Limit);
                let due = taken.now.plus(limit.saturating_sub(executed));
                prop_assert_eq!(timer.map(|timer| timer.due), Some(due));
            }
        }
    }

    #[test]
    fn from_anywhere_a_cancel_and_the_end_of_its_processes_close_a_task(plan in plans()) {
        let mut world = World::play(&plan);
        for n in 0..world.tasks.len() {
            world.happen(n, Event::Cancel { by: By::at(Surface::Terminal) });
            if let Some(run) = world.tasks[n].run.clone() {
                world.happen(n, Event::Gone { run: run.id });
            }
            let task = &world.tasks[n];
            prop_assert!(task.state.is_final() && task.run.is_none(), "{task:?}");
            prop_assert!(task.timers.is_empty() && task.questions.is_empty(), "{task:?}");
        }
    }
}

fn is_prompt(step: &Step) -> bool {
    step.effects.iter().any(|effect| matches!(effect, Effect::Prompt { .. }))
}

/// The properties say nothing about what the generator never reaches.
#[test]
fn the_generator_reaches_every_state_and_every_event() {
    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeSet::new();
    for _ in 0..1_600 {
        let plan = plans().new_tree(&mut runner).unwrap().current();
        let world = World::play(&plan);
        for (taken, before, event) in world.events() {
            let event = format!("{event:?}");
            let name = event.split([' ', '(', '{']).next().unwrap_or_default();
            match &taken.result {
                Ok(step) => {
                    seen.insert(format!("{name} in {}", before.state));
                    if !before.executed.is_zero() {
                        seen.insert(format!("{name} in {} again", before.state));
                    }
                    seen.insert(step.task.state.to_string());
                }
                Err(refused) => _ = seen.insert(format!("{refused:?}")),
            }
        }
    }
    let reachable = State::ALL.into_iter().filter(|state| *state != State::RateLimited);
    let mut wanted: Vec<String> = reachable.map(|state| state.to_string()).collect();
    let refusals = [
        Refused::AlreadyEnded,
        Refused::NotEnded,
        Refused::Completed,
        Refused::OtherRun,
        Refused::NotReady,
        Refused::StaleTimer,
        Refused::NoSuchQuestion,
        Refused::NotADependency,
        Refused::AlreadyHeld,
        Refused::NotHeld,
        Refused::NothingToTake,
        Refused::AlreadyFinished,
        Refused::QuestionOpen,
        Refused::NoWorker,
        Refused::NoTurns,
        Refused::TooDeep,
        Refused::KnownSubtask,
        Refused::OtherBrief,
        Refused::SubtasksOpen,
        Refused::NothingToAwait,
    ];
    wanted.extend(refusals.map(|refused| format!("{refused:?}")));
    for rare in [
        "Admitted in queued again",
        "Exited in waiting",
        "Exited in cancelled",
        "Gone in queued",
        "Gone in running",
        "Stuck in cancelled",
        "Lost in timed_out",
        "StartFailed in needs_you",
        "Spoke in needs_you",
        "TimerFired in needs_you",
        "DependencyEnded in needs_you",
        "DependencyReopened in needs_you",
        "Answer in needs_you",
        "Cancel in needs_you",
        "QuitNow in running",
        "Release in running",
        "Retry in unknown",
        "Retry in timed_out",
        "TurnEnded in running again",
        "TurnEnded in needs_you",
        "TurnEnded in cancelled",
        "Asked in running",
        "Asked in needs_you",
        "AskerGone in needs_you",
        "ApprovalAsked in running",
        "ApprovalAsked in needs_you",
        "Lost in needs_you",
        "Finished in running",
        "WakeAsked in running",
        "TimerFired in sleeping",
        "Aside in running",
        "WindUpFailed in completed",
        "Message in completed",
        "Message in running",
        "SubtaskAsked in running",
        "SubtaskAsked in needs_you",
        "ChildEnded in sleeping",
        "ChildEnded in running",
        "CalledOff in running",
        "CalledOff in queued",
    ] {
        wanted.push(rare.to_owned());
    }
    let missing: Vec<String> = wanted.into_iter().filter(|wanted| !seen.contains(wanted)).collect();
    assert!(missing.is_empty(), "never reached: {missing:?}");
}
