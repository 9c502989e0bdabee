//! Handing over a task that gets a folder of its own: the folder, with what is attached, before the row.

use errand_base::{Code, Fault, TaskId};
use errand_model::{Lease, StartError, Work};
use errand_os::{AttachError, Attached, Reserved, WorkFolders};
use errand_store::Store;

use crate::Engine;
use crate::input::{Accepted, NewTask};

/// Tells a program where its attachments are.
pub const ATTACHMENTS_VARIABLE: &str = "ERRAND_ATTACHMENTS";

/// Ids are drawn by chance; this often in a row they are never all taken.
const DRAWS: u32 = 64;

/// The folder that belongs to a task: made for it, kept while it lives, removed with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnFolder {
    run_in_it: bool,
    staged: Option<String>,
    /// Chosen before the task is written down, because the folder has the same name.
    pub(crate) id: Option<TaskId>,
    pub(crate) attached: Vec<Attached>,
}

impl OwnFolder {
    /// `run_in_it`: as the folder that the program runs in. `staged`: the name of what a terminal has put there to
    /// be attached.
    pub fn new(run_in_it: bool, staged: Option<String>) -> OwnFolder {
        OwnFolder { run_in_it, staged, id: None, attached: Vec::new() }
    }

    /// What the work is besides the program, for whoever compares it. Each task has another folder, so that its name
    /// says nothing; of attachments name and size count.
    pub(crate) fn fingerprint(&self) -> serde_json::Value {
        let attached: Vec<_> = self.attached.iter().map(|file| (&file.name, file.bytes)).collect();
        serde_json::json!({ "managed": self.run_in_it, "attached": attached })
    }

    pub(crate) fn is_run_in(&self) -> bool {
        self.run_in_it
    }
}

/// Hands over a task with a folder of its own.
pub(crate) async fn accept(engine: &Engine, mut new: NewTask) -> Result<Accepted, Fault> {
    let reserved = reserve(engine.store(), engine.folders(), &mut new).await?;
    let accepted = engine.write_down(new).await;
    conclude(engine.folders(), reserved, &accepted).await;
    accepted
}

/// Chooses an id and takes what was attached.
async fn reserve(store: &Store, folders: &WorkFolders, new: &mut NewTask) -> Result<Option<Reserved>, Fault> {
    let Some(own) = &mut new.own else { return Ok(None) };
    let id = free_id(store, folders).await?;
    let mut reserved = None;
    if let Some(staged) = own.staged.clone() {
        let (folders, task) = (folders.clone(), id.clone());
        let taken = blocking(move || folders.take(&staged, &task)).await?;
        let (folder, attached) = taken.map_err(|error| attach_fault(&error))?;
        own.attached = attached;
        reserved = Some(folder);
    }
    let Work::Program(program) = &mut new.work;
    if own.run_in_it {
        program.cwd = folders.folder(&id);
        new.policy.lease = Some(Lease::on(program.cwd.clone()));
    }
    if reserved.is_some() {
        let place = folders.attachments(&id).display().to_string();
        program.env.retain(|(name, _)| name != ATTACHMENTS_VARIABLE);
        program.env.push((ATTACHMENTS_VARIABLE.to_owned(), place));
        program.env.sort();
    }
    own.id = Some(id);
    Ok(reserved)
}

/// After the answer: the folder is the task's, or nobody's and gone. If we die before this, the next engine does it.
async fn conclude(folders: &WorkFolders, reserved: Option<Reserved>, accepted: &Result<Accepted, Fault>) {
    let Some(reserved) = reserved else { return };
    let folders = folders.clone();
    let task =
        accepted.as_ref().ok().filter(|accepted| !accepted.duplicate).map(|accepted| accepted.id.clone());
    let done = blocking(move || match task {
        Some(task) => folders.settle(&task),
        None => folders.discard(reserved),
    });
    match done.await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "a folder is not in its place yet"),
        Err(fault) => tracing::warn!(%fault, "a folder is not in its place yet"),
    }
}

/// Before a run.
pub(crate) async fn prepare(folders: WorkFolders, task: &TaskId) -> Result<(), StartError> {
    let task = task.clone();
    let made = blocking(move || folders.prepare(&task)).await;
    let refuse = |why: String| StartError::Other(format!("its folder cannot be made: {why}"));
    made.map_err(|fault| refuse(fault.message))?.map_err(|error| refuse(error.to_string()))
}

async fn free_id(store: &Store, folders: &WorkFolders) -> Result<TaskId, Fault> {
    for _ in 0..DRAWS {
        let id = TaskId::random();
        let wanted = id.clone();
        let is_known = store.read(move |reader| Ok(reader.tasks().seq(&wanted)?.is_some())).await?;
        // A folder of that name may be there without a row: an older copy of the database was put in place.
        if !is_known && folders.is_free(&id) {
            return Ok(id);
        }
    }
    Err(Fault::new(Code::Internal, "No free task id was found."))
}

/// What a person can do about an attachment that is refused.
pub fn attach_fault(error: &AttachError) -> Fault {
    let sentence = |error: &AttachError| {
        let text = error.to_string();
        let mut letters = text.chars();
        let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
        format!("{first}{}.", letters.as_str())
    };
    let (code, hint) = match error {
        AttachError::File { .. } => {
            (Code::BadUsage, "Nothing was handed over. Attach files that you can read.")
        }
        AttachError::TooLarge { .. } | AttachError::TooMany => {
            (Code::BadUsage, "Nothing was handed over. Give the program the paths instead.")
        }
        AttachError::Gone => (Code::IllegalState, "Nothing was handed over. Repeat the command."),
        AttachError::Io(error) if is_full(error) => (Code::DiskFull, Code::DiskFull.hint()),
        AttachError::Io(_) => (Code::StoreFailed, Code::StoreFailed.hint()),
    };
    Fault::new(code, sentence(error)).hint(hint)
}

fn is_full(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
}

/// To its end, even if nobody waits for it any more.
pub(crate) async fn undisturbed<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, Fault> {
    tokio::spawn(work).await.map_err(|error| broken_off(&error))
}

pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Fault> {
    tokio::task::spawn_blocking(work).await.map_err(|error| broken_off(&error))
}

fn broken_off(error: &tokio::task::JoinError) -> Fault {
    Fault::new(Code::Internal, format!("Work on a folder broke off: {error}."))
}
