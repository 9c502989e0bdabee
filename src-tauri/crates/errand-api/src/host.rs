//! Hosting the engine: the lock, the store, the engine and its socket, in that order, and back again.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use errand_base::{Clock, Code, Fault, Redactor, SystemClock};
use errand_engine::{Clicked, Engine, Leave, Parts};
use errand_os::{DesktopNotifier, EngineLock, Home, LockError, SessionKeychain, SystemPower, WorkFolders};
use errand_store::{Notice, Store};
use errand_wire::{Event, Window};
use tokio::net::UnixListener;
use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::JoinHandle;

use crate::router::Api;
use crate::server::{self, Boundary, WorkerDoor};

/// What notifications show beside their text.
const ICON: &[u8] = include_bytes!("../../../../icons/icon-128.png");

/// How the engine is hosted.
#[derive(Clone, Debug)]
pub struct Options {
    /// Without a desktop of its own.
    pub headless: bool,
    /// The binary `errand`, which has the spawner in it.
    pub lean_binary: PathBuf,
    /// The desktop app, started when somebody clicks a notification and none is there.
    pub desktop_binary: Option<PathBuf>,
    /// Shared with whoever else in this process writes texts.
    pub redactor: Redactor,
}

impl Options {
    /// Both binaries stand side by side, so either finds the other.
    pub fn beside(current: &Path, headless: bool) -> Options {
        let folder = current.parent().unwrap_or(Path::new(""));
        let desktop = folder.join("errand-desktop");
        Options {
            headless,
            lean_binary: folder.join("errand"),
            desktop_binary: desktop.exists().then_some(desktop),
            redactor: crate::diary::redactor(),
        }
    }
}

/// An engine at work in this process.
pub struct Hosted {
    engine: Engine,
    store: Store,
    socket: PathBuf,
    notices: Vec<Notice>,
    leaving: watch::Sender<bool>,
    signals: broadcast::Sender<Event>,
    server: JoinHandle<()>,
    _lock: EngineLock,
}

/// Starts the engine of this home. Refused if another one holds it.
pub async fn start(home: Home, options: Options) -> Result<Hosted, Fault> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    home.create().map_err(|error| folder_fault(&home, &error))?;
    let role = if options.headless { "headless" } else { "desktop" };
    let lock = EngineLock::take(&home, role, clock.as_ref()).map_err(|error| lock_fault(&home, error))?;
    if let Err(error) = errand_os::raise_open_files().and_then(|()| errand_os::become_subreaper()) {
        tracing::warn!(%error, "a limit of the system could not be changed");
    }
    if let Err(why) = errand_os::groups::prepare(&home) {
        tracing::info!(why, "runs have no control groups");
    }

    let store_options =
        errand_store::Options { clock: clock.clone(), ..errand_store::Options::new(home.data()) };
    let opened = Store::open(store_options, clock.now())?;
    for notice in &opened.report {
        tracing::warn!(?notice, "opening the store");
    }
    let socket = home.socket().map_err(|error| folder_fault(&home, &error))?;
    let listener = bind(&socket).map_err(|error| folder_fault(&home, &error))?;

    let (signals, _) = broadcast::channel(64);
    let desktops = Arc::new(AtomicUsize::new(0));
    let (clicks, clicked) = mpsc::unbounded_channel();
    let (notifier, notifier_events) = DesktopNotifier::start(&icon(&home)).await;
    let (power, power_events) = SystemPower::start();
    let boundary = Arc::new(Boundary::new(
        home.mark(),
        options.desktop_binary.clone(),
        opened.store.clone(),
        clock.clone(),
    ));
    let script = errand_engine::script_agent(options.lean_binary.clone(), home.clone()).await?;
    let engine = Engine::start(Parts {
        store: opened.store.clone(),
        clock: clock.clone(),
        agent: script.clone(),
        herald: script,
        folders: WorkFolders::of(&home),
        keychain: Arc::new(SessionKeychain::of(&home)),
        redactor: options.redactor,
        home: home.clone(),
        door: Arc::new(WorkerDoor::new(boundary.clone())),
        notifier: Arc::new(notifier),
        notifier_events,
        power: Arc::new(power),
        power_events,
        clicks,
    })
    .await?;
    let desktop_binary = options.desktop_binary.as_deref().map(Arc::from);
    tokio::spawn(open_what_was_clicked(clicked, signals.clone(), desktops.clone(), options.desktop_binary));
    let api = Api {
        engine: engine.clone(),
        store: opened.store.clone(),
        home: Arc::new(home),
        clock,
        version: env!("CARGO_PKG_VERSION"),
        headless: options.headless,
        desktop_binary,
        boundary,
        desktops,
        signals: signals.clone(),
        seat: Arc::new(engine.outbox().seat()),
    };
    let (leaving, left) = watch::channel(false);
    let server = tokio::spawn(server::serve(listener, api, left));
    Ok(Hosted {
        engine,
        store: opened.store,
        socket,
        notices: opened.report,
        leaving,
        signals,
        server,
        _lock: lock,
    })
}

impl Hosted {
    /// What was unusual about opening the store, for the person.
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Resolves when the engine has left: told by a command, or by the system through [`Hosted::shut_down`].
    pub async fn wait(self) {
        self.engine.left().await;
        drop(self.signals.send(Event::Quitting));
        self.leaving.send_replace(true);
        drop(self.server.await);
        drop(std::fs::remove_file(&self.socket));
        self.store.close();
    }

    /// A handle that makes the engine leave within seconds, for SIGTERM and logout.
    pub fn shut_down(&self) -> impl Future<Output = ()> + Send + use<> {
        let engine = self.engine.clone();
        async move {
            if let Err(fault) = engine.quit(Leave::Shutdown).await {
                tracing::warn!(%fault, "could not shut down in order");
            }
        }
    }
}

/// Brings the desktop forward with a window; says whether one was there.
pub(crate) fn open_window(
    signals: &broadcast::Sender<Event>,
    desktops: &AtomicUsize,
    window: Window,
) -> bool {
    desktops.load(Ordering::SeqCst) > 0 && signals.send(Event::Open { window }).is_ok()
}

async fn open_what_was_clicked(
    mut clicked: mpsc::UnboundedReceiver<Clicked>,
    signals: broadcast::Sender<Event>,
    desktops: Arc<AtomicUsize>,
    desktop_binary: Option<PathBuf>,
) {
    while let Some(clicked) = clicked.recv().await {
        let (window, words) = match &clicked {
            Clicked::Task(task) => (Window::task(task.as_str()), vec!["--task".to_owned(), task.to_string()]),
            Clicked::Question(task, n) => {
                let question = format!("q{n}");
                let words = vec!["--answer".to_owned(), format!("{task}/{question}")];
                (Window::answer(task.as_str(), &question), words)
            }
            Clicked::Several => (Window::inbox(), vec!["--inbox".to_owned()]),
        };
        if open_window(&signals, &desktops, window) {
            continue;
        }
        let Some(binary) = &desktop_binary else { continue };
        let started = tokio::process::Command::new(binary)
            .args(words)
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .process_group(0)
            .spawn();
        if let Err(error) = started {
            tracing::warn!(%error, "could not start the desktop");
        }
    }
}

/// The icon as a file, since no theme knows a program that was not installed; its bare name where that fails.
fn icon(home: &Home) -> String {
    let file = home.data().join("icon.png");
    let is_there = std::fs::metadata(&file).is_ok_and(|meta| meta.len() == ICON.len() as u64);
    if is_there || std::fs::write(&file, ICON).is_ok() {
        file.display().to_string()
    } else {
        "errand".to_owned()
    }
}

/// We hold the lock, so a socket that is there belongs to an engine that is gone.
fn bind(socket: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(socket) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let listener = UnixListener::bind(socket)?;
    std::fs::set_permissions(socket, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

fn lock_fault(home: &Home, error: LockError) -> Fault {
    match error {
        LockError::Held { pid, role } => {
            let who = match pid {
                Some(pid) => format!("process {pid} ({role})"),
                None => "another process".to_owned(),
            };
            Fault::new(
                Code::EngineRunning,
                format!("Errand runs already: {who} holds {}.", home.root().display()),
            )
        }
        LockError::Io(error) => folder_fault(home, &error),
    }
}

fn folder_fault(home: &Home, error: &io::Error) -> Fault {
    let code = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Code::DiskFull,
        _ => Code::StoreFailed,
    };
    Fault::new(code, format!("Errand's folder {} cannot be used: {error}.", home.root().display()))
}
