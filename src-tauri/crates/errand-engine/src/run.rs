//! What the dispatcher and the executor share about one run.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use std::time::Duration;

use errand_agents::Request;
use errand_base::{RunId, Timestamp};
use errand_model::approval::Verdict;
use errand_model::{Around, Aside, Check, Checkpoint, Tail};
use tokio::sync::{Notify, oneshot, watch};

use crate::output::Tails;

/// One run while its processes may exist.
pub struct RunShared {
    pub run: RunId,
    tails: Mutex<Tails>,
    last_output: AtomicI64,
    /// 0 until it is known.
    pid: watch::Sender<u32>,
    pub(crate) end: Notify,
    /// It must be gone within seconds.
    hurry: AtomicBool,
    /// Known once its work is.
    around: OnceLock<(bool, bool)>,
    aside: Mutex<Option<Aside>>,
    /// Somebody wants to know whether what must hold at the end does.
    pub(crate) check: Notify,
    checking: Mutex<Vec<oneshot::Sender<Vec<Check>>>>,
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
    rulings: Mutex<Vec<Ruling>>,
    /// Something it has asked for was decided.
    pub(crate) ruled: Notify,
}

/// What became of a request.
pub(crate) struct Ruling {
    pub ask: u32,
    pub verdicts: Vec<Verdict>,
    pub why: Option<String>,
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
            hurry: AtomicBool::default(),
            around: OnceLock::default(),
            aside: Mutex::default(),
            check: Notify::default(),
            checking: Mutex::default(),
            listen: Notify::default(),
            alive: Notify::default(),
            linger: Notify::default(),
            close: Notify::default(),
            next: Mutex::default(),
            prompted: Notify::default(),
            checkpoint: Mutex::default(),
            rulings: Mutex::default(),
            ruled: Notify::default(),
        }
    }

    pub(crate) fn set_around(&self, around: &Around) {
        self.around.set((!around.stop_checks.is_empty(), !around.after_run.is_empty())).ok();
    }

    /// Whether "done" is looked at before it is believed.
    pub(crate) fn has_checks(&self) -> bool {
        self.around.get().is_some_and(|(checks, _)| *checks)
    }

    /// Whether something follows the run.
    pub(crate) fn winds_up(&self) -> bool {
        self.around.get().is_some_and(|(_, winds_up)| *winds_up)
    }

    pub(crate) fn set_aside(&self, doing: Option<Aside>) {
        *self.aside.lock().unwrap_or_else(PoisonError::into_inner) = doing;
    }

    /// What it does beside its work.
    pub fn aside(&self) -> Option<Aside> {
        self.aside.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn end_now(&self) {
        self.hurry.store(true, Ordering::Release);
        self.end.notify_one();
    }

    pub(crate) fn in_a_hurry(&self) -> bool {
        self.hurry.load(Ordering::Acquire)
    }

    /// What the stop checks say now, or `None` if the run is over first.
    pub(crate) async fn checked(&self) -> Option<Vec<Check>> {
        let (tell, told) = oneshot::channel();
        self.checking.lock().unwrap_or_else(PoisonError::into_inner).push(tell);
        self.check.notify_one();
        told.await.ok()
    }

    pub(crate) fn tell_checks(&self, checks: &[Check]) {
        for waiting in self.stop_checking() {
            drop(waiting.send(checks.to_vec()));
        }
    }

    /// Nobody will check any more.
    pub(crate) fn stop_checking(&self) -> Vec<oneshot::Sender<Vec<Check>>> {
        std::mem::take(&mut self.checking.lock().unwrap_or_else(PoisonError::into_inner))
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

    pub(crate) fn rule(&self, ruling: Ruling) {
        self.rulings.lock().unwrap_or_else(PoisonError::into_inner).push(ruling);
        self.ruled.notify_one();
    }

    pub(crate) fn take_rulings(&self) -> Vec<Ruling> {
        std::mem::take(&mut self.rulings.lock().unwrap_or_else(PoisonError::into_inner))
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
