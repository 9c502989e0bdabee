//! A task as it is read.

use errand_base::Timestamp;
use errand_model::{Holds, Lease, Origin, Policy, Run, Stage, Talk, Task, Timer, TurnLimits, Work};

use super::folder::{self, Cleanup};
use crate::StoreError;
use crate::table::names::{Columns, duration};

/// A task as it stands in the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub seq: i64,
    pub task: Task,
    pub title: String,
    pub work: Work,
    pub command: String,
    pub labels: Vec<String>,
    pub origin: Origin,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub archived_at: Option<Timestamp>,
    pub outcome: Option<String>,
    /// Of the folder that belongs to it, if one does.
    pub cleanup: Option<Cleanup>,
}

macro_rules! select {
    ($which:literal) => {
        concat!(
            "SELECT t.seq, t.id, t.state, t.version, t.generation, t.holds, t.priority, t.notify, t.timeout_ms, \
             t.retries, t.lease, t.start_at, t.failures, t.runs, t.executed_ms, t.next_question, t.next_timer, t.timers, \
             t.run_id, t.run_n, t.run_stage, t.run_started_at, t.run_working, t.turns, t.talk, t.reason, t.reason_text, t.title, w.work, t.command, \
             t.origin, t.created_at, t.updated_at, t.ended_at, t.archived_at, t.outcome, t.cleanup, t.cleanup_error, t.depth, \
             (SELECT p.id FROM task p WHERE p.seq = t.parent) \
             FROM task t JOIN work w ON w.task = t.seq ",
            $which
        )
    };
}
pub(super) use select;

/// Without what stands in other tables.
pub(super) fn read(row: &rusqlite::Row<'_>) -> Result<Stored, StoreError> {
    let mut columns = Columns::of("task", row);
    let seq = columns.get()?;
    let mut task = Task {
        id: columns.task_id()?,
        parent: None,
        depth: 0,
        state: columns.name()?,
        version: columns.get()?,
        generation: columns.get()?,
        holds: Holds::from_bits(columns.get()?),
        policy: Policy {
            priority: columns.name()?,
            notify: columns.name()?,
            timeout: columns.get::<Option<i64>>()?.map(duration),
            retries: columns.get()?,
            lease: columns.get::<Option<String>>()?.map(|folder| Lease::on(folder.into())),
            turns: TurnLimits::default(),
        },
        start_at: columns.time_or_none()?,
        after: Vec::new(),
        children: Vec::new(),
        failures: columns.get()?,
        runs: columns.get()?,
        run: None,
        executed: duration(columns.get()?),
        questions: Vec::new(),
        next_question: columns.get()?,
        next_timer: 0,
        timers: Vec::new(),
        talk: Talk::default(),
        reason: errand_model::Reason::Accepted,
        reason_text: String::new(),
    };
    task.next_timer = columns.get()?;
    task.timers = columns.json::<Vec<Timer>>()?;
    let (id, n) = (columns.run_id_or_none()?, columns.get::<Option<u32>>()?);
    let (stage, started_at) = (columns.name_or_none::<Stage>()?, columns.time_or_none()?);
    let working_since = columns.time_or_none()?;
    task.run = match (id, n, stage, started_at) {
        (Some(id), Some(n), Some(stage), Some(started_at)) => {
            Some(Run { id, n, stage, started_at, working_since })
        }
        _ => None,
    };
    task.policy.turns = columns.json_or_default()?;
    task.talk = columns.json_or_default()?;
    task.reason = columns.name()?;
    task.reason_text = columns.get()?;
    let mut stored = Stored {
        seq,
        task,
        title: columns.get()?,
        work: columns.json()?,
        command: columns.get()?,
        labels: Vec::new(),
        origin: columns.name()?,
        created_at: columns.time()?,
        updated_at: columns.time()?,
        ended_at: columns.time_or_none()?,
        archived_at: columns.time_or_none()?,
        outcome: columns.get()?,
        cleanup: folder::read(&mut columns)?,
    };
    stored.task.depth = columns.get()?;
    stored.task.parent = columns.task_id_or_none()?;
    Ok(stored)
}
