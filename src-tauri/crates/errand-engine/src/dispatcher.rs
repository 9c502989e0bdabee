//! The sole owner of live state. Every decision is a synchronous call: one input in, orders out. It does no input
//! or output and reads no clock, so tests drive it without a runtime.

mod process;
mod timers;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use errand_base::{Code, Fault, RunId, TaskId};
use errand_model::{
    Candidate, Choice, Death, Effect, Event, Hold, Rank, Refused, State, Step, Verdict, World, admit, step,
    why,
};

use crate::commit::StepWrite;
use crate::input::{Acceptance, Accepted, Action, Counts, Input, Leave, LiveTask, Moment, Reply, Used};
use crate::run::RunShared;
use crate::settings;
use timers::Timers;

/// Up to this many tasks keep their program in memory; beyond, it is read when its turn comes.
const KEEP_WORK: usize = 1_000;

pub(crate) struct Dispatcher {
    live: HashMap<TaskId, Entry>,
    queue: BTreeMap<Rank, Candidate>,
    /// The runs that hold a slot.
    slots: HashSet<RunId>,
    dependents: HashMap<TaskId, Vec<TaskId>>,
    timers: Timers,
    settings: settings::Live,
    leaving: Option<Leave>,
    /// Tasks that are being written down. Whoever handed them over hears of it before we leave.
    accepting: usize,
    /// Until every process of an earlier engine is known to be gone, nothing starts.
    sweeping: bool,
    disk_full: bool,
    now: Moment,
    actions: Vec<Action>,
}

struct Entry {
    live: LiveTask,
    rank: Option<Rank>,
    shared: Option<Arc<RunShared>>,
    /// The event whose step is being committed; what comes in meanwhile waits in `letters`.
    committing: Option<Letter>,
    letters: VecDeque<Letter>,
    /// The run was ended because the engine must leave; its last report becomes "unknown".
    leaving: bool,
}

struct Letter {
    event: Event,
    reply: Option<Reply<()>>,
    used: Option<Used>,
}

impl Dispatcher {
    pub fn new(settings: settings::Live, now: Moment) -> Dispatcher {
        Dispatcher {
            live: HashMap::new(),
            queue: BTreeMap::new(),
            slots: HashSet::new(),
            dependents: HashMap::new(),
            timers: Timers::default(),
            settings,
            leaving: None,
            accepting: 0,
            sweeping: true,
            disk_full: false,
            now,
            actions: Vec::new(),
        }
    }

    /// Takes one input and says what must be done about it.
    pub fn handle(&mut self, input: Input, now: Moment) -> Vec<Action> {
        self.now = now;
        match input {
            Input::Accept { new, reply } => self.accept(new, reply),
            Input::Accepted { result, reply } => self.accepted(result, reply),
            Input::Tell { task, event, stored, reply } => self.tell(&task, event, stored, reply),
            Input::Missed { events } => {
                for (task, event) in events {
                    self.post(&task, Letter { event, reply: None, used: None });
                }
            }
            Input::Edited { task, policy, version } => {
                if let Some(entry) = self.live.get_mut(&task) {
                    entry.live.task.policy = policy;
                    entry.live.task.version = version;
                    self.place(&task);
                }
            }
            Input::Report { task, run, report } => self.report(&task, run, report),
            Input::Committed { task, step, result } => self.committed(&task, &step, result),
            Input::Reloaded { task, stored } => self.reloaded(&task, stored),
            Input::Tick => {}
            Input::Recovered { tasks } => tasks.into_iter().for_each(|live| self.remember(live)),
            Input::Swept { tails } => self.swept(tails),
            Input::Settings(settings) => self.settings = settings,
            Input::DiskFull(full) => self.disk_full = full,
            Input::Why { task, reply } => drop(reply.send(self.why(&task))),
            Input::RunOf { task, reply } => drop(reply.send(self.run_of(&task))),
            Input::Counts { reply } => drop(reply.send(self.counts())),
            Input::Quit { how, reply } => self.quit(how, reply),
        }
        self.fire_timers();
        self.admit();
        if self.leaving.is_some()
            && self.slots.is_empty()
            && self.accepting == 0
            && !self.live.values().any(|entry| entry.committing.is_some())
        {
            self.actions.push(Action::Leave);
        }
        std::mem::take(&mut self.actions)
    }

    /// How long until something is due.
    pub fn next_due(&self, now: Moment) -> Option<std::time::Duration> {
        self.timers.next_due(now)
    }

    pub fn silence(&self) -> std::time::Duration {
        self.settings.silence
    }

    pub fn run_of(&self, task: &TaskId) -> Option<Arc<RunShared>> {
        self.live.get(task).and_then(|entry| entry.shared.clone())
    }

    fn accept(&mut self, new: Box<crate::input::NewTask>, reply: Reply<Accepted>) {
        if self.leaving.is_some() {
            drop(
                reply.send(Err(Fault::new(Code::Quitting, "Errand is about to quit and takes no new work."))),
            );
            return;
        }
        self.accepting += 1;
        self.actions.push(Action::Accept { new, reply });
    }

    fn accepted(&mut self, result: Result<Acceptance, Fault>, reply: Reply<Accepted>) {
        self.accepting = self.accepting.saturating_sub(1);
        let answer = result.and_then(|acceptance| match acceptance {
            Acceptance::New(live) => {
                let id = live.task.id.clone();
                let asks = !live.task.questions.is_empty();
                self.remember(*live);
                if asks {
                    self.actions.push(Action::Deliver);
                }
                Ok(Accepted { id, duplicate: false })
            }
            Acceptance::Known { id, same_work: true } => Ok(Accepted { id, duplicate: true }),
            Acceptance::Known { id, same_work: false } => {
                let text = format!("The key already belongs to {id}, which does something else.");
                Err(Fault::new(Code::KeyConflict, text))
            }
        });
        drop(reply.send(answer));
    }

    fn remember(&mut self, mut live: LiveTask) {
        if self.live.len() >= KEEP_WORK {
            live.work = None;
        }
        let id = live.task.id.clone();
        for dependency in live.task.after.iter().filter(|dependency| !dependency.is_met()) {
            self.dependents.entry(dependency.task.clone()).or_default().push(id.clone());
        }
        if let Some(run) = &live.task.run {
            self.slots.insert(run.id);
        }
        let entry = Entry {
            live,
            rank: None,
            shared: None,
            committing: None,
            letters: VecDeque::new(),
            leaving: false,
        };
        self.live.insert(id.clone(), entry);
        self.place(&id);
    }

    fn tell(&mut self, task: &TaskId, event: Event, stored: Option<Box<LiveTask>>, reply: Reply<()>) {
        if !self.live.contains_key(task) {
            match stored {
                // What is not in memory is over. A row that says otherwise was read a moment too early; taking it
                // for the task would hold a slot for a run that is gone.
                Some(live) if live.task.state.is_final() && live.task.run.is_none() => self.remember(*live),
                Some(_) | None => {
                    let fault = Fault::new(Code::IllegalState, format!("{task} has just ended."));
                    drop(reply.send(Err(fault.hint("`errand show` says how."))));
                    return;
                }
            }
        }
        self.post(task, Letter { event, reply: Some(reply), used: None });
    }

    fn post(&mut self, task: &TaskId, letter: Letter) {
        if let Some(entry) = self.live.get_mut(task) {
            entry.letters.push_back(letter);
            self.open_letters(task);
        }
    }

    /// Takes the next steps of a task until one has to be committed.
    fn open_letters(&mut self, task: &TaskId) {
        let Some(entry) = self.live.get_mut(task) else { return };
        while entry.committing.is_none() {
            let Some(letter) = entry.letters.pop_front() else { break };
            match step(&entry.live.task, letter.event.clone(), self.now.wall) {
                Ok(step) => {
                    self.actions.push(Action::Commit {
                        task: task.clone(),
                        write: StepWrite {
                            seq: entry.live.seq,
                            from_version: entry.live.task.version,
                            was_final: entry.live.task.state.is_final(),
                            run: step.task.run.clone().or_else(|| entry.live.task.run.clone()),
                            used: letter.used,
                        },
                        step: Box::new(step),
                        must: must_commit(&letter.event),
                    });
                    entry.committing = Some(letter);
                }
                Err(refused) => {
                    if let Some(reply) = letter.reply {
                        drop(reply.send(Err(fault_of(refused, task, entry.live.task.state))));
                    }
                }
            }
        }
        self.forget_if_over(task);
    }

    fn committed(&mut self, task: &TaskId, step: &Step, result: Result<bool, Fault>) {
        let Some(entry) = self.live.get_mut(task) else { return };
        let Some(letter) = entry.committing.take() else { return };
        match result {
            Ok(true) => {
                entry.live.task.clone_from(&step.task);
                self.place(task);
                for effect in &step.effects {
                    self.carry_out(task, effect);
                }
                if let Some(reply) = letter.reply {
                    drop(reply.send(Ok(())));
                }
            }
            // Somebody else changed the row, an edit for example. Nothing of the step happened: look again, then
            // decide about the same event anew.
            Ok(false) => {
                entry.committing = Some(letter);
                self.actions.push(Action::Reload { task: task.clone() });
                return;
            }
            Err(fault) => {
                self.disk_full |= fault.code == Code::DiskFull;
                // The slot of a start that was not written down is free again.
                let started = step.task.run.as_ref().map(|run| run.id);
                if let Some(run) = started.filter(|_| entry.live.task.run.is_none()) {
                    self.slots.remove(&run);
                }
                self.place(task);
                if let Some(reply) = letter.reply {
                    drop(reply.send(Err(fault)));
                }
            }
        }
        self.open_letters(task);
    }

    fn reloaded(&mut self, task: &TaskId, stored: Result<Option<Box<LiveTask>>, Fault>) {
        let Some(entry) = self.live.get_mut(task) else { return };
        if let Some(letter) = entry.committing.take() {
            entry.letters.push_front(letter);
        }
        match stored {
            Ok(Some(stored)) => entry.live.task = stored.task,
            Ok(None) => {
                self.live.remove(task);
                return;
            }
            Err(_) => {}
        }
        self.place(task);
        self.open_letters(task);
    }

    fn carry_out(&mut self, task: &TaskId, effect: &Effect) {
        match effect {
            Effect::Spawn { run } => self.launch(task, *run),
            Effect::End { run } => self.end(task, *run),
            Effect::Free { run } => {
                self.slots.remove(run);
                if let Some(entry) = self.live.get_mut(task) {
                    entry.shared = None;
                    entry.leaving = false;
                }
            }
            Effect::Deliver(_) => self.actions.push(Action::Deliver),
            Effect::Settle { choice, .. } => {
                self.actions.push(Action::Deliver);
                let patient = choice.as_deref() == Some(Choice::KeepWaiting.name());
                if let Some(shared) = self.run_of(task).filter(|_| patient) {
                    shared.listen.notify_one();
                }
            }
            Effect::TellDependents => self.tell_dependents(task),
            Effect::Ask(_) | Effect::File(_) | Effect::Record(_) => {}
        }
    }

    fn tell_dependents(&mut self, task: &TaskId) {
        let Some(state) = self.live.get(task).map(|entry| entry.live.task.state) else { return };
        for dependent in self.dependents.get(task).cloned().unwrap_or_default() {
            let event = if state.is_final() {
                Event::DependencyEnded { task: task.clone(), state }
            } else {
                Event::DependencyReopened { task: task.clone() }
            };
            self.post(&dependent, Letter { event, reply: None, used: None });
        }
    }

    /// Puts a task where its state belongs: in the queue or not, with its timers set.
    fn place(&mut self, task: &TaskId) {
        let Some(entry) = self.live.get_mut(task) else { return };
        if let Some(rank) = entry.rank.take() {
            self.queue.remove(&rank);
        }
        let model = &entry.live.task;
        if model.state == State::Queued && entry.committing.is_none() {
            let rank = Rank::new(model.policy.priority, model.failures > 0, entry.live.seq);
            let candidate = Candidate { task: task.clone(), holds: model.holds, ending: model.run.is_some() };
            self.queue.insert(rank, candidate);
            entry.rank = Some(rank);
        }
        self.timers.set(task, &model.timers, self.now);
    }

    fn forget_if_over(&mut self, task: &TaskId) {
        let Some(entry) = self.live.get(task) else { return };
        let model = &entry.live.task;
        if entry.committing.is_none()
            && entry.letters.is_empty()
            && model.state.is_final()
            && model.run.is_none()
        {
            for dependency in &model.after {
                if let Some(list) = self.dependents.get_mut(&dependency.task) {
                    list.retain(|dependent| dependent != task);
                    if list.is_empty() {
                        self.dependents.remove(&dependency.task);
                    }
                }
            }
            self.timers.forget(task);
            self.live.remove(task);
        }
    }

    fn fire_timers(&mut self) {
        for (task, timer) in self.timers.take_due(self.now) {
            let tail = self.run_of(&task).map(|shared| shared.tail()).unwrap_or_default();
            self.post(&task, Letter { event: Event::TimerFired { timer, tail }, reply: None, used: None });
        }
    }

    fn world(&self) -> World {
        World {
            slots: self.settings.slots,
            held_slots: u32::try_from(self.slots.len()).unwrap_or(u32::MAX),
            paused: self.settings.paused || self.sweeping,
            quitting: self.leaving.is_some(),
            disk_full: self.disk_full,
        }
    }

    fn admit(&mut self) {
        for task in admit(self.world(), self.queue.values()) {
            let run = RunId::random();
            self.slots.insert(run);
            if let Some(rank) = self.live.get_mut(&task).and_then(|entry| entry.rank.take()) {
                self.queue.remove(&rank);
            }
            self.post(&task, Letter { event: Event::Admitted { run }, reply: None, used: None });
            // Only if a letter that came before changed the state: the slot is not needed.
            let taken = self.live.get(&task).is_some_and(|entry| entry.committing.is_some());
            if !taken {
                self.slots.remove(&run);
                self.place(&task);
            }
        }
    }

    fn why(&self, task: &TaskId) -> Option<String> {
        match why(self.world(), self.queue.values(), task)? {
            Verdict::Start => None,
            Verdict::Wait(why) => Some(why.to_string()),
        }
    }

    fn counts(&self) -> Counts {
        let mut counts = Counts {
            slots: self.settings.slots,
            paused: self.settings.paused,
            quitting: self.leaving.is_some(),
            disk_full: self.disk_full,
            ..Counts::default()
        };
        for entry in self.live.values() {
            match entry.live.task.state {
                State::Running => counts.running += 1,
                State::Queued => counts.queued += 1,
                State::Waiting | State::RateLimited | State::Sleeping => counts.waiting += 1,
                State::NeedsYou => counts.needs_you += 1,
                State::Completed | State::Failed | State::TimedOut | State::Cancelled | State::Unknown => {}
            }
        }
        counts
    }

    fn quit(&mut self, how: Leave, reply: Reply<Vec<TaskId>>) {
        let mut running: Vec<TaskId> = Vec::new();
        for (id, entry) in &self.live {
            if entry.live.task.run.is_some() || entry.committing.is_some() {
                running.push(id.clone());
            }
        }
        running.sort();
        if how == Leave::WhenIdle && !running.is_empty() {
            let names: Vec<&str> = running.iter().map(TaskId::as_str).collect();
            let text = format!("Still running: {}.", names.join(", "));
            drop(reply.send(Err(Fault::new(Code::ProgramsRunning, text))));
            return;
        }
        self.leaving = Some(how);
        for task in &running {
            match how {
                Leave::WhenIdle | Leave::Finish => {}
                Leave::Now => self.post(task, Letter { event: Event::QuitNow, reply: None, used: None }),
                Leave::Shutdown => self.end_for_leaving(task),
            }
        }
        drop(reply.send(Ok(running)));
    }
}

fn fault_of(refused: Refused, task: &TaskId, state: State) -> Fault {
    match refused {
        Refused::NoSuchQuestion => {
            Fault::new(Code::QuestionNotFound, format!("{task} has no such open question."))
        }
        Refused::BadChoice => Fault::new(Code::BadAnswer, "The question does not offer that."),
        Refused::AlreadyEnded => {
            Fault::new(Code::IllegalState, format!("{task} has already ended: {}.", words(state)))
        }
        Refused::NotEnded
        | Refused::Completed
        | Refused::OtherRun
        | Refused::NotReady
        | Refused::StaleTimer
        | Refused::NotADependency
        | Refused::AlreadyHeld
        | Refused::NotHeld
        | Refused::NothingToTake => Fault::new(Code::IllegalState, format!("{task}: {refused}.")),
    }
}

fn words(state: State) -> String {
    state.name().replace('_', " ")
}

/// What has happened in the world is written down even on a full disk; only new undertakings are refused.
fn must_commit(event: &Event) -> bool {
    match event {
        Event::Admitted { .. } | Event::Retry { .. } | Event::Hold { .. } | Event::Release { .. } => false,
        Event::StartFailed { .. }
        | Event::Exited { .. }
        | Event::Gone { .. }
        | Event::Stuck { .. }
        | Event::Lost { .. }
        | Event::Silent { .. }
        | Event::Spoke { .. }
        | Event::TimerFired { .. }
        | Event::DependencyEnded { .. }
        | Event::DependencyReopened { .. }
        | Event::Cancel { .. }
        | Event::QuitNow
        | Event::Answer { .. } => true,
    }
}

/// The event that pauses or resumes a task for its person.
pub(crate) fn pause_event(pause: bool, by: errand_model::By) -> Event {
    let hold = Hold::Person;
    if pause { Event::Hold { hold, by: Some(by) } } else { Event::Release { hold, by: Some(by) } }
}

/// What a report means once the engine is on its way out.
pub(super) fn death_of_leaving() -> Death {
    Death::EngineStopped
}
