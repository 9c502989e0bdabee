//! The one thread that writes the truth. It takes everything that waits into one transaction, so that many
//! small changes cost one sync of the disk; whoever waits is told after the commit, never before.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use errand_base::Clock;
use rusqlite::Connection;
use tokio::sync::broadcast;

use crate::ballast::Ballast;
use crate::job::Job;
use crate::queue::{Queue, Taken};
use crate::table::{Change, search};
use crate::tx::Pending;
use crate::{StoreError, WriteTx};

/// How many jobs share a commit at most, so that the first of them does not wait for ever.
const GROUP: usize = 256;
/// How often a refused job looks whether there is space again.
const PROBE_EVERY: Duration = Duration::from_millis(250);
/// After this long without work the search index is brought up to date.
const QUIET: Duration = Duration::from_millis(200);
/// So many tasks are not left out of the index even while there is work.
const UNINDEXED: usize = 512;

pub(crate) enum Request {
    Job(Box<dyn Job>),
    /// Look for space now; the answer is whether new work is taken.
    Recover(Box<dyn FnOnce(bool) + Send>),
    /// Bring the search index up to date now.
    Index(Box<dyn FnOnce() + Send>),
}

#[derive(Default)]
pub(crate) struct Gauges {
    pub full: AtomicBool,
    pub ballast: AtomicBool,
    pub held: AtomicUsize,
}

pub(crate) struct Writer {
    pub conn: Connection,
    pub queue: Arc<Queue<Request>>,
    pub gauges: Arc<Gauges>,
    pub changes: broadcast::Sender<Arc<Vec<Change>>>,
    pub ballast: Ballast,
    pub clock: Arc<dyn Clock>,
    /// When space was last looked for.
    pub probed: Duration,
    /// Final jobs that wait for space, in order.
    pub held: Vec<Box<dyn Job>>,
    pub pending: Pending,
    /// About how many tasks wait for the index.
    pub unindexed: usize,
}

impl Writer {
    pub fn run(mut self) {
        let mut requests = Vec::new();
        let queue = self.queue.clone();
        loop {
            let limit = (self.unindexed > 0).then_some(QUIET);
            match queue.take_within(limit, GROUP, &mut requests) {
                Taken::Items => {}
                Taken::Nothing => self.index(),
                Taken::End => break,
            }
            let mut jobs = Vec::with_capacity(requests.len());
            for request in requests.drain(..) {
                match request {
                    Request::Job(job) => jobs.push(job),
                    Request::Recover(reply) => {
                        self.accept(mem::take(&mut jobs));
                        let taken = self.recover();
                        reply(taken);
                    }
                    Request::Index(reply) => {
                        self.accept(mem::take(&mut jobs));
                        self.index();
                        reply();
                    }
                }
            }
            self.accept(jobs);
            if self.unindexed >= UNINDEXED {
                self.index();
            }
        }
        self.close();
    }

    /// A failure leaves tasks out of searches until the next word changes; nothing else depends on it.
    fn index(&mut self) {
        self.unindexed = 0;
        if self.is_full() {
            return;
        }
        if let Err(error) = self.conn.transaction().map_err(StoreError::from).and_then(|tx| {
            search::catch_up(&tx)?;
            Ok(tx.commit()?)
        }) {
            tracing::warn!(%error, "the search index could not be brought up to date");
        }
    }

    fn accept(&mut self, jobs: Vec<Box<dyn Job>>) {
        if jobs.is_empty() {
            return;
        }
        if self.is_full() && self.clock.awake().saturating_sub(self.probed) >= PROBE_EVERY {
            self.recover();
        }
        if self.is_full() {
            self.only_final(jobs);
        } else if let Err(jobs) = self.commit(jobs) {
            self.set_full(true);
            self.probed = self.clock.awake();
            self.only_final(jobs);
        }
    }

    /// On a full disk new work is turned down at once, and what ends running work is brought home.
    fn only_final(&mut self, jobs: Vec<Box<dyn Job>>) {
        for job in jobs {
            if job.is_final() {
                self.held.push(job);
            } else {
                finish(job, Err(StoreError::DiskFull));
            }
        }
        self.commit_held();
    }

    fn commit_held(&mut self) {
        while !self.held.is_empty() {
            let jobs = mem::take(&mut self.held);
            match self.commit(jobs) {
                Ok(()) => {}
                Err(jobs) => {
                    self.held = jobs;
                    if !self.ballast.free() {
                        break;
                    }
                    self.show();
                }
            }
        }
        self.show();
    }

    /// Whether new work is taken from now on.
    fn recover(&mut self) -> bool {
        self.probed = self.clock.awake();
        if !self.is_full() {
            return true;
        }
        if self.ballast.ensure() {
            let held = mem::take(&mut self.held);
            match self.commit(held) {
                Ok(()) => self.set_full(false),
                Err(jobs) => {
                    self.held = jobs;
                    self.commit_held();
                }
            }
        } else {
            self.commit_held();
        }
        self.show();
        !self.is_full()
    }

    /// One transaction for all; a job that fails loses only its own writes. `Err` hands the jobs back: the disk
    /// is full and nothing was written.
    fn commit(&mut self, mut jobs: Vec<Box<dyn Job>>) -> Result<(), Vec<Box<dyn Job>>> {
        if jobs.is_empty() {
            return Ok(());
        }
        let committed = self.transact(&mut jobs);
        let changes = mem::take(&mut self.pending.changes);
        self.unindexed += self.pending.words.len();
        self.pending.words.clear();
        match committed {
            Ok(outcomes) => {
                for (job, outcome) in jobs.into_iter().zip(outcomes) {
                    finish(job, outcome);
                }
                if !changes.is_empty() {
                    // Nobody listening is fine.
                    let _ = self.changes.send(Arc::new(changes));
                }
                Ok(())
            }
            Err(StoreError::DiskFull) => Err(jobs),
            Err(error) => {
                for job in jobs {
                    finish(job, Err(error.clone()));
                }
                Ok(())
            }
        }
    }

    fn transact(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<Vec<Result<(), StoreError>>, StoreError> {
        let Writer { conn, pending, .. } = self;
        command(conn, "BEGIN IMMEDIATE")?;
        let outcomes = run_all(conn, pending, jobs).and_then(|outcomes| {
            command(conn, "COMMIT")?;
            Ok(outcomes)
        });
        // Some errors have ended the transaction already.
        if outcomes.is_err() && !conn.is_autocommit() {
            let _ = conn.execute_batch("ROLLBACK");
        }
        outcomes
    }

    fn is_full(&self) -> bool {
        self.gauges.full.load(Ordering::Relaxed)
    }

    fn set_full(&self, full: bool) {
        if full {
            tracing::warn!("the disk is full; new work is refused");
        } else {
            tracing::info!("there is space again");
        }
        self.gauges.full.store(full, Ordering::Relaxed);
    }

    fn show(&self) {
        self.gauges.held.store(self.held.len(), Ordering::Relaxed);
        self.gauges.ballast.store(self.ballast.is_present(), Ordering::Relaxed);
    }

    fn close(mut self) {
        self.commit_held();
        for job in mem::take(&mut self.held) {
            finish(job, Err(StoreError::DiskFull));
        }
        if let Err(error) = self.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())) {
            tracing::debug!(%error, "no checkpoint at the end; the next start makes it");
        }
    }
}

fn run_all(
    conn: &Connection,
    pending: &mut Pending,
    jobs: &mut [Box<dyn Job>],
) -> Result<Vec<Result<(), StoreError>>, StoreError> {
    // Alone in its transaction a job needs no savepoint: its failure is the failure of the whole.
    let alone = jobs.len() == 1;
    let mut outcomes = Vec::with_capacity(jobs.len());
    for job in jobs {
        if !alone {
            command(conn, "SAVEPOINT job")?;
        }
        let mark = (pending.changes.len(), pending.words.len());
        let mut tx = WriteTx::new(conn, pending);
        let outcome =
            catch_unwind(AssertUnwindSafe(|| job.run(&mut tx))).unwrap_or(Err(StoreError::Panicked));
        if let Err(error) = &outcome {
            if error.is_disk_full() {
                return Err(StoreError::DiskFull);
            }
            if alone || conn.is_autocommit() {
                return Err(error.clone());
            }
            pending.changes.truncate(mark.0);
            pending.words.truncate(mark.1);
            command(conn, "ROLLBACK TO job")?;
        }
        if !alone {
            command(conn, "RELEASE job")?;
        }
        outcomes.push(outcome);
    }
    search::remember(conn, &pending.words)?;
    Ok(outcomes)
}

fn command(conn: &Connection, sql: &str) -> Result<(), StoreError> {
    conn.prepare_cached(sql)?.execute([])?;
    Ok(())
}

fn finish(job: Box<dyn Job>, outcome: Result<(), StoreError>) {
    if catch_unwind(AssertUnwindSafe(|| job.finish(outcome))).is_err() {
        tracing::error!("what should have happened after a commit failed");
    }
}
