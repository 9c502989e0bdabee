use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use errand_base::Timestamp;
use tokio::sync::{broadcast, oneshot};

use crate::job::{Final, Job, Once};
use crate::pool::Pool;
use crate::queue::Queue;
use crate::table::Change;
use crate::writer::{Gauges, Request};
use crate::{BackupDone, Logs, Opened, Options, Reader, Reply, StoreError, WriteTx, backup, open};

/// A handle to the databases of one folder; clones share them.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub queue: Arc<Queue<Request>>,
    pub pool: Pool,
    pub gauges: Arc<Gauges>,
    pub changes: broadcast::Sender<Arc<Vec<Change>>>,
    pub logs: Logs,
    pub database: PathBuf,
    pub threads: Mutex<Vec<JoinHandle<()>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreStatus {
    /// New work is refused; results of running work are kept.
    pub full: bool,
    /// Jobs that wait for the writer.
    pub queued: usize,
    /// Final jobs that wait for space.
    pub held: usize,
    /// The space kept back for final rows is there.
    pub ballast: bool,
    /// Bytes of raw output that could not be written since the start.
    pub log_bytes_dropped: u64,
}

impl Store {
    pub fn open(options: Options, now: Timestamp) -> Result<Opened, StoreError> {
        open::open(options, now)
    }

    /// Queues a job at once. `done` runs on the writer's thread after the commit it shares with others, so it
    /// must be short and must not wait.
    pub fn submit<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut WriteTx<'_>) -> Result<T, StoreError> + Send + 'static,
        done: impl FnOnce(Result<T, StoreError>) + Send + 'static,
    ) {
        self.queue(Box::new(Once { job: Some(job), done, result: None }));
    }

    /// Like [`Store::submit`] for what nobody waits for: it shares the next commit, or has one of its own after a
    /// moment.
    pub fn submit_patient<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut WriteTx<'_>) -> Result<T, StoreError> + Send + 'static,
        done: impl FnOnce(Result<T, StoreError>) + Send + 'static,
    ) {
        let job = Box::new(Once { job: Some(job), done, result: None });
        if let Err(Request::Job(job)) = self.inner.queue.push_patient(Request::Job(job)) {
            job.finish(Err(StoreError::Closed));
        }
    }

    /// Like [`Store::submit`] for what must not be lost when the disk is full: the ballast is given up for it,
    /// and if that is not enough it waits for [`Store::try_recover`]. It may run several times until it commits.
    pub fn submit_final<T: Send + 'static>(
        &self,
        job: impl FnMut(&mut WriteTx<'_>) -> Result<T, StoreError> + Send + 'static,
        done: impl FnOnce(Result<T, StoreError>) + Send + 'static,
    ) {
        self.queue(Box::new(Final { job, done, result: None }));
    }

    /// Queues a job at once; the future waits for its commit. Dropping the future does not take the job back.
    pub fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut WriteTx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Reply<T> {
        let (done, reply) = Reply::new();
        self.submit(job, done);
        reply
    }

    /// [`Store::submit_final`] with a future.
    pub fn write_final<T: Send + 'static>(
        &self,
        job: impl FnMut(&mut WriteTx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Reply<T> {
        let (done, reply) = Reply::new();
        self.submit_final(job, done);
        reply
    }

    /// Reads on another thread, from one consistent moment that includes every commit reported so far.
    pub fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Reader<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Reply<T> {
        self.inner.pool.read(move |conn| job(&Reader::new(conn)))
    }

    /// Resolves once a search finds everything that was committed so far.
    pub fn indexed(&self) -> impl Future<Output = ()> + Send + use<> {
        let (send, receive) = oneshot::channel();
        let request = Request::Index(Box::new(move || {
            let _ = send.send(());
        }));
        let _ = self.inner.queue.push(request);
        async move {
            let _ = receive.await;
        }
    }

    /// Committed changes, in order. Whoever lags behind reads [`crate::Transitions::after`] its cursor.
    pub fn changes(&self) -> broadcast::Receiver<Arc<Vec<Change>>> {
        self.inner.changes.subscribe()
    }

    pub fn logs(&self) -> &Logs {
        &self.inner.logs
    }

    pub fn status(&self) -> StoreStatus {
        let gauges = &self.inner.gauges;
        StoreStatus {
            full: gauges.full.load(Ordering::Relaxed),
            queued: self.inner.queue.len(),
            held: gauges.held.load(Ordering::Relaxed),
            ballast: gauges.ballast.load(Ordering::Relaxed),
            log_bytes_dropped: self.inner.logs.dropped(),
        }
    }

    /// Looks for space now and writes what waited for it; says whether new work is taken.
    pub fn try_recover(&self) -> impl Future<Output = bool> + Send + use<> {
        let (send, receive) = oneshot::channel();
        let request = Request::Recover(Box::new(move |taken| {
            let _ = send.send(taken);
        }));
        let _ = self.inner.queue.push(request);
        async move { receive.await.unwrap_or(false) }
    }

    /// A complete copy in one file, made while work goes on. An existing file is refused.
    pub fn backup(&self, file: PathBuf) -> Reply<BackupDone> {
        let (done, reply) = Reply::new();
        let database = self.inner.database.clone();
        // Its own thread and connection: it may take long, and readers should not wait for it.
        let thread = std::thread::Builder::new().name("errand-backup".into()).spawn(move || {
            done(backup::backup(&database, &file));
        });
        if let Ok(handle) = thread {
            self.inner.keep(handle);
        }
        reply
    }

    /// Finishes what is queued, writes the log back into the database and ends the threads. Blocks; not to be
    /// called from a `done`.
    pub fn close(&self) {
        self.inner.shut();
        let threads = std::mem::take(&mut *self.inner.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            let _ = thread.join();
        }
    }

    fn queue(&self, job: Box<dyn Job>) {
        if let Err(Request::Job(job)) = self.inner.queue.push(Request::Job(job)) {
            job.finish(Err(StoreError::Closed));
        }
    }
}

impl Inner {
    fn keep(&self, handle: JoinHandle<()>) {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        threads.retain(|thread| !thread.is_finished());
        threads.push(handle);
    }

    fn shut(&self) {
        self.queue.close();
        self.pool.close();
        self.logs.shut();
    }
}

impl Drop for Inner {
    /// The last handle may go on one of the threads, so they are told and not waited for.
    fn drop(&mut self) {
        self.shut();
    }
}
