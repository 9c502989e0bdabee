//! What the dispatcher and the executor share about one run.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use std::time::Duration;

use errand_agents::Request;
use errand_base::{RunId, Timestamp};
use errand_model::{Checkpoint, Tail};
use tokio::sync::{Notify, watch};

use crate::output::Tails;

/// One run while its processes may exist.
pub struct RunShared {
    pub run: RunId,
    tails: Mutex<Tails>,
    last_output: AtomicI64,
    /// 0 until it is known.
    pid: watch::Sender<u32>,
    pub(crate) end: Notify,
    /// Its silence was excused: count from now.
    pub(crate) listen: Notify,
    /// A program of it used its socket.
    pub(crate) alive: Notify,
    /// It has handed over its result and has a moment to leave.
    pub(crate) linger: Notify,
    /// Its task has no use for it any more; no process is left.
    pub(crate) close: Notify,
    next: Mutex<Option<Box<NextTurn>>>,
    pub(crate) prompted: Notify,
    checkpoint: Mutex<Option<Checkpoint>>,
}

pub(crate) struct NextTurn {
    pub request: Box<Request>,
    pub silence: Duration,
}

impl RunShared {
    pub(crate) fn new(run: RunId) -> RunShared {
        RunShared {
            run,
            tails: Mutex::default(),
            last_output: AtomicI64::default(),
            pid: watch::Sender::new(0),
            end: Notify::default(),
            listen: Notify::default(),
            alive: Notify::default(),
            linger: Notify::default(),
            close: Notify::default(),
            next: Mutex::default(),
            prompted: Notify::default(),
            checkpoint: Mutex::default(),
        }
    }

    pub(crate) fn set_checkpoint(&self, checkpoint: Checkpoint) {
        *self.checkpoint.lock().unwrap_or_else(PoisonError::into_inner) = Some(checkpoint);
    }

    /// The last word of the run about how far it has come.
    pub fn checkpoint(&self) -> Option<Checkpoint> {
        self.checkpoint.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn with_tails<T>(&self, use_them: impl FnOnce(&mut Tails) -> T) -> T {
        // A panic while it was held leaves bytes in a buffer, nothing that could mislead.
        use_them(&mut self.tails.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn tail(&self) -> Tail {
        self.with_tails(|tails| tails.text())
    }

    pub(crate) fn prompt(&self, turn: NextTurn) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(turn));
        self.prompted.notify_one();
    }

    pub(crate) fn take_prompt(&self) -> Option<Box<NextTurn>> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(crate) fn heard(&self, at: Timestamp) {
        self.last_output.store(at.as_millis(), Ordering::Relaxed);
    }

    pub fn last_output(&self) -> Option<Timestamp> {
        match self.last_output.load(Ordering::Relaxed) {
            0 => None,
            millis => Some(Timestamp::from_millis(millis)),
        }
    }

    pub(crate) fn set_pid(&self, pid: u32) {
        self.pid.send_replace(pid);
    }

    pub fn pid(&self) -> Option<u32> {
        Some(*self.pid.borrow()).filter(|pid| *pid != 0)
    }

    /// The process that the run was started with; a program of it may be faster than the news of its start.
    pub async fn started(&self) -> Option<u32> {
        let mut pid = self.pid.subscribe();
        pid.wait_for(|pid| *pid != 0).await.ok().map(|pid| *pid)
    }
}

impl std::fmt::Debug for RunShared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunShared").field("pid", &self.pid()).finish_non_exhaustive()
    }
}
