//! What the programs of a run may do: ask, say how far they are, hand over the result, ask to be woken. Nothing else.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use errand_agents::{Desk, Subtask};
use errand_base::{Clock, Code, Fault, Redactor, RunId, TaskId, Timestamp};
use errand_model::{
    AnswerText, Ask, CallOff, Check, Checkpoint, Event, Field, Finish, SubtaskWish, WakeWish, Work,
};
use errand_store::{Store, Stored};
use tokio::sync::{mpsc, oneshot};

use crate::folders::blocking;
use crate::input::{Accepted, Input};
use crate::launch::Launcher;
use crate::redaction::Redact;
use crate::run::RunShared;
use crate::subtasks;

/// Progress is written down at most so often; what is shown is always the latest.
const PROGRESS_PAUSE: Duration = Duration::from_secs(1);
/// Where texts of a worker end.
const LONGEST_QUESTION: usize = 16 * 1024;
const LONGEST_NOTE: usize = 1_000;
const MOST_OPTIONS: usize = 50;
const MOST_OF_A_NAME: usize = 100;
const LONGEST_REPORT: usize = 8 << 20;

/// Gives the programs of a run a way to us.
pub trait Door: Send + Sync + 'static {
    /// Open until the guard is dropped.
    fn open(&self, worker: Arc<Worker>) -> std::io::Result<Box<dyn Send>>;
}

/// A door that nobody comes through.
pub struct NoDoor;

impl Door for NoDoor {
    fn open(&self, _worker: Arc<Worker>) -> std::io::Result<Box<dyn Send>> {
        Ok(Box::new(()))
    }
}

/// One run, seen from its own programs.
pub struct Worker {
    pub task: TaskId,
    pub run: RunId,
    pub desk: Arc<Desk>,
    shared: Arc<RunShared>,
    input: mpsc::UnboundedSender<Input>,
    store: Store,
    clock: Arc<dyn Clock>,
    redactor: Redactor,
    written: Mutex<Option<Timestamp>>,
    handed_over: AtomicBool,
}

/// A question that stands. Dropping it does not withdraw it.
pub struct Asking {
    pub question: u32,
    /// `None`: it was withdrawn.
    pub answer: oneshot::Receiver<Option<AnswerText>>,
}

impl Worker {
    pub(crate) fn new(task: TaskId, shared: Arc<RunShared>, desk: Arc<Desk>, launcher: &Launcher) -> Worker {
        Worker {
            task,
            run: shared.run,
            desk,
            shared,
            input: launcher.input.clone(),
            store: launcher.store.clone(),
            clock: launcher.clock.clone(),
            redactor: launcher.credentials.redactor().clone(),
            written: Mutex::default(),
            handed_over: AtomicBool::default(),
        }
    }

    /// The process that the run was started with.
    pub async fn started(&self) -> Option<u32> {
        self.shared.started().await
    }

    pub async fn ask(&self, ask: Ask) -> Result<Asking, Fault> {
        let ask = ask.expanded().map_err(|why| Fault::new(Code::BadUsage, why))?.redacted(&self.redactor);
        let ask = Ask {
            text: bounded("The question", ask.text, LONGEST_QUESTION)?,
            options: options(ask.options)?,
            open: ask.open,
            fields: fields(ask.fields)?,
            ..ask
        };
        if !ask.fields.is_empty() && (!ask.options.is_empty() || ask.open) {
            return Err(Fault::new(Code::BadUsage, "A question has options or fields, not both."));
        }
        if ask.text.trim().is_empty() {
            return Err(Fault::new(Code::BadUsage, "The question is empty."));
        }
        self.sign_of_life();
        let (opened, number) = oneshot::channel();
        let (settled, answer) = oneshot::channel();
        let (task, run) = (self.task.clone(), self.run);
        self.send(Input::Ask { task, run, ask, opened, answer: settled })?;
        let question = number.await.map_err(|_| gone())??;
        Ok(Asking { question, answer })
    }

    /// Whoever asked does not wait any more.
    pub async fn withdraw(&self, question: u32) -> Result<(), Fault> {
        self.tell(Event::AskerGone { run: self.run, question }).await
    }

    pub async fn progress(&self, checkpoint: Checkpoint) -> Result<(), Fault> {
        let checkpoint = checkpoint.redacted(&self.redactor);
        let checkpoint = Checkpoint {
            note: bounded("The note", checkpoint.note, LONGEST_NOTE)?,
            percent: checkpoint.percent.map(|percent| percent.min(100)),
        };
        self.sign_of_life();
        self.shared.set_checkpoint(checkpoint.clone());
        let now = self.clock.now();
        let due = {
            let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
            let due = written.is_none_or(|last| now.since(last) >= PROGRESS_PAUSE);
            if due {
                *written = Some(now);
            }
            due
        };
        if due {
            self.tell(Event::Progressed { run: self.run, checkpoint }).await?;
        }
        Ok(())
    }

    /// Says whether this was the result that counts, or came after one. What must hold at the end is looked at first.
    pub async fn finish(&self, finish: Finish) -> Result<bool, Fault> {
        let finish = finish.redacted(&self.redactor);
        let report = bounded("The report", finish.report, LONGEST_REPORT)?;
        let mut finish = Finish { report, ..finish };
        self.sign_of_life();
        if self.shared.has_checks() && !self.handed_over.load(Ordering::Acquire) {
            finish.verification.extend(self.believable().await?);
        }
        match self.tell(Event::Finished { run: self.run, finish }).await {
            Ok(()) => {
                self.handed_over.store(true, Ordering::Release);
                Ok(true)
            }
            Err(fault) if fault.code == Code::AlreadyFinished => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    /// The stop checks, all of them met; else what they said.
    async fn believable(&self) -> Result<Vec<Check>, Fault> {
        let checks = self.shared.checked().await.ok_or_else(gone)?.redacted(&self.redactor);
        let unmet: Vec<&Check> = checks.iter().filter(|check| !check.met).collect();
        if unmet.is_empty() {
            return Ok(checks);
        }
        let names: Vec<&str> = unmet.iter().map(|check| check.what.as_str()).collect();
        let said: Vec<&str> = unmet.iter().filter_map(|check| check.note.as_deref()).collect();
        let text = format!("Not believed, because this failed: {}.\n{}", names.join(", "), said.join("\n"));
        Err(Fault::new(Code::ChecksFailed, text.trim_end().to_owned()))
    }

    /// Something outside is about to be done, or was.
    pub async fn deed(&self, what: String, done: bool) -> Result<(), Fault> {
        let what = bounded("The effect", what.redacted(&self.redactor), LONGEST_NOTE)?;
        if what.trim().is_empty() {
            return Err(Fault::new(Code::BadUsage, "It is not said what is done."));
        }
        self.sign_of_life();
        self.tell(Event::Deed { run: self.run, what, done }).await
    }

    /// When it will be woken, if that is known.
    pub async fn wake(&self, wish: WakeWish) -> Result<Option<Timestamp>, Fault> {
        let wish = wish.redacted(&self.redactor);
        if wish.why.trim().is_empty() && !wish.when_subtasks_end {
            return Err(Fault::new(Code::BadUsage, "It is not said why it should be woken."));
        }
        let why = bounded("The reason", wish.why, LONGEST_NOTE)?;
        let wake = WakeWish { why, ..wish }.wake(self.clock.now());
        let at = wake.at;
        self.sign_of_life();
        self.tell(Event::WakeAsked { run: self.run, wake }).await?;
        Ok(at)
    }

    /// Hands part of the work on.
    pub async fn spawn(&self, wish: SubtaskWish) -> Result<Accepted, Fault> {
        self.sign_of_life();
        let stored = self.stored().await?;
        let Work::Program(program) = &stored.work;
        let mut folder = program.cwd.clone();
        if let Some(cwd) = wish.cwd.as_ref().filter(|cwd| cwd.is_absolute() && !cwd.starts_with(&folder)) {
            // A program sees its folder by another name if a link led there.
            let (named, cwd) = (folder.clone(), cwd.clone());
            let real = blocking(move || std::fs::canonicalize(named)).await?;
            folder = real.ok().filter(|real| cwd.starts_with(real)).unwrap_or(folder);
        }
        let wish = wish
            .checked(&folder)
            .map_err(|why| Fault::new(Code::BadUsage, format!("The sub-task was not made: {why}.")))?;
        let (reply, answer) = oneshot::channel();
        let (task, run) = (self.task.clone(), self.run);
        self.send(Input::Spawn { task, run, wish: Box::new(wish), reply })?;
        answer.await.map_err(|_| gone())?
    }

    /// What became of the sub-tasks so far.
    pub async fn subtasks(&self) -> Result<Vec<Subtask>, Fault> {
        self.sign_of_life();
        let task = self.task.clone();
        let read = self.store.read(move |reader| match reader.tasks().load(&task)? {
            Some(stored) => subtasks::told(reader, &stored),
            None => Ok(Vec::new()),
        });
        Ok(read.await?)
    }

    /// Cancels a sub-task of this very task, named by its id or its key.
    pub async fn cancel_subtask(&self, name: &str) -> Result<TaskId, Fault> {
        self.sign_of_life();
        let task = self.stored().await?.task;
        let current = task.children.iter().filter(|child| child.generation == task.generation);
        let found = current.clone().find(|child| child.key.as_deref() == Some(name));
        let found = found.or_else(|| current.clone().find(|child| child.task.as_str() == name));
        let Some(child) = found.map(|child| child.task.clone()) else {
            return Err(Fault::new(Code::TaskNotFound, format!("This task has no sub-task “{name}”."))
                .hint("`errand subtask --list` shows those it has."));
        };
        let event = Event::CalledOff { why: CallOff::ByParent };
        self.tell_to(child.clone(), event).await?;
        Ok(child)
    }

    async fn stored(&self) -> Result<Stored, Fault> {
        let task = self.task.clone();
        let stored = self.store.read(move |reader| reader.tasks().load(&task)).await?;
        stored.ok_or_else(|| Fault::new(Code::TaskNotFound, format!("There is no task {}.", self.task)))
    }

    fn sign_of_life(&self) {
        self.shared.heard(self.clock.now());
        self.shared.alive.notify_one();
    }

    async fn tell(&self, event: Event) -> Result<(), Fault> {
        self.tell_to(self.task.clone(), event).await
    }

    async fn tell_to(&self, task: TaskId, event: Event) -> Result<(), Fault> {
        let (reply, answer) = oneshot::channel();
        self.send(Input::Tell { task, event, stored: None, reply })?;
        answer.await.map_err(|_| gone())?
    }

    fn send(&self, input: Input) -> Result<(), Fault> {
        self.input.send(input).map_err(|_| gone())
    }
}

fn gone() -> Fault {
    Fault::new(Code::Quitting, "Errand is leaving.")
}

fn bounded(what: &str, text: String, most: usize) -> Result<String, Fault> {
    if text.len() > most {
        return Err(Fault::new(Code::BadUsage, format!("{what} is longer than {most} bytes.")));
    }
    Ok(text)
}

fn fields(fields: Vec<Field>) -> Result<Vec<Field>, Fault> {
    Field::check(&fields).map_err(|why| Fault::new(Code::BadUsage, why))?;
    fields
        .into_iter()
        .map(|field| {
            let label = bounded("A label", field.label, LONGEST_NOTE)?;
            let name = bounded("The name of a field", field.name, MOST_OF_A_NAME)?;
            Ok(Field { name, label, options: options(field.options)?, ..field })
        })
        .collect()
}

fn options(options: Vec<String>) -> Result<Vec<String>, Fault> {
    if options.len() > MOST_OPTIONS {
        return Err(Fault::new(Code::BadUsage, format!("A question has at most {MOST_OPTIONS} options.")));
    }
    let mut kept: Vec<String> = Vec::with_capacity(options.len());
    for option in options {
        let option = bounded("An option", option, LONGEST_NOTE)?;
        // Two that differ in case alone could not be told apart in an answer.
        let known = kept.iter().any(|known| known.trim().eq_ignore_ascii_case(option.trim()));
        if option.trim().is_empty() || known {
            return Err(Fault::new(
                Code::BadUsage,
                format!("The option “{option}” is empty or named twice."),
            ));
        }
        kept.push(option);
    }
    Ok(kept)
}
