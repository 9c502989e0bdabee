//! An agent for tests: it does what it is told through a channel and never starts a process.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};

use errand_base::{RunId, Secret, TaskId};
use errand_model::StartError;
use errand_model::approval::Verdict;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::herald::{Herald, Message, Telling};
use crate::{Agent, End, Order, Request, Session, SessionEvent, Starting};

#[derive(Clone, Default)]
pub struct FakeAgent(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    runs: Vec<FakeRun>,
    refuse: Option<StartError>,
}

/// One run that the fake was asked for.
#[derive(Clone)]
pub struct FakeRun {
    pub task: TaskId,
    pub run: RunId,
    events: UnboundedSender<SessionEvent>,
    ended: Arc<Mutex<bool>>,
    checked: Arc<Mutex<u32>>,
    prompts: Arc<Mutex<Vec<Request>>>,
    decisions: Arc<Mutex<Vec<Decided>>>,
    /// What it was given beside its work.
    pub secrets: Vec<(String, Secret<String>)>,
}

impl FakeRun {
    pub fn emit(&self, event: SessionEvent) {
        // The engine may have let go of the run already; a real process would not notice either.
        drop(self.events.send(event));
    }

    /// What its turns were told, the first one included.
    pub fn prompts(&self) -> Vec<Request> {
        lock(&self.prompts).clone()
    }

    /// What became of its requests, in the order in which it was told.
    pub fn decisions(&self) -> Vec<Decided> {
        lock(&self.decisions).clone()
    }

    /// How often it was to be checked.
    pub fn checks(&self) -> u32 {
        *lock(&self.checked)
    }

    /// Whether the engine has ordered its end.
    pub fn was_told_to_end(&self) -> bool {
        *lock(&self.ended)
    }
}

impl FakeAgent {
    /// Every run so far, in the order of their start.
    pub fn runs(&self) -> Vec<FakeRun> {
        lock(&self.0).runs.clone()
    }

    pub fn runs_by_task(&self) -> HashMap<TaskId, usize> {
        let mut counts = HashMap::new();
        for run in self.runs() {
            *counts.entry(run.task).or_default() += 1;
        }
        counts
    }

    /// The next starts fail like this.
    pub fn refuse(&self, error: StartError) {
        lock(&self.0).refuse = Some(error);
    }
}

impl Agent for FakeAgent {
    fn start(&self, order: Order) -> Starting<'_> {
        let started = self.begin(order);
        Box::pin(async move { started })
    }
}

impl FakeAgent {
    fn begin(&self, order: Order) -> Result<Box<dyn Session>, StartError> {
        let mut state = lock(&self.0);
        if let Some(error) = state.refuse.clone() {
            return Err(error);
        }
        let (events, receiver) = unbounded_channel();
        let ended = Arc::new(Mutex::new(false));
        let checked = Arc::new(Mutex::new(0));
        let prompts = Arc::new(Mutex::new(order.turn.map(|turn| *turn).into_iter().collect::<Vec<_>>()));
        let decisions = Arc::new(Mutex::new(Vec::new()));
        state.runs.push(FakeRun {
            task: order.task,
            run: order.run,
            events,
            ended: ended.clone(),
            checked: checked.clone(),
            prompts: prompts.clone(),
            decisions: decisions.clone(),
            secrets: order.secrets,
        });
        Ok(Box::new(FakeSession { receiver, ended, checked, prompts, decisions }))
    }
}

struct FakeSession {
    receiver: UnboundedReceiver<SessionEvent>,
    ended: Arc<Mutex<bool>>,
    checked: Arc<Mutex<u32>>,
    prompts: Arc<Mutex<Vec<Request>>>,
    decisions: Arc<Mutex<Vec<Decided>>>,
}

/// The number of a request, what became of each item, and what is said of that.
pub type Decided = (u32, Vec<Verdict>, Option<String>);

impl Session for FakeSession {
    fn next(&mut self) -> Pin<Box<dyn Future<Output = SessionEvent> + Send + '_>> {
        Box::pin(async { self.receiver.recv().await.unwrap_or(SessionEvent::Lost) })
    }

    fn prompt(&mut self, turn: Box<Request>) {
        lock(&self.prompts).push(*turn);
    }

    fn check(&mut self) {
        *lock(&self.checked) += 1;
    }

    fn decide(&mut self, ask: u32, verdicts: Vec<Verdict>, why: Option<String>) {
        lock(&self.decisions).push((ask, verdicts, why));
    }

    fn end(&mut self, _how: End) {
        *lock(&self.ended) = true;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Keeps what the person's program would have read, and answers as it is told.
#[derive(Clone, Default)]
pub struct FakeHerald(Arc<Mutex<(Vec<Message>, Option<String>)>>);

impl FakeHerald {
    pub fn messages(&self) -> Vec<Message> {
        lock(&self.0).0.clone()
    }

    /// From now on it fails.
    pub fn fail(&self, why: &str) {
        lock(&self.0).1 = Some(why.to_owned());
    }
}

impl Herald for FakeHerald {
    fn tell(&self, message: Message) -> Telling {
        let mut state = lock(&self.0);
        state.0.push(message);
        let answer = state.1.clone().map_or(Ok(()), Err);
        Box::pin(async move { answer })
    }
}
