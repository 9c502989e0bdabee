//! The way of a run's output into the log.

use std::sync::Arc;

use errand_agents::Stream;
use errand_base::Clock;
use errand_os::ProcessIdentity;
use errand_store::{LogRecord, LogRun, RunKey, Store};

use crate::executor::Sink;

pub(crate) struct LogSink {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub run: LogRun,
    /// `seq` of its task.
    pub seq: i64,
}

impl Sink for LogSink {
    async fn append(&mut self, stream: Stream, bytes: Vec<u8>) {
        let stream = match stream {
            Stream::Output => errand_store::Stream::Out,
            Stream::Errors => errand_store::Stream::Err,
            Stream::Aside => errand_store::Stream::Aside,
        };
        let record = LogRecord { stream, at: self.clock.now(), bytes };
        self.store.logs().append(&self.run, vec![record]).await;
    }

    fn started(&mut self, identity: ProcessIdentity) {
        let now = self.clock.now();
        let key = RunKey { task: self.seq, n: self.run.n };
        // A fact about the run, not a decision: nothing waits for its commit. Until then the mark in the
        // environment of the processes finds them after a crash.
        self.store.submit_patient(
            move |tx| tx.runs().executing(key, identity.pid, identity.start_time, &identity.boot_id, now),
            move |result| {
                if let Err(error) = result {
                    tracing::warn!(%error, "the pid of a run was not written down");
                }
            },
        );
    }
}
