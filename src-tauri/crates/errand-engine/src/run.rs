//! What the dispatcher and the executor share about one run.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use errand_base::Timestamp;
use errand_model::Tail;
use tokio::sync::Notify;

use crate::output::Tails;

/// One run while its processes may exist.
#[derive(Default)]
pub struct RunShared {
    tails: Mutex<Tails>,
    last_output: AtomicI64,
    pid: AtomicU32,
    pub(crate) end: Notify,
    pub(crate) listen: Notify,
}

impl RunShared {
    pub(crate) fn with_tails<T>(&self, use_them: impl FnOnce(&mut Tails) -> T) -> T {
        // A panic while it was held leaves bytes in a buffer, nothing that could mislead.
        use_them(&mut self.tails.lock().unwrap_or_else(|poisoned| poisoned.into_inner()))
    }

    pub(crate) fn tail(&self) -> Tail {
        self.with_tails(|tails| tails.text())
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
        self.pid.store(pid, Ordering::Relaxed);
    }

    pub fn pid(&self) -> Option<u32> {
        match self.pid.load(Ordering::Relaxed) {
            0 => None,
            pid => Some(pid),
        }
    }
}

impl std::fmt::Debug for RunShared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunShared").field("pid", &self.pid()).finish_non_exhaustive()
    }
}
