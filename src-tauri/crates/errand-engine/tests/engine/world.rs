use std::sync::{Arc, Mutex};
use std::time::Duration;

use errand_agents::fake::{FakeAgent, FakeHerald, FakeRun};
use errand_agents::{Request, SessionEvent, Stream};
use errand_base::{Clock, FakeClock, Fault, Redactor, TaskId, Timestamp};
use errand_engine::{Accepted, Clicked, Door, Engine, NewTask, Parts, Worker};
use errand_model::{Artifact, Exit, Origin, Policy, Program, Reason, State, Task, Work};
use errand_os::{Banner, FakeKeychain, FakeNotifier, FakePower, Home, Told, WorkFolders};
use errand_store::{Options, Store};
use tokio::sync::mpsc;

/// A test that is stuck fails after this long; nothing waits for it otherwise.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// An engine and everything around it.
pub struct World {
    pub engine: Engine,
    pub agent: FakeAgent,
    pub notifier: Arc<FakeNotifier>,
    pub power: Arc<FakePower>,
    pub keychain: Arc<FakeKeychain>,
    pub clock: Arc<FakeClock>,
    doors: Doors,
    pub folders: WorkFolders,
    pub store: Store,
    pub herald: FakeHerald,
    clicks: mpsc::UnboundedReceiver<Clicked>,
    folder: tempfile::TempDir,
    told: Mutex<Vec<Told>>,
}

/// Keeps what would stand behind the sockets of runs.
#[derive(Clone, Default)]
struct Doors(Arc<Mutex<Vec<Arc<Worker>>>>);

impl Door for Doors {
    fn open(&self, worker: Arc<Worker>) -> std::io::Result<Box<dyn Send>> {
        self.0.lock().unwrap().push(worker);
        Ok(Box::new(()))
    }
}

impl World {
    pub async fn new() -> World {
        World::with_keychain(FakeKeychain::present()).await
    }

    pub async fn with_keychain(keychain: FakeKeychain) -> World {
        let now = Timestamp::from_millis(1_795_000_000_000);
        World::start(tempfile::tempdir().unwrap(), Arc::new(keychain), now).await
    }

    async fn start(folder: tempfile::TempDir, keychain: Arc<FakeKeychain>, now: Timestamp) -> World {
        let clock = Arc::new(FakeClock::at(now));
        let home = Home::at(folder.path().join("home")).unwrap();
        home.create().unwrap();
        let doors = Doors::default();
        let options = Options { clock: clock.clone(), ballast: 1 << 16, ..Options::new(folder.path()) };
        let store = Store::open(options, clock.now()).unwrap().store;
        let agent = FakeAgent::default();
        let home = Home::at(folder.path().join("home")).unwrap();
        home.create().unwrap();
        let folders = WorkFolders::of(&home);
        let (notifier, notifier_events) = FakeNotifier::absent();
        let notifier = Arc::new(notifier);
        let (power, power_events) = FakePower::new();
        let power = Arc::new(power);
        let (clicks, clicked) = mpsc::unbounded_channel();
        let herald = FakeHerald::default();
        let engine = Engine::start(Parts {
            store: store.clone(),
            clock: clock.clone(),
            home,
            door: Arc::new(doors.clone()),
            agent: Arc::new(agent.clone()),
            folders: folders.clone(),
            keychain: keychain.clone(),
            redactor: Redactor::default(),
            notifier: notifier.clone(),
            notifier_events,
            power: power.clone(),
            power_events,
            herald: Arc::new(herald.clone()),
            clicks,
        })
        .await
        .unwrap();
        World {
            engine,
            agent,
            notifier,
            keychain,
            power,
            clock,
            doors,
            folders,
            store,
            herald,
            clicks: clicked,
            folder,
            told: Mutex::default(),
        }
    }

    /// With the clock at this time.
    pub async fn at(now: &str) -> World {
        let keychain = Arc::new(FakeKeychain::present());
        World::start(tempfile::tempdir().unwrap(), keychain, Timestamp::parse_rfc3339(now).unwrap()).await
    }

    /// The engine is gone without a word; another one opens its store.
    pub async fn killed_and_started_again(self) -> World {
        self.killed_and_started_again_after(Duration::ZERO).await
    }

    pub async fn killed_and_started_again_after(self, pause: Duration) -> World {
        let World { engine, store, folder, keychain, clock, .. } = self;
        drop(engine);
        store.close();
        World::start(folder, keychain, clock.now().plus(pause)).await
    }

    pub async fn hand_over(&self, title: &str) -> TaskId {
        self.hand_over_with(title, Policy::default()).await
    }

    pub async fn hand_over_with(&self, title: &str, policy: Policy) -> TaskId {
        self.engine.accept(NewTask { policy, ..new_task(title) }).await.unwrap().id
    }

    pub async fn hand_over_after(&self, title: &str, dependency: &TaskId) -> TaskId {
        let new = NewTask { after: vec![dependency.clone()], ..new_task(title) };
        self.engine.accept(new).await.unwrap().id
    }

    pub async fn hand_over_keyed(&self, title: &str, key: &str) -> Result<Accepted, Fault> {
        self.engine.accept(NewTask { key: Some(key.into()), ..new_task(title) }).await
    }

    /// A task with a brief: its program takes turns.
    pub async fn hand_over_brief(&self, brief: &str, policy: Policy) -> TaskId {
        let mut new = NewTask { policy, ..new_task(brief) };
        let Work::Program(program) = &mut new.work;
        program.brief = Some(brief.to_owned());
        self.engine.accept(new).await.unwrap().id
    }

    /// A task whose program finds the credential in the variable `TOKEN`.
    pub async fn hand_over_with_secret(&self, title: &str, credential: &str) -> TaskId {
        let mut new = new_task(title);
        let Work::Program(program) = &mut new.work;
        program.secrets = vec![("TOKEN".to_owned(), credential.to_owned())];
        self.engine.accept(new).await.unwrap().id
    }

    /// Every file below the folders of this world that holds the text.
    pub fn files_with(&self, text: &str) -> Vec<std::path::PathBuf> {
        let mut folders = vec![self.folder.path().to_owned()];
        let mut found = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else if std::fs::read(&path)
                    .is_ok_and(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
                {
                    found.push(path);
                }
            }
        }
        found
    }

    /// What the programs of a task's latest run may do.
    pub async fn worker_of(&self, id: &TaskId) -> Arc<Worker> {
        let run = self.run_of(id).await.run;
        self.eventually(|| self.doors.0.lock().unwrap().iter().find(|worker| worker.run == run).cloned())
            .await
    }

    pub async fn task(&self, id: &TaskId) -> Task {
        let id = id.clone();
        self.store.read(move |reader| reader.tasks().load(&id)).await.unwrap().unwrap().task
    }

    /// Until the run has been given so many turns.
    pub async fn prompts(&self, run: &FakeRun, count: usize) -> Vec<Request> {
        self.eventually(|| Some(run.prompts()).filter(|prompts| prompts.len() >= count)).await
    }

    pub async fn until_removed(&self, id: &TaskId) {
        let mut changes = self.store.changes();
        let wait = async {
            while self.is_known(id).await {
                drop(changes.recv().await);
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.unwrap();
    }

    pub async fn is_known(&self, id: &TaskId) -> bool {
        let id = id.clone();
        self.store.read(move |reader| reader.tasks().state(&id)).await.unwrap().is_some()
    }

    pub async fn state(&self, id: &TaskId) -> State {
        let id = id.clone();
        self.store.read(move |reader| reader.tasks().state(&id)).await.unwrap().unwrap()
    }

    pub async fn artifact(&self, id: &TaskId) -> Option<Artifact> {
        let id = id.clone();
        let found = self.store.read(move |reader| {
            let seq = reader.tasks().seq(&id)?.unwrap();
            reader.artifacts().latest(seq)
        });
        found.await.unwrap().map(|stored| stored.artifact)
    }

    /// The latest run of a task, once the agent was asked for it.
    pub async fn run_of(&self, id: &TaskId) -> FakeRun {
        self.eventually(|| self.agent.runs().into_iter().rfind(|run| run.task == *id)).await
    }

    /// All runs, once there are this many.
    pub async fn runs(&self, count: usize) -> Vec<FakeRun> {
        self.eventually(|| Some(self.agent.runs()).filter(|runs| runs.len() >= count)).await
    }

    pub async fn told_to_end(&self, run: &FakeRun) -> bool {
        self.eventually(|| run.was_told_to_end().then_some(true)).await
    }

    pub async fn until(&self, id: &TaskId, wanted: State) {
        self.until_state(id, |state| state == wanted).await;
    }

    pub async fn until_final(&self, id: &TaskId) -> State {
        self.until_state(id, State::is_final).await
    }

    async fn until_state(&self, id: &TaskId, wanted: impl Fn(State) -> bool) -> State {
        let mut changes = self.store.changes();
        let wait = async {
            loop {
                let state = self.state(id).await;
                if wanted(state) {
                    return state;
                }
                drop(changes.recv().await);
            }
        };
        match tokio::time::timeout(PATIENCE, wait).await {
            Ok(state) => state,
            Err(_) => panic!("{id} stays {}", self.state(id).await),
        }
    }

    /// Until the timeline of the task has a line with this reason.
    pub async fn until_told(&self, id: &TaskId, reason: Reason) {
        let mut changes = self.store.changes();
        let wait = async {
            loop {
                let wanted = id.clone();
                let rows = self
                    .store
                    .read(move |reader| {
                        let seq = reader.tasks().seq(&wanted)?;
                        seq.map_or(Ok(Vec::new()), |seq| reader.transitions().of_task(seq))
                    })
                    .await
                    .unwrap();
                if rows.iter().any(|row| row.reason == reason) {
                    return;
                }
                drop(changes.recv().await);
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.unwrap();
    }

    /// Until no run of the task holds a slot.
    pub async fn until_free(&self, id: &TaskId) {
        let wait = async {
            while self.engine.run_of(id).await.is_some() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.unwrap();
    }

    pub async fn until_logged(&self, id: &TaskId) {
        let mut grown = self.store.logs().follow(id);
        let read = self.store.logs().read(id, errand_store::LogStart::Tail, 1);
        if read.await.unwrap().lines.is_empty() {
            tokio::time::timeout(PATIENCE, grown.changed()).await.unwrap().unwrap();
        }
    }

    /// Time goes by, and the engine notices.
    pub async fn pass(&self, by: Duration) {
        self.clock.advance(by);
        // Any input makes the engine look at its timers.
        self.engine.counts().await.unwrap();
    }

    /// Everything the desktop was ever asked for.
    pub fn told(&self) -> Vec<Told> {
        let mut told = self.told.lock().unwrap();
        told.extend(self.notifier.told());
        told.clone()
    }

    /// All banners ever shown, once there are this many.
    pub async fn shown(&self, count: usize) -> Vec<Banner> {
        let shown = || {
            self.told()
                .into_iter()
                .filter_map(|told| if let Told::Shown(banner) = told { Some(banner) } else { None })
                .collect::<Vec<_>>()
        };
        self.eventually(|| Some(shown()).filter(|shown| shown.len() >= count)).await
    }

    pub async fn until_withdrawn(&self, key: &str) {
        let is_gone = |told: &Told| matches!(told, Told::Withdrawn(gone) if gone == key);
        self.eventually(|| self.told().iter().any(is_gone).then_some(())).await;
    }

    pub async fn clicked(&mut self) -> Clicked {
        tokio::time::timeout(PATIENCE, self.clicks.recv()).await.unwrap().unwrap()
    }

    pub async fn eventually<T>(&self, look: impl Fn() -> Option<T>) -> T {
        let wait = async {
            loop {
                if let Some(found) = look() {
                    return found;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("it never happened")
    }
}

pub fn new_task(title: &str) -> NewTask {
    NewTask {
        title: title.to_owned(),
        work: Work::Program(Program {
            argv: vec![title.to_owned()],
            cwd: "/".into(),
            env: Vec::new(),
            within: None,
            secrets: Vec::new(),
            brief: None,
            execution: Default::default(),
            allow: Vec::new(),
            around: Default::default(),
        }),
        command: title.to_owned(),
        labels: Vec::new(),
        origin: Origin::Person,
        policy: Policy::default(),
        start_at: None,
        after: Vec::new(),
        key: None,
        own: None,
    }
}

pub fn output(text: &str) -> SessionEvent {
    SessionEvent::Output { stream: Stream::Output, bytes: text.as_bytes().to_vec() }
}

pub fn exited(exit: Exit) -> SessionEvent {
    SessionEvent::Exited { exit, gone: true, cpu: Duration::ZERO, max_rss_kib: 0, checks: Vec::new() }
}

/// A turn that leaves this response.
pub fn turn(response: &str) -> SessionEvent {
    let response = serde_json::from_str(response).map(Box::new).map_err(|error| error.to_string());
    SessionEvent::TurnEnded {
        exit: Exit::Code(0),
        response,
        cpu: Duration::ZERO,
        max_rss_kib: 0,
        checks: Vec::new(),
        tools: Vec::new(),
    }
}
