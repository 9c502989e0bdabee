//! What the programs of a run may do: ask, say how far they are, hand over the result, ask to be woken. Nothing else.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use errand_agents::Desk;
use errand_base::{Clock, Code, Fault, Redactor, RunId, TaskId, Timestamp};
use errand_model::{Ask, Check, Checkpoint, Event, Finish, WakeWish};
use tokio::sync::{mpsc, oneshot};

use crate::input::Input;
use crate::redaction::Redact;
use crate::run::RunShared;

/// Progress is written down at most so often; what is shown is always the latest.
const PROGRESS_PAUSE: Duration = Duration::from_secs(1);
/// Where texts of a worker end.
const LONGEST_QUESTION: usize = 16 * 1024;
const LONGEST_NOTE: usize = 1_000;
const MOST_OPTIONS: usize = 50;
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
    clock: Arc<dyn Clock>,
    redactor: Redactor,
    written: Mutex<Option<Timestamp>>,
    handed_over: AtomicBool,
}

/// A question that stands. Dropping it does not withdraw it.
pub struct Asking {
    pub question: u32,
    /// `None`: it was withdrawn.
    pub answer: oneshot::Receiver<Option<String>>,
}

impl Worker {
    pub(crate) fn new(
        task: TaskId,
        run: RunId,
        desk: Arc<Desk>,
        shared: Arc<RunShared>,
        input: mpsc::UnboundedSender<Input>,
        clock: Arc<dyn Clock>,
        redactor: Redactor,
    ) -> Worker {
        Worker {
            task,
            run,
            desk,
            shared,
            input,
            clock,
            redactor,
            written: Mutex::default(),
            handed_over: AtomicBool::default(),
        }
    }

    /// The process that the run was started with.
    pub async fn started(&self) -> Option<u32> {
        self.shared.started().await
    }

    pub async fn ask(&self, ask: Ask) -> Result<Asking, Fault> {
        let ask = ask.redacted(&self.redactor);
        let ask = Ask {
            text: bounded("The question", ask.text, LONGEST_QUESTION)?,
            options: options(ask.options)?,
            open: ask.open,
        };
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

    pub async fn wake(&self, wish: WakeWish) -> Result<Timestamp, Fault> {
        let wish = wish.redacted(&self.redactor);
        if wish.why.trim().is_empty() {
            return Err(Fault::new(Code::BadUsage, "It is not said why it should be woken."));
        }
        let why = bounded("The reason", wish.why, LONGEST_NOTE)?;
        let wake = WakeWish { why, ..wish }.wake(self.clock.now());
        let at = wake.at;
        self.sign_of_life();
        self.tell(Event::WakeAsked { run: self.run, wake }).await?;
        Ok(at)
    }

    fn sign_of_life(&self) {
        self.shared.heard(self.clock.now());
        self.shared.alive.notify_one();
    }

    async fn tell(&self, event: Event) -> Result<(), Fault> {
        let (reply, answer) = oneshot::channel();
        self.send(Input::Tell { task: self.task.clone(), event, stored: None, reply })?;
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
