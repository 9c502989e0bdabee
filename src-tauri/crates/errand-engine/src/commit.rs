//! What a decision writes: state, reason, artifact and delivery in one transaction. Publishing comes after it.

use errand_base::{Code, Fault, TaskId, Timestamp};
use errand_model::{
    DeliveryKind, Dependency, Effect, Hold, Holds, Reason, Run, State, Step, Subject, Surface, Task,
    Transition, accept,
};
use errand_store::{DeliveryState, Inserted, NewDelivery, Reader, RunKey, StoreError, WriteTx};

use crate::input::{Acceptance, Edit, LiveTask, NewTask, Used};
use crate::{failpoint, outbox, subtasks};

/// Ids are drawn by chance; this often in a row they are never all taken.
const DRAWS: u32 = 64;

/// What writing a step needs beside the step.
#[derive(Clone, Debug)]
pub(crate) struct StepWrite {
    pub seq: i64,
    pub from_version: u64,
    pub was_final: bool,
    /// What held it before.
    pub held: Holds,
    /// The run that the step is about, as it is afterwards or as it was.
    pub run: Option<Run>,
    pub used: Option<Used>,
}

/// What came of writing a step.
#[derive(Debug)]
pub(crate) enum Written {
    /// With the sub-tasks that were written with it.
    Won { begun: Vec<LiveTask> },
    /// Somebody else was first, or an id is taken. Nothing was written.
    Lost,
}

/// Writes a new task down. What it waits for is looked up here, so nothing can end in between.
pub(crate) fn write_acceptance(
    tx: &mut WriteTx<'_>,
    new: &NewTask,
    now: Timestamp,
) -> Result<Acceptance, StoreError> {
    failpoint::hit("before_accept_commit");
    let mut after = Vec::with_capacity(new.after.len());
    for task in &new.after {
        let Some(state) = tx.tasks().state(task)? else {
            return Err(Fault::new(Code::TaskNotFound, format!("There is no task {task}.")).into());
        };
        after.push(Dependency { ended: state.is_final().then_some(state), ..Dependency::on(task.clone()) });
    }
    let errand_model::Work::Program(program) = &new.work;
    let fingerprint = fingerprint(new);
    for _ in 0..DRAWS {
        let worker = program.brief.is_some();
        let chosen = new.own.as_ref().and_then(|own| own.id.clone());
        let step = accept(
            chosen.unwrap_or_else(TaskId::random),
            new.policy.clone(),
            worker,
            new.start_at,
            after.clone(),
            now,
        );
        let row = errand_store::NewTask {
            task: &step.task,
            title: &new.title,
            work: &new.work,
            command: &new.command,
            labels: &new.labels,
            has_folder: new.own.is_some(),
            origin: new.origin,
            key: new.key.as_deref(),
            fingerprint: &fingerprint,
            now,
        };
        match tx.tasks().insert(&row)? {
            Inserted::New { seq } => {
                for effect in &step.effects {
                    write_effect(tx, &step, effect, seq, None, now)?;
                }
                let work = Some(std::sync::Arc::new(new.work.clone()));
                let has_folder = new.own.is_some();
                return Ok(Acceptance::New(Box::new(LiveTask { seq, task: step.task, work, has_folder })));
            }
            Inserted::IdTaken => {}
            Inserted::Duplicate { id, same_work } => return Ok(Acceptance::Known { id, same_work }),
        }
    }
    Err(Fault::new(Code::Internal, "No free task id was found.").into())
}

/// The failpoints before and after the commit of a step.
pub(crate) fn boundary(step: &Step) -> (&'static str, &'static str) {
    for effect in &step.effects {
        match effect {
            Effect::Spawn { .. } => return ("before_start_commit", "after_start_commit"),
            Effect::Yield { .. } => return ("before_ask_commit", "after_ask_commit"),
            Effect::Linger { .. } => return ("before_finish_commit", "after_finish_commit"),
            Effect::KeepTurn(_) => return ("before_turn_commit", "after_turn_commit"),
            Effect::BeginSubtask(_) => return ("before_subtask_commit", "after_subtask_commit"),
            _ => {}
        }
    }
    ("before_end_commit", "after_end_commit")
}

/// Writes a step if the task is still as it was when the step was decided.
pub(crate) fn write_step(
    tx: &mut WriteTx<'_>,
    write: &StepWrite,
    step: &Step,
    now: Timestamp,
) -> Result<Written, StoreError> {
    failpoint::hit(boundary(step).0);
    if !subtasks::ids_are_free(tx, step)? {
        return Ok(Written::Lost);
    }
    let ends = step.task.state.is_final();
    if write.was_final && !ends {
        subtasks::check_reopening(tx, step)?;
    }
    let artifact = step.effects.iter().find_map(|effect| match effect {
        Effect::File(artifact) => Some(artifact),
        _ => None,
    });
    let outcome = match artifact {
        Some(artifact) => Some(artifact.outcome.as_str()),
        None => (ends && !write.was_final).then_some(step.task.reason_text.as_str()),
    };
    if !tx.tasks().advance(write.seq, write.from_version, &step.task, outcome, now)? {
        return Ok(Written::Lost);
    }
    if let (Some(used), Some(run)) = (&write.used, &write.run) {
        let cpu = u64::try_from(used.cpu.as_millis()).unwrap_or(u64::MAX);
        tx.runs().ended(
            RunKey { task: write.seq, n: run.n },
            Some(used.exit),
            Some(cpu),
            Some(used.max_rss_kib),
            now,
        )?;
    }
    let mut begun = Vec::new();
    for effect in &step.effects {
        write_effect(tx, step, effect, write.seq, write.run.as_ref(), now)?;
        if let Effect::BeginSubtask(wish) = effect {
            begun.push(subtasks::begin(tx, (write.seq, &step.task), wish, now)?);
        }
    }
    if ends && !write.was_final {
        subtasks::tell_root(tx, write.seq, step, now)?;
    }
    if write.held.contains(Hold::Keychain) && !step.task.holds.contains(Hold::Keychain) {
        withdraw_notices(tx, write.seq, now)?;
    }
    Ok(Written::Won { begun })
}

/// What they told of is mended, or does not matter any more.
fn withdraw_notices(tx: &mut WriteTx<'_>, seq: i64, now: Timestamp) -> Result<(), StoreError> {
    let told = tx.deliveries().of_task(seq)?;
    for delivery in told.into_iter().filter(|delivery| delivery.kind == DeliveryKind::Notice) {
        outbox::settle(tx, delivery, DeliveryState::Withdrawn, Reason::Settled, now)?;
    }
    Ok(())
}

/// One keychain that is closed is one thing to tell, however many tasks wait for it.
fn is_told_already(tx: &Reader<'_>, step: &Step, kind: DeliveryKind) -> Result<bool, StoreError> {
    let of_keychain = kind == DeliveryKind::Notice && step.task.reason == Reason::HeldForKeychain;
    if !of_keychain || !step.task.holds.contains(Hold::Keychain) {
        return Ok(false);
    }
    let held = tx.tasks().held_by(Hold::Keychain)?;
    Ok(held.iter().any(|stored| stored.task.id != step.task.id))
}

pub(crate) fn write_effect(
    tx: &mut WriteTx<'_>,
    step: &Step,
    effect: &Effect,
    seq: i64,
    run: Option<&Run>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let key = RunKey { task: seq, n: run.map_or(step.task.runs, |run| run.n) };
    match effect {
        Effect::Spawn { run: id } => tx.runs().begin(*id, key, now)?,
        Effect::End { .. } | Effect::Linger { .. } => drop(tx.runs().ending(key)?),
        Effect::Free { .. } => drop(tx.runs().over(key, now)?),
        Effect::KeepTurn(turn) => tx.turns().keep(seq, turn, now)?,
        Effect::Prompt { .. } | Effect::Yield { .. } | Effect::Take { .. } | Effect::Decide { .. } => {}
        Effect::UseGrant { grant } => {
            if !tx.grants().use_once(*grant, now)? {
                return Err(Fault::new(Code::GrantNotFound, "A grant is over.").into());
            }
        }
        Effect::Grant(grant) => drop(tx.grants().add(grant, surface_of(step), now)?),
        // The open questions of a task are rows that follow its state; only the answer is news.
        Effect::Ask(_) => {}
        Effect::Settle { question, choice, by, verdicts, told: _ } => {
            tx.questions().settle(seq, *question, choice.as_deref(), by.as_ref(), now)?;
            if !verdicts.is_empty() {
                tx.questions().decided(seq, *question, verdicts)?;
            }
            let told = tx.deliveries().of_task(seq)?;
            let on_banner = by.as_ref().is_some_and(|by| by.surface == Surface::Notification);
            let (to, reason) = match on_banner {
                true => (DeliveryState::Acted, Reason::OpenedByPerson),
                false => (DeliveryState::Withdrawn, Reason::Settled),
            };
            for delivery in told.into_iter().filter(|delivery| delivery.question == Some(*question)) {
                outbox::settle(tx, delivery, to, reason, now)?;
            }
        }
        Effect::File(artifact) => {
            if let Some(run) = run {
                tx.artifacts().file(run.id, seq, run.n, artifact, now)?;
            }
            // A result that is not announced by itself comes with the next digest.
            if step.task.state == State::Completed && !artifact.notify && step.task.parent.is_none() {
                let result = NewDelivery {
                    task: Some(seq),
                    run: run.map(|run| run.id),
                    question: None,
                    kind: DeliveryKind::Result,
                    state: DeliveryState::Pending,
                    why: "",
                };
                tx.deliveries().add(&result, now)?;
            }
        }
        Effect::Deliver(kind) if is_told_already(tx, step, *kind)? => {}
        Effect::Deliver(kind) => {
            let question = match kind {
                DeliveryKind::Question => step.task.questions.last().map(|question| question.n),
                DeliveryKind::Result
                | DeliveryKind::Failure
                | DeliveryKind::Notice
                | DeliveryKind::Digest => None,
            };
            let delivery = NewDelivery {
                task: Some(seq),
                run: run.map(|run| run.id),
                question,
                kind: *kind,
                state: DeliveryState::Pending,
                why: "",
            };
            tx.deliveries().add(&delivery, now)?;
        }
        // What waits for this task finds out from its rows; telling is the fast path. Sub-tasks are written by
        // whoever can hand them on.
        Effect::TellDependents | Effect::BeginSubtask(_) => {}
        Effect::Record(transition) => {
            tx.transitions().record((seq, &step.task.id), transition, now)?;
        }
    }
    Ok(())
}

/// Where the person acted that a step is about.
fn surface_of(step: &Step) -> Surface {
    let by = step.effects.iter().find_map(|effect| match effect {
        Effect::Settle { by, .. } => by.as_ref(),
        _ => None,
    });
    by.map_or(Surface::Script, |by| by.surface)
}

/// Changes what may be changed after a task was handed over; returns it as it is afterwards.
pub(crate) fn write_edit(
    tx: &mut WriteTx<'_>,
    id: &TaskId,
    edit: &Edit,
    now: Timestamp,
) -> Result<Task, StoreError> {
    let Some(stored) = tx.tasks().load(id)? else {
        return Err(Fault::new(Code::TaskNotFound, format!("There is no task {id}.")).into());
    };
    let mut task = stored.task;
    let from_version = task.version;
    let policy = &mut task.policy;
    policy.priority = edit.priority.unwrap_or(policy.priority);
    policy.notify = edit.notify.unwrap_or(policy.notify);
    policy.retries = edit.retries.unwrap_or(policy.retries);
    policy.turns.most = edit.turns.unwrap_or(policy.turns.most);
    if let Some(limit) = edit.timeout {
        task.limit(limit);
    }
    task.version += 1;
    // Within the writer nobody can come between the read and the write.
    tx.tasks().advance(stored.seq, from_version, &task, None, now)?;
    tx.tasks().edit(stored.seq, edit.title.as_deref(), edit.labels.as_deref(), now)?;
    let transition = Transition {
        subject: Subject::Task,
        from: task.state.name(),
        to: task.state.name(),
        reason: Reason::Edited,
        text: "Changed by the person".to_owned(),
    };
    tx.transitions().record((stored.seq, id), &transition, now)?;
    Ok(task)
}

/// The same key with other work is a conflict; the environment does not count, since callers differ in it.
fn fingerprint(new: &NewTask) -> String {
    let errand_model::Work::Program(program) = &new.work;
    let brief = program.brief.as_deref();
    match (&new.own, brief) {
        (None, None) => serde_json::json!([program.argv, program.cwd]),
        (None, Some(brief)) => serde_json::json!([program.argv, program.cwd, brief]),
        (Some(own), brief) => {
            let cwd = (!own.is_run_in()).then_some(&program.cwd);
            serde_json::json!([program.argv, cwd, own.fingerprint(), brief])
        }
    }
    .to_string()
}
