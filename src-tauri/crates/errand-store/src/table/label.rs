use rusqlite::{Connection, params};

use crate::StoreError;
use crate::table::Tasks;
use crate::table::names::all;

impl Tasks<'_> {
    /// Every label in use, with the number of its tasks.
    pub fn labels(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let sql = "SELECT label, count(*) FROM label GROUP BY label ORDER BY label";
        Ok(all!(self.conn, sql, [], |row: &rusqlite::Row<'_>| -> Result<_, StoreError> {
            Ok((row.get(0)?, row.get(1)?))
        }))
    }
}

/// In alphabetical order.
pub(super) fn of_task(conn: &Connection, seq: i64) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT label FROM label WHERE task = ?1 ORDER BY label";
    Ok(all!(conn, sql, [seq], |row: &rusqlite::Row<'_>| row.get(0)))
}

pub(super) fn write(conn: &Connection, seq: i64, labels: &[String]) -> Result<(), StoreError> {
    for label in labels {
        conn.prepare_cached("INSERT OR IGNORE INTO label VALUES (?1, ?2)")?.execute(params![seq, label])?;
    }
    Ok(())
}

pub(super) fn clear(conn: &Connection, seq: i64) -> Result<(), StoreError> {
    conn.prepare_cached("DELETE FROM label WHERE task = ?1")?.execute([seq])?;
    Ok(())
}
