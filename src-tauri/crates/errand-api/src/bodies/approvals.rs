//! Requests of workers as the wire shows them, and decisions as it brings them.

use std::collections::{BTreeMap, HashMap};

use errand_base::{Code, Fault, TaskId};
use errand_model::approval::{self, Approval, FileAction, Risk, Scope, Verdict, What, are_alike};
use errand_model::{Answer, By, Event, Execution};
use errand_store::{QuestionRow, QuestionState, Reader, StoreError};
use errand_wire as wire;

use crate::router::Api;

const LONGEST_REASON: usize = 4 * 1024;

/// How many open requests of other tasks are identical, by task and question.
pub(super) type Alike = HashMap<(i64, u32), u32>;

pub(super) fn alike<'a>(
    reader: &Reader<'_>,
    rows: impl Iterator<Item = &'a QuestionRow>,
) -> Result<Alike, StoreError> {
    let mut found = Alike::new();
    let mut open: Option<Vec<QuestionRow>> = None;
    for row in rows.filter(|row| row.state == QuestionState::Open) {
        let Some(own) = &row.approval else { continue };
        let all = match &open {
            Some(all) => all,
            None => open.insert(reader.questions().open()?),
        };
        let count = all.iter().filter(|other| is_like(own, row.task, other)).count();
        found.insert((row.task, row.n), u32::try_from(count).unwrap_or(u32::MAX));
    }
    Ok(found)
}

fn is_like(own: &Approval, task: i64, other: &QuestionRow) -> bool {
    other.task != task && other.approval.as_ref().is_some_and(|approval| are_alike(own, approval))
}

pub(super) fn view(approval: &Approval, alike: u32) -> wire::ApprovalView {
    let (command, files, arguments) = match &approval.what {
        What::Command { line, cwd, programs } => {
            let (line, cwd, programs) = (line.clone(), cwd.clone(), programs.clone());
            (Some(wire::CommandView { line, cwd, programs }), Vec::new(), None)
        }
        What::Files(files) => {
            let files = files.iter().zip(&approval.items).map(|(file, item)| wire::FileChangeView {
                path: file.path.clone(),
                action: match file.action {
                    FileAction::Create => wire::FileAction::Create,
                    FileAction::Modify => wire::FileAction::Modify,
                    FileAction::Delete => wire::FileAction::Delete,
                },
                diff: file.diff.clone(),
                cut: file.cut,
                verdict: item.verdict.map(|verdict| match verdict {
                    Verdict::Approve => wire::Verdict::Approve,
                    Verdict::Deny => wire::Verdict::Deny,
                }),
            });
            (None, files.collect(), None)
        }
        What::Other(arguments) => (None, Vec::new(), Some(arguments.clone())),
    };
    wire::ApprovalView {
        tool: approval.tool.clone(),
        why: approval.why.clone(),
        // Whoever carries a request out themselves does not ask here yet.
        binding: wire::Binding::Bound,
        risk: match approval.risk {
            Risk::Low => wire::Risk::Low,
            Risk::Medium => wire::Risk::Medium,
            Risk::High => wire::Risk::High,
        },
        command,
        files,
        arguments,
        covers: approval.covers.clone(),
        alike,
    }
}

/// What is agreed on about the tool calls of a worker; nothing where all of them are carried out.
pub(super) fn rules(execution: &Execution, allow: &[String]) -> Option<wire::ToolRules> {
    (!execution.carries_out_all()).then(|| wire::ToolRules {
        security: execution.security.into(),
        ask: execution.ask.into(),
        unattended: execution.unattended.into(),
        allow: allow.to_vec(),
    })
}

/// The decision as the model has it. `until` must be in the future.
pub(super) fn decision(given: wire::Decision, now: errand_base::Timestamp) -> Result<Answer, Fault> {
    let bad = |text: &str| Fault::new(Code::BadUsage, text);
    let verdict = |verdict| match verdict {
        wire::Verdict::Approve => Verdict::Approve,
        wire::Verdict::Deny => Verdict::Deny,
    };
    let scope = match (given.scope.unwrap_or_default(), given.until) {
        (wire::Scope::Once, None) => Scope::Once,
        (wire::Scope::Task, None) => Scope::Task,
        (wire::Scope::Until, Some(until)) if until > now => Scope::Until(until),
        (wire::Scope::Until, Some(_)) => {
            return Err(
                bad("That moment has passed already.").hint("Write a later one, such as +2h or 18:00.")
            );
        }
        (wire::Scope::Until, None) => return Err(bad("It is not said until when.")),
        (wire::Scope::Once | wire::Scope::Task, Some(_)) => {
            return Err(bad("A moment goes with the scope `until`, and with no other."));
        }
    };
    let reason = given.reason.map(|reason| reason.trim().to_owned()).filter(|reason| !reason.is_empty());
    if reason.as_ref().is_some_and(|reason| reason.len() > LONGEST_REASON) {
        return Err(bad("The reason is longer than 4 KiB."));
    }
    let files: BTreeMap<String, Verdict> =
        given.files.into_iter().map(|(path, own)| (path, verdict(own))).collect();
    let decision = approval::Decision { verdict: verdict(given.verdict), scope, reason, files };
    Ok(Answer::Decision(Box::new(decision)))
}

/// The identical requests of other tasks, as they are before the first of them is decided.
pub(super) async fn others(api: &Api, asks: &TaskId, n: u32) -> Result<Vec<(TaskId, u32)>, Fault> {
    let id = asks.clone();
    let found = api.store.read(move |reader| {
        let Some(seq) = reader.tasks().seq(&id)? else { return Ok(Vec::new()) };
        let own = reader.questions().get(seq, n)?.and_then(|row| row.approval);
        let Some(own) = own else { return Ok(Vec::new()) };
        let mut others = Vec::new();
        for row in reader.questions().open()? {
            if is_like(&own, seq, &row)
                && let Some(stored) = reader.tasks().by_seq(row.task)?
            {
                others.push((stored.task.id, row.n));
            }
        }
        Ok(others)
    });
    Ok(found.await?)
}

/// The same decision for each of them. One that was decided meanwhile stays as it was decided.
pub(super) async fn decide_others(api: &Api, others: Vec<(TaskId, u32)>, answer: &Answer, by: &By) {
    for (task, question) in others {
        let event = Event::Answer { question, answer: answer.clone(), by: by.clone() };
        drop(api.engine.tell(&task, event).await);
    }
}
