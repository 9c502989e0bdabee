use std::ops::Deref;

use errand_base::Timestamp;
use errand_model::{Exit, TurnRecord};
use rusqlite::{Connection, params};

use crate::StoreError;
use crate::table::names::{Columns, Named, all, json};

pub struct Turns<'a> {
    pub(crate) conn: &'a Connection,
}

pub struct TurnsMut<'a> {
    pub(crate) read: Turns<'a>,
}

impl Turns<'_> {
    /// The first turn of the first generation first.
    pub fn of_task(&self, task: i64) -> Result<Vec<TurnRecord>, StoreError> {
        let sql = "SELECT generation, turn, run, exit_code, exit_signal, outcome, summary, tools FROM turn \
                   WHERE task = ?1 ORDER BY generation, turn";
        Ok(all!(self.conn, sql, [task], read))
    }
}

impl TurnsMut<'_> {
    pub fn keep(&mut self, task: i64, turn: &TurnRecord, now: Timestamp) -> Result<(), StoreError> {
        let (code, signal) = match turn.exit {
            Exit::Code(code) => (Some(code), None),
            Exit::Signal(signal) => (None, Some(signal)),
        };
        let sql = "INSERT INTO turn (task, generation, turn, run, exit_code, exit_signal, outcome, summary, \
                   tools, ended_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
        let tools = match turn.tools.as_slice() {
            [] => None,
            _ => Some(json("turn", &turn.tools)?),
        };
        self.conn.prepare_cached(sql)?.execute(params![
            task,
            turn.generation,
            turn.turn,
            turn.run,
            code,
            signal,
            turn.outcome.db_name(),
            turn.summary,
            tools,
            now.as_millis(),
        ])?;
        Ok(())
    }
}

impl<'a> Deref for TurnsMut<'a> {
    type Target = Turns<'a>;

    fn deref(&self) -> &Turns<'a> {
        &self.read
    }
}

fn read(row: &rusqlite::Row<'_>) -> Result<TurnRecord, StoreError> {
    let mut columns = Columns::of("turn", row);
    let (generation, turn, run) = (columns.get()?, columns.get()?, columns.get()?);
    let (code, signal): (Option<i32>, Option<i32>) = (columns.get()?, columns.get()?);
    Ok(TurnRecord {
        generation,
        turn,
        run,
        exit: signal.map_or(Exit::Code(code.unwrap_or_default()), Exit::Signal),
        outcome: columns.name()?,
        summary: columns.get()?,
        tools: columns.json_or_default()?,
    })
}
