use std::ops::Deref;

use errand_base::{TaskId, Timestamp};
use errand_model::{Reason, Subject, Transition};
use rusqlite::{Connection, Row, params};

use crate::StoreError;
use crate::table::names::{Columns, Named, all, first, named};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SubjectKind {
    Task,
    Run,
    Question,
    Delivery,
    Settings,
}

named!(SubjectKind {
    Task = "task",
    Run = "run",
    Question = "question",
    Delivery = "delivery",
    Settings = "settings",
});

/// A change to be written down.
pub struct Entry<'a> {
    pub at: Timestamp,
    pub subject: SubjectKind,
    /// The task that it belongs to, with its `seq`.
    pub task: Option<(i64, &'a TaskId)>,
    /// Which one of its kind; empty for the task itself.
    pub subject_id: &'a str,
    pub from: &'a str,
    pub to: &'a str,
    pub reason: Reason,
    pub text: &'a str,
}

/// A change that was written down. `seq` is the cursor of the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub seq: i64,
    pub at: Timestamp,
    pub subject: SubjectKind,
    pub task: Option<TaskId>,
    pub subject_id: String,
    pub from: String,
    pub to: String,
    pub reason: Reason,
    pub text: String,
}

pub struct Transitions<'a> {
    pub(crate) conn: &'a Connection,
}

pub struct TransitionsMut<'a> {
    pub(crate) read: Transitions<'a>,
    pub(crate) changes: &'a mut Vec<Change>,
}

macro_rules! select {
    ($which:literal) => {
        concat!(
            "SELECT seq, at, subject, task, subject_id, from_state, to_state, reason, text FROM transition ",
            $which
        )
    };
}

impl Transitions<'_> {
    /// What came after the cursor, oldest first.
    pub fn after(&self, cursor: i64, limit: u32) -> Result<Vec<Change>, StoreError> {
        Ok(all!(self.conn, select!("WHERE seq > ?1 ORDER BY seq LIMIT ?2"), params![cursor, limit], read))
    }

    /// The timeline of a task, oldest first.
    pub fn of_task(&self, task: i64) -> Result<Vec<Change>, StoreError> {
        Ok(all!(self.conn, select!("WHERE task_seq = ?1 ORDER BY seq"), [task], read))
    }

    /// The first change that is still kept. A cursor below it minus one has missed some.
    pub fn oldest(&self) -> Result<Option<i64>, StoreError> {
        Ok(first!(self.conn, "SELECT min(seq) FROM transition", [], |row: &Row<'_>| row.get(0)).flatten())
    }

    /// The cursor of now; zero if nothing ever happened.
    pub fn latest(&self) -> Result<i64, StoreError> {
        let latest = first!(self.conn, "SELECT max(seq) FROM transition", [], |row: &Row<'_>| row.get(0));
        Ok(latest.flatten().unwrap_or(0))
    }
}

impl TransitionsMut<'_> {
    /// Writes the change down; it is published after the commit.
    pub fn append(&mut self, entry: &Entry<'_>) -> Result<i64, StoreError> {
        let sql = "INSERT INTO transition (at, subject, task, task_seq, subject_id, from_state, to_state, reason, \
                   text) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        self.conn.prepare_cached(sql)?.execute(params![
            entry.at.as_millis(),
            entry.subject.db_name(),
            entry.task.map(|(_, id)| id.as_str()),
            entry.task.map(|(seq, _)| seq),
            entry.subject_id,
            entry.from,
            entry.to,
            entry.reason.name(),
            entry.text,
        ])?;
        let seq = self.conn.last_insert_rowid();
        self.changes.push(Change {
            seq,
            at: entry.at,
            subject: entry.subject,
            task: entry.task.map(|(_, id)| id.clone()),
            subject_id: entry.subject_id.into(),
            from: entry.from.into(),
            to: entry.to.into(),
            reason: entry.reason,
            text: entry.text.into(),
        });
        Ok(seq)
    }

    /// What a step of a task recorded. A run is named by its id, a question as `q1`.
    pub fn record(
        &mut self,
        task: (i64, &TaskId),
        change: &Transition,
        now: Timestamp,
    ) -> Result<i64, StoreError> {
        let (subject, subject_id) = match change.subject {
            Subject::Task => (SubjectKind::Task, String::new()),
            Subject::Run(run) => (SubjectKind::Run, run.to_string()),
            Subject::Question(n) => (SubjectKind::Question, format!("q{n}")),
        };
        self.append(&Entry {
            at: now,
            subject,
            task: Some(task),
            subject_id: &subject_id,
            from: change.from,
            to: change.to,
            reason: change.reason,
            text: &change.text,
        })
    }

    /// For a removed task, whose number may be given to another: what it did stays in the feed.
    pub fn detach(&mut self, task: i64) -> Result<(), StoreError> {
        let sql = "UPDATE transition SET task_seq = NULL WHERE task_seq = ?1";
        self.conn.prepare_cached(sql)?.execute([task])?;
        Ok(())
    }

    /// Removes the oldest rows from before that moment, at most `limit`; says how many. The newest row stays: the
    /// next number must be above all that were used.
    pub fn trim(&mut self, before: Timestamp, limit: u32) -> Result<usize, StoreError> {
        let sql = "DELETE FROM transition WHERE at < ?1 AND seq < (SELECT max(seq) FROM transition) AND seq < \
                   (SELECT min(seq) FROM transition) + ?2";
        Ok(self.conn.prepare_cached(sql)?.execute(params![before.as_millis(), limit])?)
    }
}

impl<'a> Deref for TransitionsMut<'a> {
    type Target = Transitions<'a>;

    fn deref(&self) -> &Transitions<'a> {
        &self.read
    }
}

fn read(row: &Row<'_>) -> Result<Change, StoreError> {
    let mut columns = Columns::of("transition", row);
    Ok(Change {
        seq: columns.get()?,
        at: columns.time()?,
        subject: columns.name()?,
        task: columns.task_id_or_none()?,
        subject_id: columns.get()?,
        from: columns.get()?,
        to: columns.get()?,
        reason: columns.name()?,
        text: columns.get()?,
    })
}
