use std::ops::Deref;

use errand_base::{RunId, Timestamp};
use errand_model::DeliveryKind;
use rusqlite::{Connection, params};

use crate::StoreError;
use crate::table::names::{Columns, Named, all, first, named};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    Pending,
    /// Not shown yet, for a reason that is said.
    Held,
    /// About to be shown; a crash here may show it twice.
    Showing,
    Shown,
    Opened,
    Acted,
    Dismissed,
    Withdrawn,
}

named!(DeliveryState {
    Pending = "pending",
    Held = "held",
    Showing = "showing",
    Shown = "shown",
    Opened = "opened",
    Acted = "acted",
    Dismissed = "dismissed",
    Withdrawn = "withdrawn",
});

impl DeliveryState {
    pub fn name(self) -> &'static str {
        self.db_name()
    }
}

pub struct Deliveries<'a> {
    pub(crate) conn: &'a Connection,
}

pub struct DeliveriesMut<'a> {
    pub(crate) read: Deliveries<'a>,
}

pub struct NewDelivery<'a> {
    /// `seq` of the task it is about; a notice may be about none.
    pub task: Option<i64>,
    pub run: Option<RunId>,
    pub question: Option<u32>,
    pub kind: DeliveryKind,
    pub state: DeliveryState,
    pub why: &'a str,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub id: i64,
    pub task: Option<i64>,
    pub run: Option<RunId>,
    pub question: Option<u32>,
    pub kind: DeliveryKind,
    pub state: DeliveryState,
    pub why: String,
    /// How often it was shown, or tried.
    pub attempts: u32,
    /// The notification service it was last shown on.
    pub shown_on: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

macro_rules! select {
    ($which:literal) => {
        concat!(
            "SELECT id, task, run, question, kind, state, why, attempts, shown_on, created_at, updated_at \
             FROM delivery ",
            $which
        )
    };
}

impl Deliveries<'_> {
    pub fn get(&self, id: i64) -> Result<Option<Delivery>, StoreError> {
        Ok(first!(self.conn, select!("WHERE id = ?1"), [id], read))
    }

    /// Everything that is not known to have been shown, oldest first.
    pub fn due(&self) -> Result<Vec<Delivery>, StoreError> {
        let mut found = self.unsettled()?;
        found.retain(|delivery| delivery.state != DeliveryState::Shown);
        Ok(found)
    }

    /// What is due, and what was shown and not settled since.
    pub fn unsettled(&self) -> Result<Vec<Delivery>, StoreError> {
        let sql = select!("WHERE state IN ('pending', 'held', 'showing', 'shown') ORDER BY id");
        Ok(all!(self.conn, sql, [], read))
    }

    pub fn of_task(&self, task: i64) -> Result<Vec<Delivery>, StoreError> {
        Ok(all!(self.conn, select!("WHERE task = ?1 ORDER BY id"), [task], read))
    }

    /// The newest first, below `before`.
    pub fn list(&self, before: Option<i64>, limit: u32) -> Result<Vec<Delivery>, StoreError> {
        let sql = select!("WHERE id < ?1 ORDER BY id DESC LIMIT ?2");
        Ok(all!(self.conn, sql, params![before.unwrap_or(i64::MAX), limit], read))
    }
}

impl DeliveriesMut<'_> {
    pub fn add(&mut self, new: &NewDelivery<'_>, now: Timestamp) -> Result<i64, StoreError> {
        let sql = "INSERT INTO delivery (task, run, question, kind, state, why, attempts, created_at, updated_at) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?7)";
        self.conn.prepare_cached(sql)?.execute(params![
            new.task,
            new.run.map(|run| run.to_string()),
            new.question,
            new.kind.db_name(),
            new.state.db_name(),
            new.why,
            now.as_millis(),
        ])?;
        Ok(self.conn.last_insert_rowid())
    }

    /// `false`: it was not in that state any more, and nothing was written.
    pub fn advance(
        &mut self,
        id: i64,
        from: DeliveryState,
        to: DeliveryState,
        why: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE delivery SET state = ?3, why = ?4, updated_at = ?5 WHERE id = ?1 AND state = ?2";
        let params = params![id, from.db_name(), to.db_name(), why, now.as_millis()];
        Ok(self.conn.prepare_cached(sql)?.execute(params)? > 0)
    }

    /// The intent to show it on this service, which counts as an attempt.
    pub fn showing(
        &mut self,
        id: i64,
        from: DeliveryState,
        shown_on: &str,
        why: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE delivery SET state = 'showing', attempts = attempts + 1, shown_on = ?3, why = ?4, \
                   updated_at = ?5 WHERE id = ?1 AND state = ?2";
        let params = params![id, from.db_name(), shown_on, why, now.as_millis()];
        Ok(self.conn.prepare_cached(sql)?.execute(params)? > 0)
    }
}

impl<'a> Deref for DeliveriesMut<'a> {
    type Target = Deliveries<'a>;

    fn deref(&self) -> &Deliveries<'a> {
        &self.read
    }
}

fn read(row: &rusqlite::Row<'_>) -> Result<Delivery, StoreError> {
    let mut columns = Columns::of("delivery", row);
    Ok(Delivery {
        id: columns.get()?,
        task: columns.get()?,
        run: columns.run_id_or_none()?,
        question: columns.get()?,
        kind: columns.name()?,
        state: columns.name()?,
        why: columns.get()?,
        attempts: columns.get()?,
        shown_on: columns.get()?,
        created_at: columns.time()?,
        updated_at: columns.time()?,
    })
}
