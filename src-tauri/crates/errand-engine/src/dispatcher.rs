//! The sole owner of live state. Every decision is a synchronous call: one input in, orders out. It does no input
//! or output and reads no clock, so tests drive it without a runtime.

mod answers;
mod awake;
mod family;
mod intake;
mod process;
mod slots;
#[cfg(test)]
mod tests;
mod timers;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use errand_base::{Code, Fault, RunId, TaskId};
use errand_model::{
    Answer, AnswerText, Candidate, Choice, Death, Effect, Event, Hold, Holds, Moment, Rank, State, Step,
    World, admit, step,
};

use crate::commit::{StepWrite, Written};
use crate::input::{Accepted, Action, Input, Leave, LiveTask, Reply, Used};
use crate::run::{Ruling, RunShared};
use crate::settings;
use awake::Awake;
use slots::Slots;
use timers::Timers;
use tokio::sync::oneshot;

/// Up to this many tasks keep their program in memory; beyond, it is read when its turn comes.
const KEEP_WORK: usize = 4_000;

pub(crate) struct Dispatcher {
    live: HashMap<TaskId, Entry>,
    queue: BTreeMap<Rank, Candidate>,
    slots: Slots,
    dependents: HashMap<TaskId, Vec<TaskId>>,
    /// Sub-tasks in memory, by the task that asked for them.
    subtasks: HashMap<TaskId, Vec<TaskId>>,
    timers: Timers,
    settings: settings::Live,
    leaving: Option<Leave>,
    /// Tasks that are being written down. Whoever handed them over hears of it before we leave.
    accepting: usize,
    /// Until every process of an earlier engine is known to be gone, nothing starts.
    sweeping: bool,
    disk_full: bool,
    /// The store failed to write down a start. Whatever is wrong with it, it is not asked again at once.
    starts_rest_until: Option<Duration>,
    awake: Awake,
    now: Moment,
    actions: Vec<Action>,
}

/// How long starts rest when the store could not write one down.
const AFTER_A_FAILURE: Duration = Duration::from_secs(1);

struct Entry {
    live: LiveTask,
    rank: Option<Rank>,
    shared: Option<Arc<RunShared>>,
    /// The event whose step is being committed; what comes in meanwhile waits in `letters`.
    committing: Option<Letter>,
    letters: VecDeque<Letter>,
    /// Programs of the run that wait for an answer, by the number of their question.
    askers: HashMap<u32, oneshot::Sender<Option<AnswerText>>>,
    /// The run was ended because the engine must leave; its last report becomes "unknown".
    leaving: bool,
}

struct Letter {
    event: Event,
    reply: Option<Reply<()>>,
    used: Option<Used>,
    asker: Option<Asker>,
    /// When its step was decided; what that step has armed counts from then.
    decided: Option<Moment>,
    /// Hears which sub-task it was given.
    spawner: Option<Reply<Accepted>>,
}

/// A program that asks: hears the number of its question, then its answer.
struct Asker {
    opened: Reply<u32>,
    answer: oneshot::Sender<Option<AnswerText>>,
}

impl Letter {
    fn of(event: Event) -> Letter {
        Letter { event, reply: None, used: None, asker: None, decided: None, spawner: None }
    }

    fn refuse(self, fault: Fault) {
        match (self.reply, self.asker, self.spawner) {
            (Some(reply), ..) => drop(reply.send(Err(fault))),
            (None, Some(asker), _) => drop(asker.opened.send(Err(fault))),
            (None, None, Some(spawner)) => drop(spawner.send(Err(fault))),
            (None, None, None) => {}
        }
    }
}

impl Dispatcher {
    pub fn new(settings: settings::Live, now: Moment) -> Dispatcher {
        Dispatcher {
            live: HashMap::new(),
            queue: BTreeMap::new(),
            slots: Slots::default(),
            dependents: HashMap::new(),
            subtasks: HashMap::new(),
            timers: Timers::default(),
            settings,
            leaving: None,
            accepting: 0,
            sweeping: true,
            disk_full: false,
            starts_rest_until: None,
            awake: Awake::new(now),
            now,
            actions: Vec::new(),
        }
    }

    /// Takes one input and says what must be done about it.
    pub fn handle(&mut self, input: Input, now: Moment) -> Vec<Action> {
        self.now = now;
        self.look_at_clocks();
        match input {
            Input::Accept { new, reply } => self.accept(new, reply),
            Input::Accepted { result, reply } => self.accepted(result, reply),
            Input::Tell { task, event, stored, reply } => self.tell(&task, event, stored, reply),
            Input::Ask { task, run, ask, opened, answer } => {
                let asker = Some(Asker { opened, answer });
                let letter = Letter { asker, ..Letter::of(Event::Asked { run, ask }) };
                if self.live.contains_key(&task) {
                    self.post(&task, letter);
                } else {
                    letter.refuse(Fault::new(Code::IllegalState, format!("{task} has ended.")));
                }
            }
            Input::Spawn { task, run, wish, reply } => self.spawn(&task, run, wish, reply),
            Input::Missed { events } => {
                for (task, event) in events {
                    self.post(&task, Letter::of(event));
                }
            }
            Input::Edited { task } => {
                let id = task.id.clone();
                let known = self.live.get_mut(&id).map(|entry| &mut entry.live.task);
                // It may have gone further since.
                if let Some(known) = known.filter(|known| known.version < task.version) {
                    *known = *task;
                    self.place(&id);
                }
            }
            Input::Report { task, run, report } => self.report(&task, run, report),
            Input::Committed { task, step, result } => self.committed(&task, &step, result),
            Input::Reloaded { task, stored } => self.reloaded(&task, stored),
            Input::Tick => {}
            Input::Power(event) => self.power(event),
            Input::Recovered { tasks } => tasks.into_iter().for_each(|live| self.remember(live)),
            Input::Swept { tails, all_gone } => self.swept(tails, all_gone),
            Input::Settings(settings) => self.settings = settings,
            Input::DiskFull(full) => self.disk_full = full,
            Input::Why { task, reply } => drop(reply.send(self.why(&task))),
            Input::RunOf { task, reply } => drop(reply.send(self.run_of(&task))),
            Input::Counts { reply } => drop(reply.send(self.counts())),
            Input::Quit { how, reply } => self.quit(how, reply),
        }
        self.fire_timers();
        self.admit();
        self.keep_watch();
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
    pub fn next_due(&self, now: Moment) -> Option<Duration> {
        let starts = self.starts_rest_until.map(|until| until.saturating_sub(now.elapsed));
        self.timers.next_due(now).into_iter().chain(self.watch_ends_in(now)).chain(starts).min()
    }

    pub fn run_of(&self, task: &TaskId) -> Option<Arc<RunShared>> {
        self.live.get(task).and_then(|entry| entry.shared.clone())
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
            let orphaned = self.sweeping && entry.shared.is_none() && entry.live.task.run.is_some();
            // Nobody is there to be told any more, which is about to be said of the run.
            if orphaned && entry.letters.front().is_some_and(|letter| is_decision(&letter.event)) {
                break;
            }
            let Some(mut letter) = entry.letters.pop_front() else { break };
            letter.decided = Some(self.now);
            family::name_subtasks(&mut letter.event);
            match step(&entry.live.task, letter.event.clone(), self.now.wall) {
                Ok(step) => {
                    self.actions.push(Action::Commit {
                        task: task.clone(),
                        write: StepWrite {
                            seq: entry.live.seq,
                            from_version: entry.live.task.version,
                            was_final: entry.live.task.state.is_final(),
                            held: entry.live.task.holds,
                            run: step.task.run.clone().or_else(|| entry.live.task.run.clone()),
                            used: letter.used,
                        },
                        step: Box::new(step),
                        must: must_commit(&letter.event),
                    });
                    entry.committing = Some(letter);
                }
                // It was admitted while something else was being written down, a cancel for example.
                Err(_) if let Some(run) = admitted(&letter.event) => self.slots.free(run),
                Err(refused) => match family::known(refused, &letter.event, &entry.live.task) {
                    Some(known) => {
                        drop(letter.spawner.map(|spawner| spawner.send(Ok(known))));
                    }
                    None => letter.refuse(answers::fault_of(refused, task, entry.live.task.state)),
                },
            }
        }
        self.forget_if_over(task);
    }

    fn committed(&mut self, task: &TaskId, step: &Step, result: Result<Written, Fault>) {
        let Some(entry) = self.live.get_mut(task) else { return };
        let Some(letter) = entry.committing.take() else { return };
        match result {
            Ok(Written::Won { begun }) => {
                let readable = |holds: Holds| !holds.contains(Hold::Keychain);
                if !readable(entry.live.task.holds) && readable(step.task.holds) {
                    // What was shown about it is to be withdrawn.
                    self.actions.push(Action::Deliver);
                }
                entry.live.task.clone_from(&step.task);
                self.place_as_of(task, letter.decided.unwrap_or(self.now));
                self.begun(begun, letter.spawner);
                if let Some(asker) = letter.asker {
                    self.await_answer(task, step, asker);
                }
                for effect in &step.effects {
                    self.carry_out(task, effect);
                }
                if let Some(reply) = letter.reply {
                    drop(reply.send(Ok(())));
                }
            }
            // Somebody else changed the row, an edit for example. Nothing of the step happened: look again, then
            // decide about the same event anew.
            Ok(Written::Lost) => {
                entry.committing = Some(letter);
                self.actions.push(Action::Reload { task: task.clone() });
                return;
            }
            Err(fault) => {
                self.disk_full |= fault.code == Code::DiskFull;
                // The slot of a start that was not written down is free again.
                let started = step.task.run.as_ref().map(|run| run.id);
                if let Some(run) = started.filter(|_| entry.live.task.run.is_none()) {
                    self.slots.free(run);
                    // Of a full disk it is known when there is space again.
                    self.starts_rest_until =
                        (fault.code != Code::DiskFull).then_some(self.now.elapsed + AFTER_A_FAILURE);
                }
                self.place(task);
                letter.refuse(fault);
            }
        }
        self.open_letters(task);
    }

    fn reloaded(&mut self, task: &TaskId, stored: Result<Option<Box<LiveTask>>, Fault>) {
        let Some(entry) = self.live.get_mut(task) else { return };
        let letter = entry.committing.take();
        match stored {
            Ok(Some(stored)) => entry.live.task = stored.task,
            Ok(None) => {
                let letters: Vec<Letter> = letter.into_iter().chain(entry.letters.drain(..)).collect();
                for letter in letters {
                    admitted(&letter.event).into_iter().for_each(|run| self.slots.free(run));
                    letter.refuse(Fault::new(Code::TaskNotFound, format!("{task} was removed.")));
                }
                self.awake.forget(task);
                let parent = entry.live.task.parent.clone();
                self.forget_parent(task, parent.as_ref());
                self.live.remove(task);
                return;
            }
            Err(_) => {}
        }
        if let Some(letter) = letter {
            entry.letters.push_front(letter);
        }
        self.place(task);
        self.open_letters(task);
    }

    fn carry_out(&mut self, task: &TaskId, effect: &Effect) {
        match effect {
            Effect::Spawn { run } => self.launch(task, *run),
            Effect::End { run } => self.end(task, *run),
            Effect::Prompt { run } => self.prompt(task, *run),
            Effect::Linger { .. } => {
                if let Some(shared) = self.run_of(task) {
                    shared.linger.notify_one();
                }
            }
            Effect::Yield { run } => self.slots.lend(*run),
            Effect::Take { run } => self.slots.take_back(*run),
            Effect::Free { run } => {
                self.slots.free(*run);
                if let Some(entry) = self.live.get_mut(task) {
                    if let Some(shared) = entry.shared.take() {
                        shared.close.notify_one();
                    }
                    entry.leaving = false;
                    entry.askers.clear();
                }
            }
            Effect::Deliver(_) => self.actions.push(Action::Deliver),
            // What is not announced by itself is a row for the next digest.
            Effect::File(artifact) if !artifact.notify => self.actions.push(Action::Deliver),
            Effect::Settle { question, choice, told, .. } => {
                self.actions.push(Action::Deliver);
                let Some(entry) = self.live.get_mut(task) else { return };
                let asker = entry.askers.remove(question);
                // Told to wait on, or given what it waited for: either way its silence counts from now.
                let patient = asker.is_some() || choice.as_deref() == Some(Choice::KeepWaiting.name());
                if let Some(shared) = entry.shared.as_ref().filter(|_| patient) {
                    shared.listen.notify_one();
                }
                if let Some(asker) = asker {
                    drop(asker.send(told.clone()));
                }
            }
            Effect::Decide { run, ask, verdicts, why } => {
                if let Some(shared) = self.run_of(task).filter(|shared| shared.run == *run) {
                    shared.rule(Ruling { ask: *ask, verdicts: verdicts.clone(), why: why.clone() });
                }
            }
            Effect::TellDependents => {
                self.tell_dependents(task);
                self.tell_family(task);
            }
            Effect::Ask(_)
            | Effect::File(_)
            | Effect::KeepTurn(_)
            | Effect::BeginSubtask(_)
            | Effect::UseGrant { .. }
            | Effect::Grant(_)
            | Effect::Record(_) => {}
        }
    }

    /// The question stands; from now on its answer goes to whoever asked.
    fn await_answer(&mut self, task: &TaskId, step: &Step, asker: Asker) {
        let asked = step.effects.iter().find_map(|effect| match effect {
            Effect::Ask(question) => Some(question.n),
            _ => None,
        });
        let (Some(n), Some(entry)) = (asked, self.live.get_mut(task)) else { return };
        entry.askers.insert(n, asker.answer);
        drop(asker.opened.send(Ok(n)));
    }

    fn tell_dependents(&mut self, task: &TaskId) {
        let Some(state) = self.live.get(task).map(|entry| entry.live.task.state) else { return };
        for dependent in self.dependents.get(task).cloned().unwrap_or_default() {
            let event = if state.is_final() {
                Event::DependencyEnded { task: task.clone(), state }
            } else {
                Event::DependencyReopened { task: task.clone() }
            };
            self.post(&dependent, Letter::of(event));
        }
    }

    /// Puts a task where its state belongs: in the queue or not, with its timers set.
    fn place(&mut self, task: &TaskId) {
        self.place_as_of(task, self.now);
    }

    /// `decided`: the clocks when its timers were set. The machine may have slept since.
    fn place_as_of(&mut self, task: &TaskId, decided: Moment) {
        let Some(entry) = self.live.get_mut(task) else { return };
        if let Some(rank) = entry.rank.take() {
            self.queue.remove(&rank);
        }
        let model = &entry.live.task;
        if model.state == State::Queued && entry.committing.is_none() {
            let rank = Rank::new(model.policy.priority, model.is_resumed(), entry.live.seq);
            let candidate = Candidate {
                task: task.clone(),
                holds: model.holds,
                ending: model.run.is_some(),
                lease: model.policy.lease.clone(),
            };
            self.queue.insert(rank, candidate);
            entry.rank = Some(rank);
        }
        self.awake.look_at(model);
        self.timers.set(task, &model.timers, decided);
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
            let parent = model.parent.clone();
            self.forget_parent(task, parent.as_ref());
            self.timers.forget(task);
            self.awake.forget(task);
            self.live.remove(task);
        }
    }

    fn fire_timers(&mut self) {
        for (task, timer) in self.timers.take_due(self.now) {
            let tail = self.run_of(&task).map(|shared| shared.tail()).unwrap_or_default();
            self.post(&task, Letter::of(Event::TimerFired { timer, tail }));
        }
    }

    fn world(&self) -> World<'_> {
        World {
            slots: self.settings.slots,
            held_slots: self.slots.count(),
            leases: self.slots.leases(),
            paused: self.settings.paused || self.sweeping,
            quitting: self.leaving.is_some(),
            disk_full: self.disk_full,
        }
    }

    fn admit(&mut self) {
        if self.starts_rest_until.is_some_and(|until| self.now.elapsed < until) {
            return;
        }
        self.starts_rest_until = None;
        for task in admit(self.world(), self.queue.values()) {
            let run = RunId::new(self.now.wall);
            let rank = self.live.get_mut(&task).and_then(|entry| entry.rank.take());
            let candidate = rank.and_then(|rank| self.queue.remove(&rank));
            self.slots.take(run, &task, candidate.as_ref().and_then(|candidate| candidate.lease.as_ref()));
            self.post(&task, Letter::of(Event::Admitted { run }));
            // Only if a letter that came before changed the state: the slot is not needed.
            let taken = self.live.get(&task).is_some_and(|entry| entry.committing.is_some());
            if !taken {
                self.slots.free(run);
                self.place(&task);
            }
        }
    }
}

fn is_decision(event: &Event) -> bool {
    matches!(event, Event::Answer { answer: Answer::Decision(_), .. })
}

/// The run whose slot goes with this event.
fn admitted(event: &Event) -> Option<RunId> {
    let Event::Admitted { run } = event else { return None };
    Some(*run)
}

/// What has happened in the world is written down even on a full disk; only new undertakings are refused.
fn must_commit(event: &Event) -> bool {
    match event {
        Event::Admitted { .. }
        | Event::Retry { .. }
        | Event::Message { .. }
        | Event::Hold { .. }
        | Event::Release { .. }
        | Event::Progressed { .. }
        | Event::Deed { .. }
        | Event::Aside { .. }
        | Event::ClockGap { .. }
        | Event::WakeAsked { .. }
        | Event::SubtaskAsked { .. } => false,
        Event::StartFailed { .. }
        | Event::Exited { .. }
        | Event::Gone { .. }
        | Event::Stuck { .. }
        | Event::Lost { .. }
        | Event::TurnEnded { .. }
        | Event::Asked { .. }
        | Event::ApprovalAsked { .. }
        | Event::AskerGone { .. }
        | Event::Finished { .. }
        | Event::WindUpFailed { .. }
        | Event::Parked { .. }
        | Event::Silent { .. }
        | Event::Spoke { .. }
        | Event::TimerFired { .. }
        | Event::DependencyEnded { .. }
        | Event::DependencyReopened { .. }
        | Event::ChildEnded { .. }
        | Event::ChildReopened { .. }
        | Event::CalledOff { .. }
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
