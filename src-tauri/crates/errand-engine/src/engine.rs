//! The engine: the loop around the dispatcher that carries out its orders, and the handle everybody else holds.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use errand_agents::{Agent, Herald, Script};
use errand_base::{Clock, Code, Fault, Redactor, RunId, TaskId};
use errand_model::{Answer, By, Event, Hold, Moment, Question, Reason, Surface, Work};
use errand_os::{Home, Keychain, Notifier, Power, PowerEvent, PowerEvents, PowerStatus, WorkFolders};
use errand_store::{Cleanup, Entry, Store, SubjectKind, WriteTx};
use tokio::sync::{mpsc, oneshot, watch};

use crate::commit::{self, StepWrite, Written};
use crate::credentials::Credentials;
use crate::dispatcher::{Dispatcher, pause_event};
use crate::input::{Accepted, Action, Counts, Edit, Input, Leave, LiveTask, NewTask};
use crate::launch::Launcher;
use crate::outbox::{Back, Clicked, Outbox, Outlets};
use crate::run::RunShared;
use crate::worker::Door;
use crate::{archive, folders, recovery, retention, settings, subtasks};

/// How often a full disk is looked at again.
const FULL_DISK_PAUSE: Duration = Duration::from_millis(500);

/// How long a worker may go on with its turn when the person wants us to leave.
const LAST_TURN: Duration = Duration::from_secs(30);

const AT_ONCE: Duration = Duration::from_millis(100);
/// What others on this machine may read. It does not say what the work is about.
const AT_WORK: &str = "A task is at work";

/// What an engine is made of.
pub struct Parts {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub home: Home,
    /// How the programs of a run reach us.
    pub door: Arc<dyn Door>,
    pub agent: Arc<dyn Agent>,
    pub folders: WorkFolders,
    pub keychain: Arc<dyn Keychain>,
    /// Knows the secret values; whoever else writes texts shares it.
    pub redactor: Redactor,
    pub notifier: Arc<dyn Notifier>,
    pub notifier_events: mpsc::UnboundedReceiver<errand_os::NotifierEvent>,
    pub power: Arc<dyn Power>,
    pub power_events: PowerEvents,
    /// Runs the person's program that tells them what nobody came for.
    pub herald: Arc<dyn Herald>,
    /// Hears what a person clicked in a notification.
    pub clicks: mpsc::UnboundedSender<Clicked>,
}

/// A handle on the engine; cheap to clone.
#[derive(Clone)]
pub struct Engine {
    input: mpsc::UnboundedSender<Input>,
    store: Store,
    clock: Arc<dyn Clock>,
    outbox: Outbox,
    power: Arc<dyn Power>,
    folders: WorkFolders,
    credentials: Credentials,
    left: watch::Receiver<bool>,
}

impl Engine {
    /// Takes up where the engine before left off, and starts working.
    pub async fn start(parts: Parts) -> Result<Engine, Fault> {
        let Parts { store, clock, home, door, folders, agent, keychain, redactor, .. } = parts;
        let (notifier, notifier_events, clicks) = (parts.notifier, parts.notifier_events, parts.clicks);
        let (power, power_events, herald) = (parts.power, parts.power_events, parts.herald);
        let kept = store.read(|reader| reader.settings().all()).await?;
        let live = settings::Live::from_kept(&kept);
        let unfinished = recovery::unfinished(&store).await?;
        let (input, inputs) = mpsc::unbounded_channel();
        let (leave, left) = watch::channel(false);
        let now = moment(clock.as_ref());
        // If that cannot be told, nothing is removed, which is no reason not to work.
        let may_remove = retention::believes(&store, now.wall).await.unwrap_or(false);
        let (answers, mut answered) = mpsc::unbounded_channel();
        let outbox = Outbox::start(
            store.clone(),
            clock.clone(),
            (notifier, notifier_events),
            herald,
            Outlets { clicks, answers },
            &settings::Attention::from_kept(&kept),
        );
        let mut dispatcher = Dispatcher::new(live, now);
        let interrupted = recovery::interrupted(&unfinished);
        let missed = recovery::missed_endings(&store, recovery::waiting(&unfinished)).await;
        let missed = [missed, subtasks::missed(&store).await].concat();
        let mut actions = dispatcher.handle(Input::Recovered { tasks: unfinished }, now);
        actions.extend(dispatcher.handle(Input::Missed { events: missed }, now));
        tokio::spawn(recovery::sweep(store.clone(), home.clone(), interrupted, input.clone()));

        retention::start(&store, &folders, &clock, may_remove, left.clone());

        let credentials = Credentials::new(store.clone(), clock.clone(), keychain, redactor, input.clone());
        let engine = Engine {
            input: input.clone(),
            store: store.clone(),
            clock: clock.clone(),
            outbox: outbox.clone(),
            power: power.clone(),
            folders: folders.clone(),
            credentials: credentials.clone(),
            left,
        };
        let launcher = Launcher {
            store: store.clone(),
            clock: clock.clone(),
            agent,
            home: Arc::new(home),
            door,
            folders,
            credentials: credentials.clone(),
            input: input.clone(),
        };
        tokio::spawn(pass_on(power_events, input.clone(), engine.outbox.clone()));
        let mut driver = Driver {
            dispatcher,
            store,
            clock,
            launcher,
            outbox,
            power,
            awake: None,
            input,
            leave,
            full_probe: false,
        };
        driver.carry_out(actions);
        tokio::spawn(driver.run(inputs));
        let answering = engine.clone();
        tokio::spawn(async move {
            while let Some(answered) = answered.recv().await {
                let told = match answered.check() {
                    Ok(()) => answering.tell(&answered.task, answered.event()).await,
                    Err(fault) => Err(fault),
                };
                if let Err(fault) = told {
                    tracing::info!(task = %answered.task, %fault, "an answer in a notification was refused");
                    answering.outbox.refused(answered, &fault);
                }
            }
        });
        // Nothing waits for the keychain here: it may take its time, or never answer.
        credentials.retry();
        Ok(engine)
    }

    /// Hands over a task. The answer comes after the commit.
    pub async fn accept(&self, new: NewTask) -> Result<Accepted, Fault> {
        self.keep_secrets_out(&new)?;
        if new.own.is_none() {
            return self.write_down(new).await;
        }
        let engine = self.clone();
        // A caller that goes away meanwhile must not leave a folder that nobody holds and whose row is yet to come.
        folders::undisturbed(async move { folders::accept(&engine, new).await }).await?
    }

    fn keep_secrets_out(&self, new: &NewTask) -> Result<(), Fault> {
        let work = serde_json::to_string(&new.work).unwrap_or_default();
        let texts = [&new.title, &new.command, &work].into_iter().chain(&new.labels).chain(&new.key);
        texts.into_iter().try_for_each(|text| self.credentials.keep_out(text))
    }

    pub(crate) async fn write_down(&self, new: NewTask) -> Result<Accepted, Fault> {
        self.ask(|reply| Input::Accept { new: Box::new(new), reply }).await?
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// The folders that belong to tasks.
    pub fn folders(&self) -> &WorkFolders {
        &self.folders
    }

    /// Tells a task that something happened; the answer comes after the commit.
    pub async fn tell(&self, task: &TaskId, event: Event) -> Result<(), Fault> {
        let id = task.clone();
        let stored = self.store.read(move |reader| reader.tasks().load(&id)).await?;
        let asked: &[Question] = stored.as_ref().map_or(&[], |stored| &stored.task.questions);
        for text in kept_texts(&event, asked) {
            self.credentials.keep_out(text)?;
        }
        if stored.as_ref().is_some_and(|stored| stored.cleanup == Some(Cleanup::Pending)) {
            let fault = Fault::new(Code::IllegalState, format!("{task} is being removed."));
            return Err(fault.hint("Once it is gone, hand over a new one."));
        }
        let stored = stored.map(|stored| Box::new(LiveTask::from(stored)));
        let reopens = matches!(event, Event::Retry { .. } | Event::Message { .. });
        let waits_for = stored.as_ref().map(|live| recovery::waits_for(&live.task)).filter(|_| reopens);
        let id = task.clone();
        self.ask(|reply| Input::Tell { task: id, event, stored, reply }).await??;
        if reopens {
            // Whoever opens it again, or writes to it, has seen how it ended.
            self.outbox.opened(task).await?;
        }
        // While it was over, nobody told it how the tasks ended that it waits for.
        if let Some(waits_for) = waits_for {
            let events = recovery::missed_endings(&self.store, vec![(task.clone(), waits_for)]).await;
            self.send(Input::Missed { events })?;
        }
        Ok(())
    }

    /// Pauses a task, or lets it go on, and with it what it has handed on.
    pub async fn pause(&self, task: &TaskId, pause: bool, by: By) -> Result<(), Fault> {
        if !pause && self.resume_held(task, &by).await? {
            return Ok(());
        }
        self.tell(task, pause_event(pause, by.clone())).await?;
        let id = task.clone();
        let below = self.store.read(move |reader| {
            reader.tasks().seq(&id)?.map_or(Ok(Vec::new()), |seq| reader.tasks().below(seq))
        });
        for kin in below.await?.into_iter().filter(|kin| !kin.state.is_final()) {
            // It may be paused by itself, or have ended a moment ago.
            drop(self.tell(&kin.id, pause_event(pause, by.clone())).await);
        }
        Ok(())
    }

    /// Lets a task go on that waits for a credential; refused while that still cannot be read. Says whether nothing
    /// else holds it.
    async fn resume_held(&self, task: &TaskId, by: &By) -> Result<bool, Fault> {
        let id = task.clone();
        let stored = self.store.read(move |reader| reader.tasks().load(&id)).await?;
        let Some(stored) = stored.filter(|stored| stored.task.holds.contains(Hold::Keychain)) else {
            return Ok(false);
        };
        let Work::Program(program) = &stored.work;
        self.credentials.read_for_person(&program.secrets).await?;
        self.tell(task, Event::Release { hold: Hold::Keychain, by: Some(by.clone()) }).await?;
        // The others need not be told one by one.
        self.credentials.changed();
        Ok(!stored.task.holds.contains(Hold::Person))
    }

    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Changes what may be changed after a task was handed over.
    pub async fn edit(&self, task: &TaskId, edit: Edit) -> Result<(), Fault> {
        let texts = edit.title.iter().chain(edit.labels.iter().flatten());
        texts.into_iter().try_for_each(|text| self.credentials.keep_out(text))?;
        let id = task.clone();
        let now = self.clock.now();
        let task = self.store.write(move |tx| commit::write_edit(tx, &id, &edit, now)).await?;
        self.send(Input::Edited { task: Box::new(task) })
    }

    /// Puts an ended task out of sight, or back. Whoever does that has seen what came of it.
    pub async fn archive(&self, task: &TaskId, archive: bool, surface: Surface) -> Result<(), Fault> {
        let id = task.clone();
        let now = self.clock.now();
        self.store.write(move |tx| archive::write(tx, &id, archive, surface, now)).await?;
        self.outbox.opened(task).await
    }

    /// Removes an ended task with everything that belongs to it.
    pub async fn delete(&self, task: &TaskId) -> Result<(), Fault> {
        let (engine, task) = (self.clone(), task.clone());
        // Begun is done: a row that says `pending` is not left behind because the terminal was closed.
        folders::undisturbed(async move {
            retention::delete(&engine.store, &engine.folders, &task, engine.clock.now()).await
        })
        .await??;
        self.outbox.look();
        Ok(())
    }

    /// Why a queued task does not start, in words.
    pub async fn why(&self, task: &TaskId) -> Option<String> {
        let task = task.clone();
        self.ask(|reply| Input::Why { task, reply }).await.ok().flatten()
    }

    pub async fn counts(&self) -> Result<Counts, Fault> {
        self.ask(|reply| Input::Counts { reply }).await
    }

    /// The run of a task whose processes may exist.
    pub async fn run_of(&self, task: &TaskId) -> Option<Arc<RunShared>> {
        let task = task.clone();
        self.ask(|reply| Input::RunOf { task, reply }).await.ok().flatten()
    }

    /// Settings were changed in the store.
    pub async fn reread_settings(&self) -> Result<(), Fault> {
        let kept = self.store.read(|reader| reader.settings().all()).await?;
        self.outbox.reread(&settings::Attention::from_kept(&kept)).await?;
        self.send(Input::Settings(settings::Live::from_kept(&kept)))
    }

    /// The person has seen the task; what was shown about it is settled.
    pub async fn opened(&self, task: &TaskId) -> Result<(), Fault> {
        self.outbox.opened(task).await
    }

    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Whether the machine can be kept awake.
    pub fn power(&self) -> PowerStatus {
        self.power.status()
    }

    /// Leaves; the answer names the runs that it waits for.
    pub async fn quit(&self, how: Leave) -> Result<Vec<TaskId>, Fault> {
        let waits_for = self.ask(|reply| Input::Quit { how, reply }).await??;
        if how == Leave::Pause && !waits_for.is_empty() {
            tokio::spawn(self.clone().cut_short());
        }
        Ok(waits_for)
    }

    /// A turn that takes too long is cut off, and said again at the next start.
    async fn cut_short(self) {
        if tokio::time::timeout(LAST_TURN, self.left()).await.is_err() {
            drop(self.ask(|reply| Input::Quit { how: Leave::Shutdown, reply }).await);
        }
    }

    /// Resolves once the engine has left.
    pub async fn left(&self) {
        let mut left = self.left.clone();
        drop(left.wait_for(|left| *left).await);
    }

    async fn ask<T>(&self, input: impl FnOnce(oneshot::Sender<T>) -> Input) -> Result<T, Fault> {
        let (reply, answer) = oneshot::channel();
        self.send(input(reply))?;
        answer.await.map_err(|_| gone())
    }

    fn send(&self, input: Input) -> Result<(), Fault> {
        self.input.send(input).map_err(|_| gone())
    }
}

fn gone() -> Fault {
    Fault::new(Code::Quitting, "Errand is leaving.")
}

/// All clocks at once. Between two of them the processor may be taken away, which would look like a jump.
fn moment(clock: &dyn Clock) -> Moment {
    loop {
        let elapsed = clock.elapsed();
        let (awake, wall) = (clock.awake(), clock.now());
        if clock.elapsed().saturating_sub(elapsed) < AT_ONCE {
            return Moment { wall, awake, elapsed };
        }
    }
}

async fn pass_on(mut events: PowerEvents, input: mpsc::UnboundedSender<Input>, outbox: Outbox) {
    while let Some(event) = events.recv().await {
        if event == PowerEvent::Woke {
            outbox.came_back(Back::Woken);
        }
        if input.send(Input::Power(event)).is_err() {
            return;
        }
    }
}

struct Driver {
    dispatcher: Dispatcher,
    store: Store,
    clock: Arc<dyn Clock>,
    launcher: Launcher,
    outbox: Outbox,
    power: Arc<dyn Power>,
    /// Keeps the machine from sleeping.
    awake: Option<errand_os::Hold>,
    input: mpsc::UnboundedSender<Input>,
    leave: watch::Sender<bool>,
    /// The full disk is being looked at from time to time.
    full_probe: bool,
}

impl Driver {
    async fn run(mut self, mut inputs: mpsc::UnboundedReceiver<Input>) {
        while !*self.leave.borrow() {
            let due = self.dispatcher.next_due(moment(self.clock.as_ref()));
            let input = match due {
                Some(due) => tokio::select! {
                    input = inputs.recv() => input,
                    () = tokio::time::sleep(due) => Some(Input::Tick),
                },
                None => inputs.recv().await,
            };
            let Some(input) = input else { break };
            self.take(input);
            while let Ok(input) = inputs.try_recv() {
                self.take(input);
            }
        }
        self.leave.send_replace(true);
    }

    fn take(&mut self, input: Input) {
        let now = moment(self.clock.as_ref());
        let actions = self.dispatcher.handle(input, now);
        self.carry_out(actions);
        if self.store.status().full && !self.full_probe {
            self.full_probe = true;
            self.probe_full_disk();
        }
    }

    fn carry_out(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Accept { new, reply } => {
                    let input = self.input.clone();
                    let now = self.clock.now();
                    self.store.submit(
                        move |tx| commit::write_acceptance(tx, &new, now),
                        move |result| {
                            crate::failpoint::hit("after_accept_commit");
                            let result = result.map_err(Fault::from);
                            drop(input.send(Input::Accepted { result, reply }));
                        },
                    );
                }
                Action::Commit { task, write, step, must } => self.commit(task, write, step, must),
                Action::Launch(launch) => self.launcher.launch(launch),
                Action::Prompt { task, shared } => self.launcher.prompt(task, shared),
                Action::Deliver => self.outbox.look(),
                Action::KeepAwake(keep) => self.awake = keep.then(|| self.power.hold(AT_WORK)),
                Action::MaySleep { runs, why } => self.say_may_sleep(runs, &why),
                Action::Reload { task } => self.reload(task),
                Action::Leave => {
                    self.leave.send_replace(true);
                }
            }
        }
    }

    fn commit(&self, task: TaskId, write: StepWrite, step: Box<errand_model::Step>, must: bool) {
        let input = self.input.clone();
        let now = self.clock.now();
        let step: Arc<errand_model::Step> = Arc::from(step);
        let written = step.clone();
        let after = commit::boundary(&step).1;
        let done = move |result: Result<Written, errand_store::StoreError>| {
            crate::failpoint::hit(after);
            let result = result.map_err(Fault::from);
            drop(input.send(Input::Committed { task, step, result }));
        };
        if must {
            self.store.submit_final(move |tx| commit::write_step(tx, &write, &written, now), done);
        } else {
            self.store.submit(move |tx| commit::write_step(tx, &write, &written, now), done);
        }
    }

    /// A line for whoever wonders in the morning why nothing went on.
    fn say_may_sleep(&self, runs: Vec<(i64, TaskId, RunId)>, why: &str) {
        let text = format!("The computer may sleep now, although it is at work: {why}");
        let now = self.clock.now();
        let write = move |tx: &mut WriteTx<'_>| {
            for (seq, task, run) in &runs {
                tx.transitions().append(&Entry {
                    at: now,
                    subject: SubjectKind::Run,
                    task: Some((*seq, task)),
                    subject_id: &run.to_string(),
                    from: "executing",
                    to: "executing",
                    reason: Reason::MaySleep,
                    text: &text,
                })?;
            }
            Ok(())
        };
        self.store.submit(write, |written| {
            if let Err(error) = written {
                tracing::warn!(%error, "it was not written down that the machine may sleep");
            }
        });
    }

    fn reload(&self, task: TaskId) {
        let input = self.input.clone();
        let store = self.store.clone();
        tokio::spawn(async move {
            let id = task.clone();
            let stored = store.read(move |reader| reader.tasks().load(&id)).await;
            let stored = stored
                // What is being removed is as good as gone.
                .map(|stored| stored.filter(|stored| stored.cleanup != Some(Cleanup::Pending)))
                .map(|stored| stored.map(|stored| Box::new(LiveTask::from(stored))))
                .map_err(Fault::from);
            drop(input.send(Input::Reloaded { task, stored }));
        });
    }

    /// Looks again until there is space; what was held is committed then, without a restart.
    fn probe_full_disk(&self) {
        let store = self.store.clone();
        let input = self.input.clone();
        drop(input.send(Input::DiskFull(true)));
        tokio::spawn(async move {
            while !store.try_recover().await {
                tokio::time::sleep(FULL_DISK_PAUSE).await;
            }
            drop(input.send(Input::DiskFull(false)));
        });
    }
}

/// The agent of this version: programs under the supervisor.
pub async fn script_agent(lean_binary: PathBuf, home: errand_os::Home) -> Result<Arc<Script>, Fault> {
    let script = Script::start(&lean_binary, home).await.map_err(|error| {
        let text = format!("The supervisor {} could not be started: {error}.", lean_binary.display());
        Fault::new(Code::Internal, text)
            .hint("Install Errand again: `errand` and `errand-desktop` belong side by side.")
    })?;
    Ok(Arc::new(script))
}

/// What a person writes that would be written down. What goes into a secret field is not.
fn kept_texts<'a>(event: &'a Event, asked: &[Question]) -> Vec<&'a str> {
    match event {
        Event::Message { text, .. } => vec![text],
        Event::Answer { question, answer, .. } => {
            let fields =
                asked.iter().find(|asked| asked.n == *question).map_or(&[][..], |asked| &asked.fields);
            let secret = |name: &str| fields.iter().any(|field| field.secret && field.name == name);
            match answer {
                Answer::Decision(decision) => decision.reason.as_deref().into_iter().collect(),
                Answer::Text(_) if fields.len() == 1 && fields[0].secret => Vec::new(),
                Answer::Text(text) => vec![text],
                Answer::Fields(values) => {
                    let kept = values.iter().filter(|(name, _)| !secret(name));
                    kept.map(|(_, value)| value.as_str()).collect()
                }
            }
        }
        _ => Vec::new(),
    }
}
