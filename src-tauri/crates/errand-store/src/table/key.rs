use std::ops::Deref;
use std::time::Duration;

use errand_base::{TaskId, Timestamp};
use errand_model::Origin;
use rusqlite::{Connection, params};

use crate::StoreError;
use crate::table::names::{Columns, Named, first, millis};

/// How long a key outlives its task's end.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3_600);

pub struct Keys<'a> {
    pub(crate) conn: &'a Connection,
}

pub struct KeysMut<'a> {
    pub(crate) read: Keys<'a>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub task: TaskId,
    pub fingerprint: String,
}

impl Keys<'_> {
    /// The task that a key stands for, unless the key has run out.
    pub fn find(&self, origin: Origin, key: &str, now: Timestamp) -> Result<Option<Key>, StoreError> {
        find(self.conn, origin, key, now)
    }
}

impl KeysMut<'_> {
    /// Removes the keys that have run out and says how many.
    pub fn trim(&mut self, now: Timestamp) -> Result<usize, StoreError> {
        let sql = "DELETE FROM task_key WHERE task IN (SELECT k.task FROM task_key k JOIN task t ON t.seq = k.task \
                   WHERE t.ended_at <= ?1)";
        Ok(self.conn.prepare_cached(sql)?.execute([now.as_millis() - millis(KEPT)])?)
    }
}

impl<'a> Deref for KeysMut<'a> {
    type Target = Keys<'a>;

    fn deref(&self) -> &Keys<'a> {
        &self.read
    }
}

pub(super) fn find(
    conn: &Connection,
    origin: Origin,
    key: &str,
    now: Timestamp,
) -> Result<Option<Key>, StoreError> {
    let sql = "SELECT t.id, k.fingerprint FROM task_key k JOIN task t ON t.seq = k.task \
               WHERE k.origin = ?1 AND k.key = ?2 AND (t.ended_at IS NULL OR t.ended_at > ?3)";
    let oldest = now.as_millis() - millis(KEPT);
    Ok(first!(conn, sql, params![origin.db_name(), key, oldest], |row| -> Result<_, StoreError> {
        let mut columns = Columns::of("task_key", row);
        Ok(Key { task: columns.task_id()?, fingerprint: columns.get()? })
    }))
}

/// Takes the place of a key that has run out.
pub(super) fn write(
    conn: &Connection,
    origin: Origin,
    key: &str,
    seq: i64,
    fingerprint: &str,
) -> Result<(), StoreError> {
    let sql = "INSERT OR REPLACE INTO task_key VALUES (?1, ?2, ?3, ?4)";
    conn.prepare_cached(sql)?.execute(params![origin.db_name(), key, seq, fingerprint])?;
    Ok(())
}
