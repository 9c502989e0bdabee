//! Threads that read. Each has its own connection and sees one consistent moment per job.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use rusqlite::Connection;

use crate::queue::Queue;
use crate::{Reply, StoreError};

type Job = Box<dyn FnOnce(Result<&Connection, StoreError>) + Send>;

pub(crate) struct Pool {
    queue: Arc<Queue<Job>>,
}

impl Pool {
    /// `open` is called by each thread at its first job, and again after it failed.
    pub fn start(
        name: &str,
        threads: usize,
        open: impl Fn() -> Result<Connection, StoreError> + Send + Sync + 'static,
    ) -> Result<(Pool, Vec<JoinHandle<()>>), StoreError> {
        let queue = Arc::new(Queue::new());
        let open = Arc::new(open);
        let mut handles = Vec::new();
        for _ in 0..threads {
            let (queue, open) = (queue.clone(), open.clone());
            let thread = thread::Builder::new().name(name.into()).spawn(move || work(&queue, &*open));
            handles.push(thread.map_err(|error| StoreError::file(name.as_ref(), error))?);
        }
        Ok((Pool { queue }, handles))
    }

    /// Queued when called; the future only waits for the result.
    pub fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Reply<T> {
        let (done, reply) = Reply::new();
        let job: Job = Box::new(move |conn| {
            done(conn.and_then(|conn| snapshot(conn, job)));
        });
        let _ = self.queue.push(job);
        reply
    }

    pub fn close(&self) {
        self.queue.close();
    }
}

fn work(queue: &Queue<Job>, open: &dyn Fn() -> Result<Connection, StoreError>) {
    let mut conn = None;
    let mut jobs = Vec::new();
    while queue.take(1, &mut jobs) {
        for job in jobs.drain(..) {
            if conn.is_none() {
                match open() {
                    Ok(opened) => conn = Some(opened),
                    Err(error) => {
                        job(Err(error));
                        continue;
                    }
                }
            }
            if let Some(conn) = &conn {
                let _ = catch_unwind(AssertUnwindSafe(|| job(Ok(conn))));
            }
        }
    }
}

fn snapshot<T>(
    conn: &Connection,
    job: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    conn.prepare_cached("BEGIN")?.execute([])?;
    let result = catch_unwind(AssertUnwindSafe(|| job(conn))).unwrap_or(Err(StoreError::Panicked));
    conn.prepare_cached("COMMIT")?.execute([])?;
    result
}
