//! Sub-tasks as rows: written down with the step of their parent, read for its next turn, removed with it.

use std::path::Path;
use std::sync::Arc;

use errand_agents::Subtask;
use errand_base::{Code, Fault, TaskId, Timestamp};
use errand_model::{
    Around, CallOff, Effect, Event, Origin, Program, Reason, Response, State, Step, SubtaskWish, Task, Work,
    accept_subtask,
};
use errand_store::{Entry, Inserted, Reader, Store, StoreError, Stored, SubjectKind, WriteTx};

use crate::commit::write_effect;
use crate::input::{LiveTask, Report};
use crate::text::one_line;

/// What a turn is told of the report of a sub-task; the whole stands in the window and the terminal.
const LONGEST_REPORT: usize = 8 * 1024;
/// The latest; before, a task was opened again many times.
const MOST_TOLD: usize = 30;

/// Whether the ids that were drawn for the sub-tasks of a step are free.
pub(crate) fn ids_are_free(tx: &mut WriteTx<'_>, step: &Step) -> Result<bool, StoreError> {
    for effect in &step.effects {
        if let Effect::BeginSubtask(wish) = effect
            && let Some(id) = &wish.id
            && tx.tasks().seq(id)?.is_some()
        {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Writes a sub-task down, in the transaction of the step that asks for it.
pub(crate) fn begin(
    tx: &mut WriteTx<'_>,
    parent: (i64, &Task),
    wish: &SubtaskWish,
    now: Timestamp,
) -> Result<LiveTask, StoreError> {
    let lost = |what: &str| Fault::new(Code::Internal, format!("A sub-task has no {what}."));
    let (seq, task) = parent;
    let above = tx.tasks().by_seq(seq)?.ok_or_else(|| lost("parent"))?;
    let id = wish.id.clone().ok_or_else(|| lost("id"))?;
    let Work::Program(own) = above.work;
    let command = wish.argv.as_deref().map_or(above.command, one_line);
    let work = Work::Program(Program {
        // Where it starts may be deeper; what it may use stays that of its parent.
        within: wish.cwd.as_ref().map_or(own.within.clone(), |_| own.within.or(Some(own.cwd.clone()))),
        cwd: wish.cwd.clone().unwrap_or(own.cwd),
        argv: wish.argv.clone().unwrap_or(own.argv),
        env: own.env,
        secrets: own.secrets,
        brief: wish.brief.clone(),
        execution: own.execution,
        allow: own.allow,
        // What must hold for the whole need not hold for a part.
        around: Around::default(),
    });
    let step = accept_subtask(id, task, wish.brief.is_some(), now);
    let row = errand_store::NewTask {
        task: &step.task,
        title: &wish.name(),
        work: &work,
        command: &command,
        labels: &wish.labels,
        has_folder: false,
        origin: Origin::Person,
        key: None,
        fingerprint: "",
        now,
    };
    let Inserted::New { seq } = tx.tasks().insert(&row)? else {
        return Err(lost("free id").into());
    };
    for effect in &step.effects {
        write_effect(tx, &step, effect, seq, None, now)?;
    }
    Ok(LiveTask { seq, task: step.task, work: Some(Arc::new(work)), has_folder: false })
}

/// A sub-task is not opened again below a task that is over: nobody would hear what comes of it.
pub(crate) fn check_reopening(tx: &mut WriteTx<'_>, step: &Step) -> Result<(), StoreError> {
    let Some(parent) = &step.task.parent else { return Ok(()) };
    match tx.tasks().state(parent)? {
        Some(state) if !state.is_final() => Ok(()),
        Some(_) | None => {
            let text = format!("{} belongs to {parent}, which is over.", step.task.id);
            let hint = format!("Open that again: `errand retry {parent}` or `errand message {parent}`.");
            Err(Fault::new(Code::IllegalState, text).hint(hint).into())
        }
    }
}

/// Its parent has a line about every sub-task; so has the task at the top, about those further below that went wrong.
pub(crate) fn tell_root(
    tx: &mut WriteTx<'_>,
    seq: i64,
    step: &Step,
    now: Timestamp,
) -> Result<(), StoreError> {
    let went_wrong = match step.task.state {
        State::Failed | State::TimedOut | State::Unknown => true,
        State::Completed
        | State::Cancelled
        | State::Waiting
        | State::Queued
        | State::Running
        | State::NeedsYou
        | State::RateLimited
        | State::Sleeping => false,
    };
    if !went_wrong || step.task.depth < 2 {
        return Ok(());
    }
    let Some(root) = tx.tasks().root_of(seq)? else { return Ok(()) };
    let Some(state) = tx.tasks().state(&root.id)? else { return Ok(()) };
    tx.transitions().append(&Entry {
        at: now,
        subject: SubjectKind::Task,
        task: Some((root.seq, &root.id)),
        subject_id: "",
        from: state.name(),
        to: state.name(),
        reason: Reason::SubtaskEnded,
        text: &format!("Sub-task {}, further below: {}", step.task.id, step.task.reason_text),
    })?;
    Ok(())
}

/// What a turn is told of the sub-tasks of its task.
pub(crate) fn told(reader: &Reader<'_>, stored: &Stored) -> Result<Vec<Subtask>, StoreError> {
    let children = &stored.task.children;
    let latest = &children[children.len().saturating_sub(MOST_TOLD)..];
    let mut told = Vec::with_capacity(latest.len());
    for child in latest {
        let earlier = child.generation != stored.task.generation;
        let known = reader.tasks().load(&child.task)?;
        let (task, key) = (child.task.clone(), child.key.clone());
        let Some(known) = known else {
            told.push(Subtask {
                title: String::new(),
                state: "removed",
                outcome: "Its person has removed it".to_owned(),
                report: None,
                task,
                key,
                earlier,
            });
            continue;
        };
        let artifact = reader.artifacts().latest(known.seq)?.filter(|_| known.task.state.is_final());
        told.push(Subtask {
            title: known.title,
            state: known.task.state.name(),
            outcome: known.outcome.unwrap_or(known.task.reason_text),
            report: artifact.map(|stored| shortened(stored.artifact.report)),
            task,
            key,
            earlier,
        });
    }
    Ok(told)
}

fn shortened(report: String) -> String {
    if report.len() <= LONGEST_REPORT {
        return report;
    }
    let cut = report.floor_char_boundary(LONGEST_REPORT);
    format!("{}\n…", &report[..cut])
}

/// A response that asks for sub-tasks that make no sense is none that can be read.
pub(crate) fn checked(report: Report, folder: &Path) -> Report {
    match report {
        Report::TurnEnded { response: Ok(response), tail, used, afterwards } => {
            Report::TurnEnded { response: check(response, folder), tail, used, afterwards }
        }
        other => other,
    }
}

fn check(mut response: Box<Response>, folder: &Path) -> Result<Box<Response>, String> {
    for wish in &mut response.subtasks {
        let name = wish.name();
        *wish = std::mem::take(wish).checked(folder).map_err(|why| format!("sub-task “{name}”: {why}"))?;
    }
    Ok(response)
}

/// What an engine that died did not come to tell.
pub(crate) async fn missed(store: &Store) -> Vec<(TaskId, Event)> {
    let looked_up = store.read(|reader| {
        let mut events = Vec::new();
        for (task, ended) in reader.tasks().orphans()? {
            events.push((task, Event::CalledOff { why: CallOff::after(ended) }));
        }
        for missed in reader.tasks().missed_of_subtasks()? {
            let (task, state) = (missed.task, missed.state);
            let ended = state.is_final();
            let event = if ended { Event::ChildEnded { task, state } } else { Event::ChildReopened { task } };
            events.push((missed.parent, event));
        }
        Ok(events)
    });
    looked_up.await.unwrap_or_else(|error| {
        tracing::error!(%error, "what became of sub-tasks could not be read");
        Vec::new()
    })
}
