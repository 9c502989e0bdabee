use std::ops::Deref;

use errand_base::Timestamp;
use errand_model::approval::{Approval, Verdict};
use errand_model::{By, Choice, Field, Question, QuestionKind, Surface, Task};
use rusqlite::{Connection, params};

use crate::StoreError;
use crate::table::names::{Columns, Named, all, first, json, named};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QuestionState {
    Open,
    Answered,
    /// It no longer mattered.
    Withdrawn,
}

named!(QuestionState { Open = "open", Answered = "answered", Withdrawn = "withdrawn" });

pub struct Questions<'a> {
    pub(crate) conn: &'a Connection,
}

pub struct QuestionsMut<'a> {
    pub(crate) read: Questions<'a>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuestionRow {
    /// `seq` of its task.
    pub task: i64,
    pub n: u32,
    pub kind: QuestionKind,
    pub text: String,
    pub choices: Vec<Choice>,
    pub options: Vec<String>,
    /// Any text will do.
    pub open: bool,
    pub fields: Vec<Field>,
    pub approval: Option<Box<Approval>>,
    pub state: QuestionState,
    pub asked_at: Timestamp,
    pub settled_at: Option<Timestamp>,
    pub choice: Option<String>,
    pub surface: Option<Surface>,
    pub note: Option<String>,
}

macro_rules! select {
    ($which:literal) => {
        concat!(
            "SELECT task, n, kind, text, choices, options, open, fields, approval, state, asked_at, settled_at, choice, surface, note FROM question ",
            $which
        )
    };
}

impl Questions<'_> {
    pub fn get(&self, task: i64, n: u32) -> Result<Option<QuestionRow>, StoreError> {
        Ok(first!(self.conn, select!("WHERE task = ?1 AND n = ?2"), params![task, n], read))
    }

    pub fn of_task(&self, task: i64) -> Result<Vec<QuestionRow>, StoreError> {
        Ok(all!(self.conn, select!("WHERE task = ?1 ORDER BY n"), [task], read))
    }

    /// What waits for the person, the oldest task first.
    pub fn open(&self) -> Result<Vec<QuestionRow>, StoreError> {
        Ok(all!(self.conn, select!("WHERE state = 'open' ORDER BY task, n"), [], read))
    }
}

impl QuestionsMut<'_> {
    /// `false` if it stands there already; advancing the task writes it as well.
    pub fn ask(&mut self, task: i64, question: &Question) -> Result<bool, StoreError> {
        insert(self.conn, task, question)
    }

    /// What became of each thing that an approval was asked for.
    pub fn decided(&mut self, task: i64, n: u32, verdicts: &[Verdict]) -> Result<(), StoreError> {
        let approval = self.get(task, n)?.and_then(|row| row.approval);
        if let Some(approval) = approval {
            let approval = json("question", &approval.with_verdicts(verdicts))?;
            let sql = "UPDATE question SET approval = ?3 WHERE task = ?1 AND n = ?2";
            self.conn.prepare_cached(sql)?.execute(params![task, n, approval])?;
        }
        Ok(())
    }

    /// Answered if there is a choice, otherwise withdrawn. `false`: it was settled before, and nothing changes.
    /// It makes no difference whether the task is advanced before or after.
    pub fn settle(
        &mut self,
        task: i64,
        n: u32,
        choice: Option<&str>,
        by: Option<&By>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let state = if choice.is_some() { QuestionState::Answered } else { QuestionState::Withdrawn };
        // Advancing the task has withdrawn it a moment ago if it came first.
        let sql = "UPDATE question SET state = ?3, settled_at = ?4, choice = ?5, surface = ?6, note = ?7 \
                   WHERE task = ?1 AND n = ?2 AND (state = 'open' OR (state = 'withdrawn' AND settled_at = ?4 \
                   AND surface IS NULL))";
        let params = params![
            task,
            n,
            state.db_name(),
            now.as_millis(),
            choice,
            by.map(|by| by.surface.db_name()),
            by.and_then(|by| by.note.as_deref()),
        ];
        Ok(self.conn.prepare_cached(sql)?.execute(params)? > 0)
    }
}

impl<'a> Deref for QuestionsMut<'a> {
    type Target = Questions<'a>;

    fn deref(&self) -> &Questions<'a> {
        &self.read
    }
}

pub(super) fn open_of(conn: &Connection, task: i64) -> Result<Vec<Question>, StoreError> {
    let rows: Vec<QuestionRow> =
        all!(conn, select!("WHERE task = ?1 AND state = 'open' ORDER BY n"), [task], read);
    Ok(rows
        .into_iter()
        .map(|row| Question {
            n: row.n,
            kind: row.kind,
            text: row.text,
            choices: row.choices,
            options: row.options,
            open: row.open,
            fields: row.fields,
            approval: row.approval,
            asked_at: row.asked_at,
        })
        .collect())
}

/// Makes the open questions of the table those of the task.
pub(super) fn sync(conn: &Connection, seq: i64, task: &Task, now: Timestamp) -> Result<(), StoreError> {
    // They are numbered from 1, so most tasks never had any and need no look at the table.
    if task.next_question <= 1 && task.questions.is_empty() {
        return Ok(());
    }
    if task.questions.is_empty() {
        let sql =
            "UPDATE question SET state = 'withdrawn', settled_at = ?2 WHERE task = ?1 AND state = 'open'";
        conn.prepare_cached(sql)?.execute(params![seq, now.as_millis()])?;
        return Ok(());
    }
    for open in open_of(conn, seq)? {
        if !task.questions.iter().any(|question| question.n == open.n) {
            let sql = "UPDATE question SET state = 'withdrawn', settled_at = ?3 WHERE task = ?1 AND n = ?2";
            conn.prepare_cached(sql)?.execute(params![seq, open.n, now.as_millis()])?;
        }
    }
    for question in &task.questions {
        insert(conn, seq, question)?;
    }
    Ok(())
}

fn insert(conn: &Connection, seq: i64, question: &Question) -> Result<bool, StoreError> {
    let sql = "INSERT OR IGNORE INTO question (task, n, kind, text, choices, options, open, fields, approval, \
               state, asked_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'open', ?10)";
    let fields = if question.fields.is_empty() { None } else { Some(json("question", &question.fields)?) };
    let approval = question.approval.as_ref().map(|approval| json("question", approval)).transpose()?;
    let params = params![
        seq,
        question.n,
        question.kind.db_name(),
        question.text,
        json("question", &question.choices)?,
        json("question", &question.options)?,
        question.open,
        fields,
        approval,
        question.asked_at.as_millis(),
    ];
    Ok(conn.prepare_cached(sql)?.execute(params)? > 0)
}

fn read(row: &rusqlite::Row<'_>) -> Result<QuestionRow, StoreError> {
    let mut columns = Columns::of("question", row);
    Ok(QuestionRow {
        task: columns.get()?,
        n: columns.get()?,
        kind: columns.name()?,
        text: columns.get()?,
        choices: columns.json()?,
        options: columns.json()?,
        open: columns.get()?,
        fields: columns.json_or_default()?,
        approval: columns.json_or_default()?,
        state: columns.name()?,
        asked_at: columns.time()?,
        settled_at: columns.time_or_none()?,
        choice: columns.get()?,
        surface: columns.name_or_none()?,
        note: columns.get()?,
    })
}
