//! A worker's tool calls that are decided about before they are carried out.

use errand_base::RunId;

use super::draft::{Draft, Entry};
use super::say_by;
use super::worker::{at_work, go_on};
use crate::approval::{Approval, Decision, Scope, Unattended, Verdict};
use crate::{Answer, By, Choice, Effect, Question, Reason, Refused, Stage, State};

/// What of a request is known already, and how.
struct Known {
    reason: Reason,
    text: String,
    /// Told to the worker where it is refused.
    why: Option<String>,
}

/// `grants`: which of the items a grant allows, by its number.
pub(super) fn asked(
    draft: &mut Draft,
    run: RunId,
    mut approval: Approval,
    grants: &[(usize, i64)],
) -> Result<(), Refused> {
    at_work(draft, run)?;
    let ask = approval.ask.ok_or(Refused::NothingToTake)?;
    let mut known = None;
    for n in 0..approval.items.len() {
        let grant = grants.iter().find(|(item, _)| *item == n).map(|(_, grant)| *grant);
        if let Some((verdict, how)) = look_up(draft, &approval, n, grant) {
            approval.items[n].verdict = Some(verdict);
            known = Some(how);
        }
    }
    if let Some(Known { reason, text, why }) =
        known.filter(|_| approval.items.iter().all(|item| item.verdict.is_some()))
    {
        let verdicts = approval.items.iter().filter_map(|item| item.verdict).collect();
        draft.note_run(run, "executing", "executing", reason, text);
        draft.effect(Effect::Decide { run, ask, verdicts, why });
        return Ok(());
    }
    draft.withdraw_offering(Choice::KeepWaiting, "It asks something");
    let first = draft.task.questions.is_empty();
    draft.ask_approval(approval);
    if first {
        draft.bill();
        draft.effect(Effect::Yield { run });
    }
    let text = draft.task.questions.last().map(|question| question.text.clone()).unwrap_or_default();
    draft.enter(Entry { state: State::NeedsYou, reason: Reason::ApprovalAsked, text });
    Ok(())
}

fn look_up(draft: &mut Draft, approval: &Approval, n: usize, grant: Option<i64>) -> Option<(Verdict, Known)> {
    let item = approval.items.get(n)?;
    let name = item.path.clone().unwrap_or_else(|| crate::allow::spelled(&item.words));
    let consents = &mut draft.task.talk.consents;
    if let Some(why) = consents.denial_of(item) {
        let why = if why.is_empty() { String::new() } else { format!(": {why}") };
        let how = Known {
            reason: Reason::DeniedBefore,
            text: format!("Refused, as it was denied before: {name}"),
            why: Some(format!("the person has denied this before{why}")),
        };
        return Some((Verdict::Deny, how));
    }
    if consents.covers(item) || consents.take_once(item) {
        let text = format!("Approved before: {name}");
        return Some((Verdict::Approve, Known { reason: Reason::ApprovedBefore, text, why: None }));
    }
    if let Some(grant) = grant {
        draft.effect(Effect::UseGrant { grant });
        let text = format!("Grant {grant} allows it: {name}");
        return Some((Verdict::Approve, Known { reason: Reason::Granted, text, why: None }));
    }
    match approval.unattended {
        Unattended::Park => None,
        Unattended::Deny | Unattended::Grants => {
            let how = Known {
                reason: Reason::RefusedUnattended,
                text: format!("Refused, as nobody is to be asked: {name}"),
                why: Some(format!("nobody is to be asked, and {}", approval.why)),
            };
            Some((Verdict::Deny, how))
        }
    }
}

/// The person has decided; the run goes on with it, or a later one does.
pub(super) fn decided(
    draft: &mut Draft,
    question: &Question,
    approval: &Approval,
    decision: &Decision,
    by: By,
) -> Result<(), Refused> {
    if let Scope::Until(until) = decision.scope
        && until <= draft.now
    {
        return Err(Refused::BadChoice);
    }
    let given =
        question.take(&Answer::Decision(Box::new(decision.clone()))).map_err(|_| Refused::BadChoice)?;
    let verdicts = approval.verdicts(decision);
    let active = draft.task.run.as_ref().filter(|run| run.stage == Stage::Starting).map(|run| run.id);
    let waits = active.zip(approval.ask);
    draft.task.talk.consents.remember(approval, &verdicts, decision, waits.is_none());
    let mut said = given.shown.chars();
    let said = said.next().map(|first| first.to_uppercase().collect::<String>() + said.as_str());
    // The reason stands in the words already.
    let text = say_by(&said.unwrap_or_default(), &By { note: None, ..by.clone() });
    draft.settle(question.n, Some((given, by)), &text);
    if let Scope::Until(until) = decision.scope {
        for grant in approval.grants(&verdicts, until) {
            draft.effect(Effect::Grant(grant));
        }
    }
    if let Some((run, ask)) = waits {
        let why = decision.reason.as_deref().map(|reason| format!("the person has denied it: {reason}"));
        let why = Some(why.unwrap_or_else(|| "the person has denied it".to_owned()));
        draft.effect(Effect::Decide { run, ask, verdicts, why });
    }
    resume(draft, text);
    Ok(())
}

/// What is decided between two turns is part of neither: no turn begins with it.
fn resume(draft: &mut Draft, text: String) {
    let active = draft.task.run.as_ref().filter(|run| run.stage == Stage::Starting).map(|run| run.id);
    let Some(run) = active.filter(|_| draft.task.questions.is_empty()) else {
        return go_on(draft, Reason::Answered, text);
    };
    draft.effect(Effect::Take { run });
    draft.work();
    draft.enter(Entry { state: State::Running, reason: Reason::Answered, text });
}

/// The run that asked is gone. What it asked stands: the answer is for the same request of the next one.
pub(super) fn outlive(draft: &mut Draft) -> bool {
    let other: Vec<u32> = draft
        .task
        .questions
        .iter()
        .filter(|question| question.approval.is_none())
        .map(|question| question.n)
        .collect();
    for n in other {
        draft.settle(n, None, "It no longer matters");
    }
    for question in &mut draft.task.questions {
        if let Some(approval) = &mut question.approval {
            approval.ask = None;
        }
    }
    !draft.task.questions.is_empty()
}
