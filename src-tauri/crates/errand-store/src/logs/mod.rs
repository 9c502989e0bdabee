//! Raw output of runs, in a database of its own that may be thrown away: its failure costs output, never a task.

mod body;
mod database;
mod live;
mod read;
mod writer;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use errand_base::{RunId, TaskId, Timestamp};
use tokio::sync::{Semaphore, oneshot, watch};

use crate::pool::Pool;
use crate::queue::Queue;
use crate::{Notice, Reply, StoreError, connect};

use writer::Request;

/// Bounds of what is kept, in bytes as they are stored: a line takes three beside its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLimits {
    /// The beginning of each run.
    pub head: u64,
    /// The end of each run.
    pub tail: u64,
    /// Over all runs; the oldest give way.
    pub total: u64,
    /// Given to the writer and not yet written; who has more waits.
    pub in_flight: u32,
}

impl Default for LogLimits {
    fn default() -> LogLimits {
        LogLimits { head: 1 << 20, tail: 15 << 20, total: 512 << 20, in_flight: 4 << 20 }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stream {
    Out,
    Err,
    /// Errand's own words.
    Note,
    /// Of what is done around the work.
    Aside,
}

/// Bytes as they came. They may hold many lines and are split at line ends; a line that is longer than 16 KiB is
/// split there too. The caller keeps back a last line that is not complete yet, or has it as a line of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRecord {
    pub stream: Stream,
    pub at: Timestamp,
    pub bytes: Vec<u8>,
}

/// Whose output it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRun {
    pub task: TaskId,
    pub run: RunId,
    /// Which run of the task.
    pub n: u32,
}

/// A line with its end, or a part of a long one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Counts up within the task from 1, with holes where output was left out.
    pub seq: u64,
    /// Which run of the task.
    pub run: u32,
    pub stream: Stream,
    pub at: Timestamp,
    pub bytes: Vec<u8>,
    /// Bytes that came right before this line and were not kept.
    pub left_out_before: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogSlice {
    pub lines: Vec<LogLine>,
    /// Where to go on.
    pub next: u64,
    /// Bytes of the whole task that were not kept.
    pub left_out: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogStart {
    From(u64),
    /// The last lines, as many as the limit says.
    Tail,
}

/// The end of what a run printed, line ends included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunTail {
    pub output: Vec<u8>,
    pub errors: Vec<u8>,
    /// Bytes of standard output before `output`.
    pub left_out: u64,
}

pub struct Logs {
    queue: Arc<Queue<Request>>,
    pool: Pool,
    room: Arc<Semaphore>,
    in_flight: u32,
    shared: Arc<Shared>,
}

#[derive(Default)]
pub(crate) struct Shared {
    dropped: AtomicU64,
    /// Who follows which task.
    followers: Mutex<HashMap<TaskId, watch::Sender<u64>>>,
}

impl Logs {
    pub(crate) fn open(
        path: PathBuf,
        limits: LogLimits,
        report: &mut Vec<Notice>,
    ) -> Result<(Logs, Vec<JoinHandle<()>>), StoreError> {
        let conn = database::open(&path, report);
        let queue = Arc::new(Queue::new());
        let shared = Arc::new(Shared::default());
        let reading = path.clone();
        let (pool, mut threads) = Pool::start("errand-log-read", 1, move || connect::reader(&reading))?;
        let logs = Logs {
            queue: queue.clone(),
            pool,
            room: Arc::new(Semaphore::new(limits.in_flight as usize)),
            in_flight: limits.in_flight,
            shared: shared.clone(),
        };
        threads.push(writer::start(path, conn, queue, shared, limits)?);
        Ok((logs, threads))
    }

    /// Hands output over, waiting while too much is on its way. What cannot be written is counted and dropped.
    pub async fn append(&self, run: &LogRun, records: Vec<LogRecord>) {
        let bytes: usize = records.iter().map(|record| record.bytes.len()).sum();
        let share = u32::try_from(bytes).unwrap_or(u32::MAX).min(self.in_flight);
        let Ok(room) = self.room.clone().acquire_many_owned(share).await else { return };
        let request = Request::Append { run: run.clone(), records, _room: room };
        if self.queue.push(request).is_err() {
            self.shared.dropped.fetch_add(bytes as u64, Ordering::Relaxed);
        }
    }

    /// Waits until everything handed over before can be read.
    pub async fn flush(&self) {
        let (send, receive) = oneshot::channel();
        if self.queue.push(Request::Flush(send)).is_ok() {
            let _ = receive.await;
        }
    }

    /// Lines of a task, oldest first.
    pub fn read(&self, task: &TaskId, start: LogStart, limit: u32) -> Reply<LogSlice> {
        let task = task.clone();
        self.pool.read(move |conn| read::slice(conn, &task, start, limit))
    }

    /// The last bytes of each stream of a run, at most `most` of each.
    pub async fn tail_text(&self, run: RunId, most: usize) -> Result<RunTail, StoreError> {
        self.flush().await;
        self.pool.read(move |conn| read::tail_text(conn, run, most)).await
    }

    /// Changes whenever the task's log grows; the value is the next sequence number, zero before the first.
    pub fn follow(&self, task: &TaskId) -> watch::Receiver<u64> {
        let mut followers = self.shared.followers.lock().unwrap_or_else(PoisonError::into_inner);
        followers.retain(|_, sender| !sender.is_closed());
        followers.entry(task.clone()).or_insert_with(|| watch::Sender::new(0)).subscribe()
    }

    /// Removes the output of a task.
    pub fn forget(&self, task: &TaskId) {
        let _ = self.queue.push(Request::Forget(task.clone()));
    }

    /// Bytes that could not be written since the start.
    pub fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }

    pub(crate) fn shut(&self) {
        self.room.close();
        self.queue.close();
        self.pool.close();
    }
}

impl Shared {
    fn grown(&self, task: &TaskId, next: u64) {
        let mut followers = self.followers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = followers.get(task) {
            if sender.is_closed() {
                followers.remove(task);
            } else {
                sender.send_replace(next);
            }
        }
    }
}
