use std::ops::Deref;

use errand_base::{RunId, Timestamp};
use errand_model::Artifact;
use rusqlite::{Connection, params};

use crate::StoreError;
use crate::table::names::{Columns, Named, all, first, json};

pub struct Artifacts<'a> {
    pub(crate) conn: &'a Connection,
}

pub struct ArtifactsMut<'a> {
    pub(crate) read: Artifacts<'a>,
    pub(crate) words: &'a mut Vec<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredArtifact {
    pub run: RunId,
    /// `seq` of its task.
    pub task: i64,
    /// Which run of the task.
    pub n: u32,
    pub artifact: Artifact,
    pub at: Timestamp,
}

macro_rules! select {
    ($which:literal) => {
        concat!("SELECT run, task, n, report, format, outcome, notify, checks, at FROM artifact ", $which)
    };
}

impl Artifacts<'_> {
    pub fn latest(&self, task: i64) -> Result<Option<StoredArtifact>, StoreError> {
        Ok(first!(self.conn, select!("WHERE task = ?1 ORDER BY n DESC LIMIT 1"), [task], read))
    }

    /// The first run's first.
    pub fn of_task(&self, task: i64) -> Result<Vec<StoredArtifact>, StoreError> {
        Ok(all!(self.conn, select!("WHERE task = ?1 ORDER BY n"), [task], read))
    }
}

impl ArtifactsMut<'_> {
    /// `false`: the run has handed one over before, and that one stays.
    pub fn file(
        &mut self,
        run: RunId,
        task: i64,
        n: u32,
        artifact: &Artifact,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "INSERT OR IGNORE INTO artifact (run, task, n, report, format, outcome, notify, checks, at) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        let checks = &artifact.verification;
        let checks = if checks.is_empty() { None } else { Some(json("artifact", checks)?) };
        let params = params![
            run.to_string(),
            task,
            n,
            artifact.report,
            artifact.format.db_name(),
            artifact.outcome,
            artifact.notify,
            checks,
            now.as_millis(),
        ];
        let new = self.conn.prepare_cached(sql)?.execute(params)? > 0;
        if new {
            self.words.push(task);
        }
        Ok(new)
    }
}

impl<'a> Deref for ArtifactsMut<'a> {
    type Target = Artifacts<'a>;

    fn deref(&self) -> &Artifacts<'a> {
        &self.read
    }
}

fn read(row: &rusqlite::Row<'_>) -> Result<StoredArtifact, StoreError> {
    let mut columns = Columns::of("artifact", row);
    Ok(StoredArtifact {
        run: columns.run_id()?,
        task: columns.get()?,
        n: columns.get()?,
        artifact: Artifact {
            report: columns.get()?,
            format: columns.name()?,
            outcome: columns.get()?,
            notify: columns.get()?,
            verification: columns.json_or_default()?,
        },
        at: columns.time()?,
    })
}
