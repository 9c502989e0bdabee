use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};

use errand_base::{RunId, TaskId};
use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::live::Live;
use super::{LogLimits, LogRecord, LogRun, Shared, database};
use crate::StoreError;
use crate::queue::Queue;
use crate::table::names::first;

/// Runs whose state is kept in memory; the others are read again when they go on.
const LIVE: usize = 256;

pub(super) enum Request {
    Append { run: LogRun, records: Vec<LogRecord>, _room: OwnedSemaphorePermit },
    Flush(oneshot::Sender<()>),
    Forget(TaskId),
}

struct Writer {
    path: PathBuf,
    conn: Option<Connection>,
    limits: LogLimits,
    shared: Arc<Shared>,
    live: HashMap<RunId, Live>,
    /// The number after the last line of the tasks that were written lately.
    next: HashMap<TaskId, u64>,
    /// Bytes that were not written, by run, to be said once writing works again.
    lost: HashMap<RunId, u64>,
    /// Bytes kept over all runs.
    total: u64,
}

pub(super) fn start(
    path: PathBuf,
    conn: Option<Connection>,
    queue: Arc<Queue<Request>>,
    shared: Arc<Shared>,
    limits: LogLimits,
) -> Result<JoinHandle<()>, StoreError> {
    let name = path.clone();
    let work = move || {
        let (live, next, lost) = (HashMap::new(), HashMap::new(), HashMap::new());
        let total = conn.as_ref().and_then(|conn| total(conn).ok()).unwrap_or(0);
        let mut writer = Writer { path, conn, limits, shared, live, next, lost, total };
        let mut requests = Vec::new();
        // Everything that waits shares a commit: alone a line is written at once, in a flood they are many.
        while queue.take(1_024, &mut requests) {
            writer.handle(&mut requests);
        }
    };
    thread::Builder::new()
        .name("errand-logs".into())
        .spawn(work)
        .map_err(|error| StoreError::file(&name, error))
}

impl Writer {
    fn handle(&mut self, requests: &mut Vec<Request>) {
        if self.conn.is_none() {
            self.conn = database::prepare(&self.path).ok();
            self.total = self.conn.as_ref().and_then(|conn| total(conn).ok()).unwrap_or(0);
        }
        let written = match self.conn.take() {
            Some(conn) => {
                let written = self.commit(&conn, requests);
                self.conn = Some(conn);
                written
            }
            None => Err(StoreError::Closed),
        };
        match written {
            Ok(grown) => {
                for (task, next) in grown {
                    self.shared.grown(&task, next);
                }
            }
            Err(error) => self.give_up(&error, requests),
        }
        for request in requests.drain(..) {
            if let Request::Flush(done) = request {
                let _ = done.send(());
            }
        }
        if self.live.len() > LIVE {
            self.cool();
        }
    }

    /// What memory says is read again from the database.
    fn cool(&mut self) {
        self.live.clear();
        self.next.clear();
    }

    fn commit(&mut self, conn: &Connection, requests: &[Request]) -> Result<Vec<(TaskId, u64)>, StoreError> {
        if requests.iter().all(|request| matches!(request, Request::Flush(_))) {
            return Ok(Vec::new());
        }
        conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let written = self.write(conn, requests).and_then(|grown| {
            conn.prepare_cached("COMMIT")?.execute([])?;
            Ok(grown)
        });
        if written.is_err() && !conn.is_autocommit() {
            let _ = conn.execute_batch("ROLLBACK");
        }
        written
    }

    fn write(&mut self, conn: &Connection, requests: &[Request]) -> Result<Vec<(TaskId, u64)>, StoreError> {
        let mut touched: Vec<&LogRun> = Vec::new();
        let mut grown: HashMap<&TaskId, u64> = HashMap::new();
        for request in requests {
            match request {
                Request::Append { run, records, .. } => {
                    let live = match self.live.entry(run.run) {
                        Entry::Occupied(entry) => entry.into_mut(),
                        Entry::Vacant(entry) => entry.insert(Live::load(conn, run)?),
                    };
                    if !touched.iter().any(|other| other.run == run.run) {
                        touched.push(run);
                        live.left_out += self.lost.remove(&run.run).unwrap_or(0);
                    }
                    // Another run of the task may have been written since; numbers never go back.
                    live.jump(self.next.get(&run.task).copied().unwrap_or(0));
                    let before = live.kept;
                    live.append(conn, records, &self.limits)?;
                    self.total = (self.total + live.kept).saturating_sub(before);
                    self.next.insert(run.task.clone(), live.next_seq);
                    grown.insert(&run.task, live.next_seq);
                }
                Request::Forget(task) => self.forget(conn, task)?,
                Request::Flush(_) => {}
            }
        }
        for run in touched {
            if let Some(live) = self.live.get(&run.run) {
                live.save(conn)?;
            }
        }
        self.trim(conn)?;
        Ok(grown.into_iter().map(|(task, next)| (task.clone(), next)).collect())
    }

    /// The oldest runs give way; their pages are used for the next chunks.
    fn trim(&mut self, conn: &Connection) -> Result<(), StoreError> {
        while self.total > self.limits.total {
            let oldest = first!(
                conn,
                "SELECT id, kept FROM run WHERE kept > 0 ORDER BY id LIMIT 1",
                [],
                |row: &rusqlite::Row<'_>| -> Result<(i64, u64), StoreError> {
                    Ok((row.get(0)?, row.get(1)?))
                }
            );
            let Some((row, kept)) = oldest else {
                self.total = 0;
                break;
            };
            let sql = "UPDATE run SET kept = 0, left_out = left_out + \
                       (SELECT coalesce(sum(bytes), 0) FROM chunk WHERE run = ?1) WHERE id = ?1";
            conn.prepare_cached(sql)?.execute([row])?;
            conn.prepare_cached("DELETE FROM chunk WHERE run = ?1")?.execute([row])?;
            self.live.retain(|_, live| live.row != row);
            self.total = self.total.saturating_sub(kept);
        }
        Ok(())
    }

    fn forget(&mut self, conn: &Connection, task: &TaskId) -> Result<(), StoreError> {
        let sql = "DELETE FROM chunk WHERE run IN (SELECT id FROM run WHERE task = ?1)";
        conn.prepare_cached(sql)?.execute([task.as_str()])?;
        conn.prepare_cached("DELETE FROM run WHERE task = ?1")?.execute([task.as_str()])?;
        self.cool();
        self.total = total(conn)?;
        Ok(())
    }

    /// Output is lost rather than kept waiting: the task goes on, and the gap is said.
    fn give_up(&mut self, error: &StoreError, requests: &[Request]) {
        let mut dropped = 0;
        for request in requests {
            if let Request::Append { run, records, .. } = request {
                let bytes: u64 = records.iter().map(|record| record.bytes.len() as u64).sum();
                *self.lost.entry(run.run).or_default() += bytes;
                dropped += bytes;
            }
        }
        if dropped > 0 {
            tracing::warn!(%error, dropped, "output of runs could not be written");
        }
        self.shared.dropped.fetch_add(dropped, Ordering::Relaxed);
        // What memory says about the chunks was rolled back.
        self.cool();
        self.total = self.conn.as_ref().and_then(|conn| total(conn).ok()).unwrap_or(0);
        if error.is_corruption() {
            database::mark_damaged(&self.path);
        }
    }
}

fn total(conn: &Connection) -> Result<u64, StoreError> {
    Ok(conn.query_row("SELECT coalesce(sum(kept), 0) FROM run WHERE kept > 0", [], |row| row.get(0))?)
}
