//! Requests that are decided about before they are carried out.

use std::collections::BTreeSet;
use std::time::Duration;

use errand_base::{RunId, Timestamp};
use errand_model::approval::{
    Approval, Decision, FileAction, FileChange, Item, Risk, Scope, Unattended, Verdict, What,
};
use errand_model::*;
use proptest::prelude::*;

use crate::world::{World, plans};

/// For which of a few things, whether a grant allows it, and what is done if nobody is there.
#[derive(Clone, Debug)]
pub struct Wanted {
    what: u8,
    granted: bool,
    unattended: Unattended,
}

pub fn approval_reports() -> impl Strategy<Value = Wanted> {
    use Unattended::{Deny, Grants, Park};
    let unattended = prop_oneof![8 => Just(Park), 1 => Just(Deny), 1 => Just(Grants)];
    (0..4_u8, proptest::bool::weighted(0.1), unattended).prop_map(|(what, granted, unattended)| Wanted {
        what,
        granted,
        unattended,
    })
}

pub fn verdicts() -> impl Strategy<Value = Verdict> {
    prop_oneof![2 => Just(Verdict::Approve), 1 => Just(Verdict::Deny)]
}

pub fn approved() -> Decision {
    Decision::of(Verdict::Approve)
}

pub fn decision(verdict: Verdict, how: u8, now: Timestamp) -> Decision {
    let scope = match how {
        1 => Scope::Task,
        2 => Scope::Until(now.plus(Duration::from_secs(60))),
        _ => Scope::Once,
    };
    let mut decision = Decision { scope, ..Decision::of(verdict) };
    if how == 3 {
        decision.files.insert("b".into(), Verdict::Deny);
    }
    decision
}

/// A command, or two files at once.
pub fn request(run: RunId, wanted: &Wanted, ask: u32) -> Event {
    let item = |name: &str, path: bool| Item {
        path: path.then(|| name.to_owned()),
        words: vec!["make".into(), name.into()],
        program: None,
        key: name.into(),
        programs: "/usr/bin/make 1".into(),
        same: name.into(),
        seal: format!("{name} sealed"),
        verdict: None,
    };
    let change = |name: &str| FileChange {
        path: name.into(),
        action: FileAction::Create,
        diff: "+new".into(),
        cut: false,
    };
    let (what, items) = match wanted.what {
        3 => (What::Files(vec![change("a"), change("b")]), vec![item("a", true), item("b", true)]),
        other => {
            let line = format!("make {other}");
            let what = What::Command { line: line.clone(), cwd: "/a".into(), programs: Vec::new() };
            (what, vec![item(&line, false)])
        }
    };
    let approval = Approval {
        ask: Some(ask),
        tool: "run_command".into(),
        why: "no rule allows it".into(),
        risk: Risk::Medium,
        what,
        folder: "/a".into(),
        items,
        covers: Some("the same command".into()),
        unattended: wanted.unattended,
    };
    let grants = if wanted.granted { vec![(0, 7)] } else { Vec::new() };
    Event::ApprovalAsked { run, approval: Box::new(approval), grants }
}

fn decided(step: &Step) -> Option<(RunId, u32, &[Verdict])> {
    step.effects.iter().find_map(|effect| match effect {
        Effect::Decide { run, ask, verdicts, .. } => Some((*run, *ask, verdicts.as_slice())),
        _ => None,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_request_is_decided_at_most_once_and_by_its_person_or_by_what_is_remembered(plan in plans()) {
        let mut done = BTreeSet::new();
        for (before, event, step) in World::play(&plan).changes() {
            let decisions = step.effects.iter().filter(|effect| matches!(effect, Effect::Decide { .. }));
            prop_assert!(decisions.count() <= 1);
            let Some((run, ask, verdicts)) = decided(step) else { continue };
            prop_assert!(done.insert((before.id.clone(), run, ask)), "{ask} is decided twice");
            prop_assert_eq!(before.run.as_ref().map(|run| run.id), Some(run));
            match event {
                Event::ApprovalAsked { approval, grants, .. } => {
                    let consents = &before.talk.consents;
                    prop_assert_eq!(verdicts.len(), approval.items.len());
                    for (n, (item, verdict)) in approval.items.iter().zip(verdicts).enumerate() {
                        let denied = consents.denied.iter().any(|(same, _)| *same == item.same);
                        let approved = consents.approved.iter().any(|(key, _)| *key == item.key)
                            || consents.once.contains(&item.seal)
                            || grants.iter().any(|(granted, _)| *granted == n);
                        if *verdict == Verdict::Approve {
                            prop_assert!(approved && !denied, "{item:?} of {consents:?}");
                        }
                    }
                }
                Event::Answer { question, answer: Answer::Decision(decision), .. } => {
                    let open = before.questions.iter().find(|open| open.n == *question);
                    let approval = open.and_then(|open| open.approval.as_deref());
                    prop_assert_eq!(approval.map(|open| open.verdicts(decision)), Some(verdicts.to_vec()));
                    prop_assert_eq!(approval.and_then(|open| open.ask), Some(ask));
                }
                other => prop_assert!(false, "{other:?} decides nothing"),
            }
        }
    }

    #[test]
    fn what_was_denied_is_not_approved_again_without_its_person(plan in plans()) {
        let world = World::play(&plan);
        for n in 0..world.tasks.len() {
            let mut denied = BTreeSet::new();
            for (taken, before, event) in world.events().filter(|(taken, ..)| taken.task == n) {
                let Ok(step) = &taken.result else { continue };
                match event {
                    Event::Answer { question, answer: Answer::Decision(decision), .. } => {
                        let open = before.questions.iter().find(|open| open.n == *question);
                        let approval = open.and_then(|open| open.approval.as_deref()).unwrap();
                        for (item, verdict) in approval.items.iter().zip(approval.verdicts(decision)) {
                            match verdict {
                                Verdict::Deny => _ = denied.insert(item.same.clone()),
                                Verdict::Approve => _ = denied.remove(&item.same),
                            }
                        }
                    }
                    Event::ApprovalAsked { approval, .. } => {
                        let verdicts = decided(step).map(|(_, _, verdicts)| verdicts).unwrap_or_default();
                        for (item, verdict) in approval.items.iter().zip(verdicts) {
                            prop_assert!(!denied.contains(&item.same) || *verdict == Verdict::Deny);
                        }
                        let all = approval.items.iter().all(|item| denied.contains(&item.same));
                        prop_assert!(!all || !verdicts.is_empty(), "it is not asked about again");
                    }
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn an_approval_takes_a_decision_and_nothing_else_and_nothing_else_takes_one(plan in plans()) {
        let world = World::play(&plan);
        for task in world.all_tasks() {
            for open in &task.questions {
                let by = By::at(Surface::Window);
                let told = |answer| step(task, Event::Answer { question: open.n, answer, by: by.clone() }, world.now);
                for text in ["yes", "approve", "Approve"] {
                    let taken = told(Answer::text(text));
                    prop_assert!(open.approval.is_none() || taken == Err(Refused::BadChoice));
                }
                let decided = told(Answer::Decision(Box::new(approved())));
                prop_assert_eq!(decided.is_ok(), open.approval.is_some(), "{:?}", decided);
                let late = Decision { scope: Scope::Until(world.now), ..approved() };
                prop_assert!(told(Answer::Decision(Box::new(late))).is_err(), "it has passed already");
            }
        }
    }
}
