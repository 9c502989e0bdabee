//! The state of a task is written here and nowhere else.

pub(super) mod family;
mod folder;
mod row;

use std::ops::Deref;

use errand_base::{Code, Fault, TaskId, Timestamp};
use errand_model::{Hold, Holds, Origin, State, Task, Work};
use rusqlite::{Connection, params};

use crate::StoreError;
use crate::table::names::{Columns, Named, all, first, json, millis};
use crate::table::{dependency, key, label, question};
pub use family::{Kin, Missed, Root};
pub use folder::{Cleanup, Ended};
pub use row::Stored;
use row::{read, select};

pub struct Tasks<'a> {
    pub(crate) conn: &'a Connection,
}

pub struct TasksMut<'a> {
    pub(crate) read: Tasks<'a>,
    pub(crate) words: &'a mut Vec<i64>,
}

/// A task to be written down for the first time.
pub struct NewTask<'a> {
    pub task: &'a Task,
    pub title: &'a str,
    pub work: &'a Work,
    /// The work as one line, for lists.
    pub command: &'a str,
    pub labels: &'a [String],
    /// A folder belongs to it, to be removed with it.
    pub has_folder: bool,
    pub origin: Origin,
    /// An idempotency key; the same one again is the same task.
    pub key: Option<&'a str>,
    /// A hash of the work: the same key with another one is a conflict.
    pub fingerprint: &'a str,
    pub now: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inserted {
    New {
        seq: i64,
    },
    /// Another task has this id; choose a new one.
    IdTaken,
    /// The key is known. Nothing was written.
    Duplicate {
        id: TaskId,
        same_work: bool,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolved {
    One(TaskId),
    None,
    /// The first of the tasks that it could mean.
    Many(Vec<TaskId>),
}

impl Tasks<'_> {
    pub fn load(&self, id: &TaskId) -> Result<Option<Stored>, StoreError> {
        let sql = select!("WHERE t.id = ?1");
        first!(self.conn, sql, [id.as_str()], read).map(|stored| self.complete(stored)).transpose()
    }

    pub fn by_seq(&self, seq: i64) -> Result<Option<Stored>, StoreError> {
        let sql = select!("WHERE t.seq = ?1");
        first!(self.conn, sql, [seq], read).map(|stored| self.complete(stored)).transpose()
    }

    /// Every task that has not ended, or whose last run may still have processes; oldest first.
    pub fn load_unfinished(&self) -> Result<Vec<Stored>, StoreError> {
        let sql = select!("WHERE t.ended_at IS NULL OR t.run_id IS NOT NULL ORDER BY t.seq");
        let found: Vec<Stored> = all!(self.conn, sql, [], read);
        found.into_iter().map(|stored| self.complete(stored)).collect()
    }

    /// The tasks that this keeps from starting or going on, oldest first.
    pub fn held_by(&self, hold: Hold) -> Result<Vec<Stored>, StoreError> {
        let bit = Holds::default().with(hold).bits();
        let sql = select!("WHERE t.ended_at IS NULL AND t.holds & ?1 != 0 ORDER BY t.seq");
        let found: Vec<Stored> = all!(self.conn, sql, [bit], read);
        found.into_iter().map(|stored| self.complete(stored)).collect()
    }

    pub fn seq(&self, id: &TaskId) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT seq FROM task WHERE id = ?1";
        Ok(first!(self.conn, sql, [id.as_str()], |row: &rusqlite::Row<'_>| row.get(0)))
    }

    pub fn state(&self, id: &TaskId) -> Result<Option<State>, StoreError> {
        let sql = "SELECT state FROM task WHERE id = ?1";
        Ok(first!(self.conn, sql, [id.as_str()], |row| Columns::of("task", row).name()))
    }

    /// A whole id, or the beginning of exactly one; case does not matter.
    pub fn resolve(&self, typed: &str) -> Result<Resolved, StoreError> {
        let Ok(prefix) = TaskId::normalise(typed) else { return Ok(Resolved::None) };
        // '~' sorts after every letter an id can have.
        let sql = "SELECT id FROM task WHERE id >= ?1 AND id < ?1 || '~' ORDER BY id LIMIT 20";
        let mut found: Vec<TaskId> =
            all!(self.conn, sql, [&prefix], |row| Columns::of("task", row).task_id());
        if found.first().is_some_and(|id| id.as_str() == prefix) || found.len() == 1 {
            return Ok(Resolved::One(found.swap_remove(0)));
        }
        Ok(if found.is_empty() { Resolved::None } else { Resolved::Many(found) })
    }

    /// How many tasks are in each state; states without any are left out.
    pub fn counts(&self) -> Result<Vec<(State, u64)>, StoreError> {
        let sql = "SELECT state, count(*) FROM task GROUP BY state";
        Ok(all!(self.conn, sql, [], |row| -> Result<_, StoreError> {
            let mut columns = Columns::of("task", row);
            Ok((columns.name()?, columns.get()?))
        }))
    }

    fn complete(&self, mut stored: Stored) -> Result<Stored, StoreError> {
        stored.task.after = dependency::of_task(self.conn, stored.seq)?;
        stored.task.questions = question::open_of(self.conn, stored.seq)?;
        stored.labels = label::of_task(self.conn, stored.seq)?;
        // Nobody else has any.
        if stored.task.talk.worker {
            stored.task.children = family::known_to(self.conn, stored.seq)?;
        }
        Ok(stored)
    }
}

impl TasksMut<'_> {
    pub fn insert(&mut self, new: &NewTask<'_>) -> Result<Inserted, StoreError> {
        if let Some(key) = new.key
            && let Some(known) = key::find(self.conn, new.origin, key, new.now)?
        {
            return Ok(Inserted::Duplicate {
                same_work: known.fingerprint == new.fingerprint,
                id: known.task,
            });
        }
        if self.seq(&new.task.id)?.is_some() {
            return Ok(Inserted::IdTaken);
        }
        let parent = match &new.task.parent {
            None => None,
            Some(parent) => {
                let gone = || Fault::new(Code::TaskNotFound, format!("There is no task {parent}."));
                Some(self.seq(parent)?.ok_or_else(gone)?)
            }
        };
        let Work::Program(program) = new.work;
        let task = new.task;
        let now = new.now.as_millis();
        self.conn
            .prepare_cached(
                "INSERT INTO task (id, title, command, cwd, state, version, generation, holds, priority, notify, \
                 timeout_ms, retries, lease, start_at, failures, runs, executed_ms, next_question, next_timer, timers, \
                 run_id, run_n, run_stage, run_started_at, reason, reason_text, origin, created_at, updated_at, \
                 ended_at, cleanup, run_working, turns, talk, parent, depth) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, \
                 ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?28, \
                 ?29, ?30, ?31, ?32, ?33, ?34, ?35)",
            )?
            .execute(params![
                task.id.as_str(),
                new.title,
                new.command,
                program.cwd.to_string_lossy(),
                task.state.name(),
                task.version,
                task.generation,
                task.holds.bits(),
                task.policy.priority.db_name(),
                task.policy.notify.db_name(),
                task.policy.timeout.map(millis),
                task.policy.retries,
                task.policy.lease.as_ref().map(|lease| lease.folder().to_string_lossy()),
                task.start_at.map(Timestamp::as_millis),
                task.failures,
                task.runs,
                millis(task.executed),
                task.next_question,
                task.next_timer,
                timers(task)?,
                task.run.as_ref().map(|run| run.id.to_string()),
                task.run.as_ref().map(|run| run.n),
                task.run.as_ref().map(|run| run.stage.db_name()),
                task.run.as_ref().map(|run| run.started_at.as_millis()),
                task.reason.name(),
                task.reason_text,
                new.origin.db_name(),
                now,
                task.state.is_final().then_some(now),
                new.has_folder.then_some("none"),
                task.run.as_ref().and_then(|run| run.working_since).map(Timestamp::as_millis),
                unusual(&task.policy.turns)?,
                unusual(&task.talk)?,
                parent,
                task.depth,
            ])?;
        let seq = self.conn.last_insert_rowid();
        let work = json("work", new.work)?;
        self.conn.prepare_cached("INSERT INTO work VALUES (?1, ?2)")?.execute(params![seq, work])?;
        dependency::write(self.conn, seq, &task.after)?;
        label::write(self.conn, seq, new.labels)?;
        question::sync(self.conn, seq, task, new.now)?;
        if let Some(key) = new.key {
            key::write(self.conn, new.origin, key, seq, new.fingerprint)?;
        }
        self.words.push(seq);
        Ok(Inserted::New { seq })
    }

    /// Writes a task that was decided upon as of `from_version`. `false`: somebody else was first, and nothing
    /// was written. `outcome` replaces the line for lists if given; a task that is open again has none, and is no
    /// longer archived.
    pub fn advance(
        &mut self,
        seq: i64,
        from_version: u64,
        task: &Task,
        outcome: Option<&str>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let won = self
            .conn
            .prepare_cached(
                "UPDATE task SET state = ?3, version = ?4, generation = ?5, holds = ?6, priority = ?7, \
                 notify = ?8, timeout_ms = ?9, retries = ?10, start_at = ?11, failures = ?12, runs = ?13, \
                 executed_ms = ?14, next_question = ?15, next_timer = ?16, timers = ?17, run_id = ?18, \
                 run_n = ?19, run_stage = ?20, run_started_at = ?21, reason = ?22, reason_text = ?23, \
                 outcome = CASE WHEN ?25 THEN coalesce(?24, outcome) ELSE ?24 END, updated_at = ?26, \
                 ended_at = CASE WHEN ?25 THEN coalesce(ended_at, ?26) END, \
                 archived_at = CASE WHEN ?25 THEN archived_at END, \
                 cleanup = CASE WHEN ?25 OR cleanup IS NULL THEN cleanup ELSE 'none' END, \
                 cleanup_error = CASE WHEN ?25 THEN cleanup_error END, \
                 run_working = ?27, turns = ?28, talk = ?29 \
                 WHERE seq = ?1 AND version = ?2",
            )?
            .execute(params![
                seq,
                from_version,
                task.state.name(),
                task.version,
                task.generation,
                task.holds.bits(),
                task.policy.priority.db_name(),
                task.policy.notify.db_name(),
                task.policy.timeout.map(millis),
                task.policy.retries,
                task.start_at.map(Timestamp::as_millis),
                task.failures,
                task.runs,
                millis(task.executed),
                task.next_question,
                task.next_timer,
                timers(task)?,
                task.run.as_ref().map(|run| run.id.to_string()),
                task.run.as_ref().map(|run| run.n),
                task.run.as_ref().map(|run| run.stage.db_name()),
                task.run.as_ref().map(|run| run.started_at.as_millis()),
                task.reason.name(),
                task.reason_text,
                outcome,
                task.state.is_final(),
                now.as_millis(),
                task.run.as_ref().and_then(|run| run.working_since).map(Timestamp::as_millis),
                unusual(&task.policy.turns)?,
                unusual(&task.talk)?,
            ])?;
        if won == 0 {
            return Ok(false);
        }
        dependency::write(self.conn, seq, &task.after)?;
        family::write(self.conn, seq, task)?;
        question::sync(self.conn, seq, task, now)?;
        Ok(true)
    }

    /// Changes what no decision depends on; `None` leaves it as it is.
    pub fn edit(
        &mut self,
        seq: i64,
        title: Option<&str>,
        labels: Option<&[String]>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE task SET title = coalesce(?2, title), updated_at = ?3 WHERE seq = ?1";
        if self.conn.prepare_cached(sql)?.execute(params![seq, title, now.as_millis()])? == 0 {
            return Ok(false);
        }
        if let Some(labels) = labels {
            label::clear(self.conn, seq)?;
            label::write(self.conn, seq, labels)?;
        }
        if title.is_some() {
            self.words.push(seq);
        }
        Ok(true)
    }

    /// Puts an ended task into the archive or takes it out. `false`: it is not over, or there is nothing to change.
    pub fn archive(&mut self, seq: i64, archive: bool, now: Timestamp) -> Result<bool, StoreError> {
        let sql = "UPDATE task SET archived_at = CASE WHEN ?2 THEN ?3 END, updated_at = ?3 \
                   WHERE seq = ?1 AND ended_at IS NOT NULL AND (archived_at IS NULL) = ?2";
        Ok(self.conn.prepare_cached(sql)?.execute(params![seq, archive, now.as_millis()])? > 0)
    }

    /// The folder of a task that ended before is about to be removed; whoever decided about the task as it was loses.
    /// `false`: it is open again, processes are left of it or below it, or it has no folder.
    pub fn begin_removal(&mut self, seq: i64, before: Timestamp) -> Result<bool, StoreError> {
        let sql = format!(
            "UPDATE task SET cleanup = 'pending', cleanup_error = NULL, version = version + 1 \
             WHERE seq = ?1 AND ended_at < ?2 AND run_id IS NULL AND cleanup IS NOT NULL AND {}",
            family::NONE_BELOW_AT_WORK
        );
        Ok(self.conn.prepare_cached(&sql)?.execute(params![seq, before.as_millis()])? > 0)
    }

    /// The folder is gone, or why it is not. `false`: nobody was removing it.
    pub fn end_removal(&mut self, seq: i64, error: Option<&str>) -> Result<bool, StoreError> {
        let sql = "UPDATE task SET cleanup = CASE WHEN ?2 IS NULL THEN 'removed' ELSE 'failed' END, \
                   cleanup_error = ?2, version = version + 1 WHERE seq = ?1 AND cleanup = 'pending'";
        Ok(self.conn.prepare_cached(sql)?.execute(params![seq, error])? > 0)
    }

    /// Removes a task that ended before, with everything that belongs to it but its part of the feed, which
    /// [`crate::TransitionsMut::detach`] sets free.
    /// `false`: it was opened again meanwhile, or its folder or a sub-task is still there.
    pub fn delete_ended(&mut self, seq: i64, before: Timestamp) -> Result<bool, StoreError> {
        let sql = "DELETE FROM task WHERE seq = ?1 AND ended_at < ?2 AND run_id IS NULL \
                   AND (cleanup IS NULL OR cleanup = 'removed') \
                   AND NOT EXISTS (SELECT 1 FROM task c WHERE c.parent = ?1)";
        let gone = self.conn.prepare_cached(sql)?.execute(params![seq, before.as_millis()])? > 0;
        if gone {
            self.words.push(seq);
        }
        Ok(gone)
    }
}

impl<'a> Deref for TasksMut<'a> {
    type Target = Tasks<'a>;

    fn deref(&self) -> &Tasks<'a> {
        &self.read
    }
}

fn timers(task: &Task) -> Result<std::borrow::Cow<'static, str>, StoreError> {
    if task.timers.is_empty() { Ok("[]".into()) } else { Ok(json("task", &task.timers)?.into()) }
}

/// As JSON, or nothing where it is what most tasks have.
fn unusual<T: Default + PartialEq + serde::Serialize>(value: &T) -> Result<Option<String>, StoreError> {
    if *value == T::default() { Ok(None) } else { Ok(Some(json("task", value)?)) }
}
