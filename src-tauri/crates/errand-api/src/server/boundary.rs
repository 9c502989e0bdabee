//! This socket is the person's. A program that works for a task has the same account, but not the same say: it
//! could answer its own questions.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use errand_base::{Code, Fault, TaskId};
use errand_model::Reason;
use errand_os::Peer;
use errand_store::{Entry, SubjectKind};

use crate::router::Api;

/// Where the line is drawn, and who has been seen to step over it.
pub(crate) struct Boundary {
    /// Marks the processes of this home's runs.
    mark: String,
    /// The app, which an engine starts itself.
    desktop: Option<PathBuf>,
    /// Tasks whose timeline says so already: a program that tries again and again must not fill it.
    recorded: Mutex<HashSet<TaskId>>,
}

impl Boundary {
    pub fn new(mark: String, desktop: Option<PathBuf>) -> Boundary {
        Boundary { mark, desktop, recorded: Mutex::default() }
    }
}

pub(super) fn check(api: &Api, pid: Option<i32>) -> Result<(), Fault> {
    let pid = pid.and_then(|pid| u32::try_from(pid).ok()).filter(|pid| *pid > 0);
    let peer = pid.map(|pid| errand_os::peer(pid, &api.boundary.mark, api.boundary.desktop.as_deref()));
    match peer {
        Some(Ok(Peer::Person)) => Ok(()),
        Some(Ok(Peer::Worker { task })) => {
            tracing::warn!(?task, pid, "a program of a task was refused at the person's socket");
            if let Some(task) = task {
                record(api, task);
            }
            let text = "A program of a task cannot use Errand as its person does.";
            Err(Fault::new(Code::OnlyForPeople, text))
        }
        // Gone already, or of another world: nobody to answer, and nothing to be done for it.
        Some(Err(_)) | None => Err(Fault::new(Code::OnlyForPeople, "It cannot be seen who is asking.")),
    }
}

fn record(api: &Api, task: TaskId) {
    let mut recorded = api.boundary.recorded.lock().unwrap_or_else(PoisonError::into_inner);
    if !recorded.insert(task.clone()) {
        return;
    }
    let now = api.clock.now();
    api.store.submit(
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
                text: "One of its processes asked for what only you may do, and was refused",
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
