use std::ops::Deref;

use errand_base::{RunId, Timestamp};
use errand_model::DeliveryKind;
use rusqlite::{Connection, Row, params};

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
    /// Told by a digest.
    Digested,
    /// In the lists only, and told by nothing.
    Filed,
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
    Digested = "digested",
    Filed = "filed",
});

impl DeliveryState {
    pub fn name(self) -> &'static str {
        self.db_name()
    }

    /// Nothing becomes of it any more.
    pub fn is_settled(self) -> bool {
        match self {
            DeliveryState::Pending | DeliveryState::Held | DeliveryState::Showing | DeliveryState::Shown => {
                false
            }
            DeliveryState::Opened
            | DeliveryState::Acted
            | DeliveryState::Dismissed
            | DeliveryState::Withdrawn
            | DeliveryState::Digested
            | DeliveryState::Filed => true,
        }
    }
}

/// What became of something that nobody came for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Escalation {
    /// The person's program is still to be told.
    Due,
    Done,
    /// It was old already when escalating was switched on.
    Waived,
}

named!(Escalation { Due = "due", Done = "done", Waived = "waived" });

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
    /// The name of the gate's reason, or what a service said. Empty: nothing was decided about it yet.
    pub why: String,
    /// How often it was shown, or tried.
    pub attempts: u32,
    /// The notification service it was last shown on, by the name that it has on the bus.
    pub shown_on: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// While it is held. `None`: until something around it changes.
    pub until: Option<Timestamp>,
    /// The first time.
    pub shown_at: Option<Timestamp>,
    /// What the service calls itself.
    pub service: Option<String>,
    pub escalation: Option<Escalation>,
    /// The digest that it is part of.
    pub digest: Option<i64>,
}

macro_rules! select {
    ($which:literal) => {
        concat!(
            "SELECT id, task, run, question, kind, state, why, attempts, shown_on, created_at, updated_at, until, \
             shown_at, service, escalation, digest FROM delivery ",
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
        let sql = select!("WHERE state IN ('pending', 'held', 'showing') ORDER BY id");
        Ok(all!(self.conn, sql, [], read))
    }

    /// What is due, and what was shown and not settled since.
    pub fn unsettled(&self) -> Result<Vec<Delivery>, StoreError> {
        let sql = select!("WHERE state IN ('pending', 'held', 'showing', 'shown') ORDER BY id");
        Ok(all!(self.conn, sql, [], read))
    }

    /// What is due, and what was shown on another service and less than `most` times; oldest first.
    pub fn due_on(&self, service: &str, most: u32) -> Result<Vec<Delivery>, StoreError> {
        let sql = select!(
            "WHERE state IN ('pending', 'held', 'showing', 'shown') AND (state <> 'shown' OR (shown_on <> ?1 AND \
             attempts < ?2)) ORDER BY id"
        );
        Ok(all!(self.conn, sql, params![service, most], read))
    }

    /// Questions and failures that nobody has come for, or whose escalating is not done yet; oldest first.
    pub fn unattended(&self) -> Result<Vec<Delivery>, StoreError> {
        let sql = select!(
            "WHERE state IN ('pending', 'held', 'showing', 'shown') AND kind IN ('question', 'failure') AND \
             (escalation IS NULL OR escalation = 'due') ORDER BY id"
        );
        Ok(all!(self.conn, sql, [], read))
    }

    /// When the first of what is held comes up again, after `now`.
    pub fn next_until(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT min(until) FROM delivery WHERE state IN ('pending', 'held', 'showing', 'shown') AND \
                   state = 'held' AND until > ?1";
        let next = first!(self.conn, sql, [now.as_millis()], |row: &Row<'_>| {
            Columns::of("delivery", row).time_or_none()
        });
        Ok(next.flatten())
    }

    /// When banners were shown that count for the limits.
    pub fn counted_since(&self, since: Timestamp) -> Result<Vec<Timestamp>, StoreError> {
        let sql = "SELECT counted_at FROM delivery WHERE counted_at >= ?1";
        Ok(all!(self.conn, sql, [since.as_millis()], |row: &Row<'_>| Columns::of("delivery", row).time()))
    }

    pub fn of_task(&self, task: i64) -> Result<Vec<Delivery>, StoreError> {
        Ok(all!(self.conn, select!("WHERE task = ?1 ORDER BY id"), [task], read))
    }

    pub fn in_digest(&self, digest: i64) -> Result<Vec<Delivery>, StoreError> {
        Ok(all!(self.conn, select!("WHERE digest = ?1 ORDER BY id"), [digest], read))
    }

    /// The newest first, below `before`; of one task if it is given.
    pub fn list(
        &self,
        task: Option<i64>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        let before = before.unwrap_or(i64::MAX);
        Ok(match task {
            Some(task) => {
                let sql = select!("WHERE task = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3");
                all!(self.conn, sql, params![task, before, limit], read)
            }
            None => {
                let sql = select!("WHERE id < ?1 ORDER BY id DESC LIMIT ?2");
                all!(self.conn, sql, params![before, limit], read)
            }
        })
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
        let sql = "UPDATE delivery SET state = ?3, why = ?4, updated_at = ?5, until = NULL WHERE id = ?1 AND \
                   state = ?2";
        let params = params![id, from.db_name(), to.db_name(), why, now.as_millis()];
        Ok(self.conn.prepare_cached(sql)?.execute(params)? > 0)
    }

    /// Not now, but at `until` or with the next change.
    pub fn hold(
        &mut self,
        id: i64,
        from: DeliveryState,
        until: Option<Timestamp>,
        why: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE delivery SET state = 'held', until = ?3, why = ?4, updated_at = ?5 WHERE id = ?1 AND \
                   state = ?2";
        let until = until.map(Timestamp::as_millis);
        let params = params![id, from.db_name(), until, why, now.as_millis()];
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
                   updated_at = ?5, until = NULL WHERE id = ?1 AND state = ?2";
        let params = params![id, from.db_name(), shown_on, why, now.as_millis()];
        Ok(self.conn.prepare_cached(sql)?.execute(params)? > 0)
    }

    /// It is on the screen. `counts`: for the limits, once.
    pub fn shown(
        &mut self,
        id: i64,
        service: &str,
        counts: bool,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE delivery SET state = 'shown', service = ?2, shown_at = coalesce(shown_at, ?4), \
                   counted_at = iif(?3, coalesce(counted_at, ?4), counted_at), updated_at = ?4 WHERE id = ?1 AND \
                   state = 'showing'";
        Ok(self.conn.prepare_cached(sql)?.execute(params![id, service, counts, now.as_millis()])? > 0)
    }

    /// A digest tells of it.
    pub fn digested(
        &mut self,
        id: i64,
        from: DeliveryState,
        digest: i64,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE delivery SET state = 'digested', digest = ?3, until = NULL, updated_at = ?4 WHERE \
                   id = ?1 AND state = ?2";
        let params = params![id, from.db_name(), digest, now.as_millis()];
        Ok(self.conn.prepare_cached(sql)?.execute(params)? > 0)
    }

    /// Nobody came. `again`: it goes through the gate once more, now as something urgent.
    pub fn escalate(
        &mut self,
        id: i64,
        to: Escalation,
        again: bool,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE delivery SET escalation = ?2, state = iif(?3, 'pending', state), until = iif(?3, NULL, \
                   until), updated_at = ?4 WHERE id = ?1 AND state IN ('pending', 'held', 'showing', 'shown') AND \
                   escalation IS NULL";
        Ok(self.conn.prepare_cached(sql)?.execute(params![id, to.db_name(), again, now.as_millis()])? > 0)
    }

    pub fn escalated(&mut self, id: i64) -> Result<(), StoreError> {
        let sql = "UPDATE delivery SET escalation = 'done' WHERE id = ?1";
        self.conn.prepare_cached(sql)?.execute([id])?;
        Ok(())
    }
}

impl<'a> Deref for DeliveriesMut<'a> {
    type Target = Deliveries<'a>;

    fn deref(&self) -> &Deliveries<'a> {
        &self.read
    }
}

fn read(row: &Row<'_>) -> Result<Delivery, StoreError> {
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
        until: columns.time_or_none()?,
        shown_at: columns.time_or_none()?,
        service: columns.get()?,
        escalation: columns.name_or_none()?,
        digest: columns.get()?,
    })
}
