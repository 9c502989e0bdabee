//! This socket is the person's. A program that works for a task has the same account, but not the same say: it
//! could answer its own questions.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use errand_base::{Clock, Code, Fault, TaskId, Timestamp};
use errand_model::Reason;
use errand_os::Peer;
use errand_store::{Entry, Store, SubjectKind};

/// Where the line is drawn, and who has been seen to step over it.
pub(crate) struct Boundary {
    /// Marks the processes of this home's runs.
    mark: String,
    /// The app, which an engine starts itself.
    desktop: Option<PathBuf>,
    store: Store,
    clock: Arc<dyn Clock>,
    /// Tasks whose timeline says so already: a program that tries again and again must not fill it.
    recorded: Mutex<HashSet<(TaskId, &'static str)>>,
}

impl Boundary {
    pub fn new(mark: String, desktop: Option<PathBuf>, store: Store, clock: Arc<dyn Clock>) -> Boundary {
        Boundary { mark, desktop, store, clock, recorded: Mutex::default() }
    }

    /// Refuses everybody but the person.
    pub fn check_person(&self, pid: Option<i32>) -> Result<(), Fault> {
        let pid = known(pid);
        match pid.map(|pid| self.peer(pid)) {
            Some(Ok(Peer::Person)) => Ok(()),
            Some(Ok(Peer::Worker { task })) => {
                tracing::warn!(?task, pid, "a program of a task was refused at the person's socket");
                self.record(task, "One of its processes asked for what only you may do, and was refused");
                let text = "A program of a task cannot use Errand as its person does.";
                Err(Fault::new(Code::OnlyForPeople, text))
            }
            // Gone already, or of another world: nobody to answer, and nothing to be done for it.
            Some(Err(_)) | None => Err(Fault::new(Code::OnlyForPeople, "It cannot be seen who is asking.")),
        }
    }

    /// Refuses everybody but the programs of one run, of which `started` is the first.
    pub fn check_worker(&self, pid: Option<i32>, task: &TaskId, started: Option<u32>) -> Result<(), Fault> {
        let refusal = || Fault::new(Code::OnlyInTasks, "Only the programs of this task may do that.");
        let (Some(pid), Some(started)) = (known(pid), started) else { return Err(refusal()) };
        if errand_os::same_run(pid, started, &self.mark).unwrap_or(false) {
            return Ok(());
        }
        tracing::warn!(%task, pid, "somebody else was refused at the socket of a run");
        if let Ok(Peer::Worker { task: from }) = self.peer(pid) {
            self.record(from, "One of its processes used the socket of another task, and was refused");
        }
        Err(refusal())
    }

    pub fn wrong_token(&self, task: &TaskId) -> Fault {
        tracing::warn!(%task, "a wrong token was refused at the socket of a run");
        self.record(Some(task.clone()), "One of its processes came with a token that is not its own");
        Fault::new(Code::OnlyInTasks, "That token does not belong to this run.")
    }

    fn peer(&self, pid: u32) -> std::io::Result<Peer> {
        errand_os::peer(pid, &self.mark, self.desktop.as_deref())
    }

    fn record(&self, task: Option<TaskId>, text: &'static str) {
        let Some(task) = task else { return };
        let mut recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        if recorded.insert((task.clone(), text)) {
            write_down(&self.store, self.clock.now(), task, text);
        }
    }
}

fn known(pid: Option<i32>) -> Option<u32> {
    pid.and_then(|pid| u32::try_from(pid).ok()).filter(|pid| *pid > 0)
}

fn write_down(store: &Store, now: Timestamp, task: TaskId, text: &'static str) {
    store.submit(
        move |tx| {
            // What it says of its task is its own word; a name that does not exist is nobody's.
            let Some(stored) = tx.tasks().load(&task)? else { return Ok(()) };
            let state = stored.task.state.name();
            tx.transitions().append(&Entry {
                at: now,
                subject: SubjectKind::Task,
                task: Some((stored.seq, &task)),
                subject_id: "",
                from: state,
                to: state,
                reason: Reason::ReachedTooFar,
                text,
            })?;
            Ok(())
        },
        |result| {
            if let Err(error) = result {
                tracing::warn!(%error, "the refusal was not written down");
            }
        },
    );
}
