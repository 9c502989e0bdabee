use errand_base::TaskId;
use errand_model::{Dependency, State};
use rusqlite::{Connection, params};

use crate::StoreError;
use crate::table::Tasks;
use crate::table::names::{Columns, all};

/// A task that waits for another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependent {
    pub seq: i64,
    pub id: TaskId,
    pub state: State,
}

impl Tasks<'_> {
    /// Every task that names this one in `--after`, ended or not, oldest first.
    pub fn dependents_of(&self, id: &TaskId) -> Result<Vec<Dependent>, StoreError> {
        let sql = "SELECT t.seq, t.id, t.state FROM dependency d JOIN task t ON t.seq = d.task \
                   WHERE d.on_task = ?1 ORDER BY t.seq";
        Ok(all!(self.conn, sql, [id.as_str()], |row| -> Result<_, StoreError> {
            let mut columns = Columns::of("dependency", row);
            Ok(Dependent { seq: columns.get()?, id: columns.task_id()?, state: columns.name()? })
        }))
    }
}

pub(super) fn of_task(conn: &Connection, seq: i64) -> Result<Vec<Dependency>, StoreError> {
    let sql = "SELECT on_task, ended, waived FROM dependency WHERE task = ?1 ORDER BY n";
    Ok(all!(conn, sql, [seq], |row| -> Result<_, StoreError> {
        let mut columns = Columns::of("dependency", row);
        Ok(Dependency { task: columns.task_id()?, ended: columns.name_or_none()?, waived: columns.get()? })
    }))
}

/// Which tasks there are is fixed when the task is handed over; what became of them is not.
pub(super) fn write(conn: &Connection, seq: i64, after: &[Dependency]) -> Result<(), StoreError> {
    for (n, dependency) in after.iter().enumerate() {
        // Only what changed is written, since most transitions change nothing here.
        conn.prepare_cached(
            "INSERT INTO dependency VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE \
             SET on_task = excluded.on_task, ended = excluded.ended, waived = excluded.waived \
             WHERE on_task <> excluded.on_task OR ended IS NOT excluded.ended OR waived <> excluded.waived",
        )?
        .execute(params![
            seq,
            n as i64,
            dependency.task.as_str(),
            dependency.ended.map(State::name),
            dependency.waived
        ])?;
    }
    Ok(())
}
