//! The way of a run's output into the log.

use std::sync::Arc;

use errand_agents::Stream;
use errand_base::Clock;
use errand_os::ProcessIdentity;
use errand_store::{LogRecord, LogRun, Store};

use crate::executor::Sink;

pub(crate) struct LogSink {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub run: LogRun,
}

impl Sink for LogSink {
    async fn append(&mut self, stream: Stream, bytes: Vec<u8>) {
        let stream = match stream {
            Stream::Output => errand_store::Stream::Out,
            Stream::Errors => errand_store::Stream::Err,
        };
        let record = LogRecord { stream, at: self.clock.now(), bytes };
        self.store.logs().append(&self.run, vec![record]).await;
    }

    fn started(&mut self, identity: ProcessIdentity) {
        let now = self.clock.now();
        let run = self.run.clone();
        // A fact about the run, not a decision: nothing waits for its commit. Until then the mark in the
        // environment of the processes finds them after a crash.
        self.store.submit(
            move |tx| tx.runs().executing(run.run, identity.pid, identity.start_time, &identity.boot_id, now),
            move |result| {
                if let Err(error) = result {
                    tracing::warn!(%error, "the pid of a run was not written down");
                }
            },
        );
    }
}
