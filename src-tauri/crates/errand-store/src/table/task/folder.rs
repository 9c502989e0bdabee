use errand_base::{TaskId, Timestamp};
use errand_model::State;

use crate::StoreError;
use crate::table::Tasks;
use crate::table::names::{Columns, all, named};

/// What becomes of the folder that belongs to a task. Its row goes only after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cleanup {
    /// Nobody has asked for it.
    None,
    /// It is being removed, or was when the engine died.
    Pending,
    Removed,
    /// It could not be removed, for this reason.
    Failed(String),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    None,
    Pending,
    Removed,
    Failed,
}

named!(Stage { None = "none", Pending = "pending", Removed = "removed", Failed = "failed" });

/// An ended task that is to be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    pub seq: i64,
    pub id: TaskId,
    pub state: State,
    /// A folder belongs to it, which goes first.
    pub has_folder: bool,
    /// That folder could not be removed before.
    pub stuck: bool,
}

impl Tasks<'_> {
    /// Tasks that ended before, oldest first, from behind that row on. Sub-tasks go with the task they belong to.
    pub fn ended_before(
        &self,
        moment: Timestamp,
        after_seq: i64,
        limit: u32,
    ) -> Result<Vec<Ended>, StoreError> {
        let sql = "SELECT seq, id, state, cleanup IS NOT NULL, cleanup IS 'failed' FROM task \
                   WHERE ended_at < ?1 AND run_id IS NULL AND parent IS NULL AND seq > ?2 ORDER BY seq LIMIT ?3";
        Ok(all!(self.conn, sql, rusqlite::params![moment.as_millis(), after_seq, limit], ended))
    }

    /// Tasks whose folders were being removed when an engine died.
    pub fn in_removal(&self) -> Result<Vec<Ended>, StoreError> {
        let sql = "SELECT seq, id, state, 1, 0 FROM task WHERE cleanup = 'pending' ORDER BY seq";
        Ok(all!(self.conn, sql, [], ended))
    }
}

fn ended(row: &rusqlite::Row<'_>) -> Result<Ended, StoreError> {
    let mut columns = Columns::of("task", row);
    Ok(Ended {
        seq: columns.get()?,
        id: columns.task_id()?,
        state: columns.name()?,
        has_folder: columns.get()?,
        stuck: columns.get()?,
    })
}

pub(super) fn read(columns: &mut Columns<'_, '_>) -> Result<Option<Cleanup>, StoreError> {
    let (stage, error) = (columns.name_or_none::<Stage>()?, columns.get::<Option<String>>()?);
    Ok(stage.map(|stage| match stage {
        Stage::None => Cleanup::None,
        Stage::Pending => Cleanup::Pending,
        Stage::Removed => Cleanup::Removed,
        Stage::Failed => Cleanup::Failed(error.unwrap_or_default()),
    }))
}
