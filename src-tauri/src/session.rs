//! How this process comes to be the one desktop, and to an engine: joins the one that runs, else brings its own.

use std::pin::Pin;
use std::time::Duration;

use errand_api::client::{Client, Subscription};
use errand_api::host::{self, Hosted, Options};
use errand_base::{Code, Fault, SystemClock};
use errand_os::{FileLock, Home, LockError};
use errand_wire::{Feed, Raise, Role, Window, command};
use tokio::task::JoinHandle;

/// Another desktop or engine that starts or leaves at this moment is waited for: 10 s in all.
const TRIES: u32 = 200;
const PAUSE: Duration = Duration::from_millis(50);

/// The right to be the desktop of this home, held while this value lives.
#[derive(Debug)]
pub struct Seat(#[expect(dead_code, reason = "held, not read")] FileLock);

/// `None`: another desktop is there, and has been given the wish.
pub async fn claim(home: &Home, wish: Option<&Window>) -> Result<Option<Seat>, Fault> {
    home.create().map_err(|error| unusable(home, &error))?;
    let file = home.run().join("desktop.lock");
    for _ in 0..TRIES {
        if let Some(window) = wish
            && raise(home, window).await?
        {
            return Ok(None);
        }
        match FileLock::take(&file, "desktop", &SystemClock::default()) {
            Ok(lock) => return Ok(Some(Seat(lock))),
            // A hidden start wants no more than that somebody is there.
            Err(LockError::Held { .. }) if wish.is_none() => return Ok(None),
            // It is just starting, or leaving. Either way the next round knows more.
            Err(LockError::Held { .. }) => tokio::time::sleep(PAUSE).await,
            Err(LockError::Io(error)) => return Err(unusable(home, &error)),
        }
    }
    Err(Fault::new(Code::EngineRunning, "Another Errand is starting and does not answer.")
        .hint("End it and start Errand again. No task is lost by that."))
}

async fn raise(home: &Home, window: &Window) -> Result<bool, Fault> {
    let socket = home.socket().map_err(|error| unusable(home, &error))?;
    let asked = async {
        let Some(client) = Client::find(&socket, Role::Terminal).await? else { return Ok(false) };
        let reply = client.call::<command::Raise>(Raise { window: window.clone() }).await?;
        Ok(reply.reached)
    };
    match asked.await {
        // An engine that leaves while we speak is no engine.
        Err(Fault { code: Code::EngineUnreachable | Code::Quitting, .. }) => Ok(false),
        other => other,
    }
}

/// The connection to the engine, wherever it runs.
#[derive(Debug)]
pub struct Session {
    pub client: Client,
    pub changes: Subscription,
    /// The engine in this process, if it is here.
    pub own: Option<Own>,
}

/// The engine in this process.
pub struct Own {
    left: JoinHandle<()>,
    stop: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl std::fmt::Debug for Own {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Own")
    }
}

impl Own {
    fn of(hosted: Hosted) -> Own {
        let stop = Box::pin(hosted.shut_down());
        Own { left: tokio::spawn(hosted.wait()), stop }
    }

    /// Returns when the engine has left by itself, because it was told to over the socket.
    pub async fn left(&mut self) {
        if !self.left.is_finished() {
            drop((&mut self.left).await);
        }
    }

    /// Makes it leave: the session ends.
    pub async fn shut_down(mut self) {
        self.stop.as_mut().await;
        self.left().await;
    }
}

impl Session {
    pub async fn open(home: &Home) -> Result<Session, Fault> {
        let socket = home.socket().map_err(|error| unusable(home, &error))?;
        for _ in 0..TRIES {
            if let Some(client) = join(&socket).await? {
                return Ok(Session::over(client, None));
            }
            match host::start(home.clone(), options()?).await {
                Ok(hosted) => {
                    let own = Own::of(hosted);
                    let client = Client::connect(&socket, Role::Desktop).await?;
                    return Ok(Session::over(client, Some(own)));
                }
                // The race is lost, or the last engine has not quite left.
                Err(fault) if fault.code == Code::EngineRunning => tokio::time::sleep(PAUSE).await,
                Err(fault) => return Err(fault),
            }
        }
        Err(Fault::new(Code::EngineRunning, "Another engine holds Errand's folder and does not answer.")
            .hint("`errand doctor` says which process it is."))
    }

    /// After the connection was lost. An engine of ours that has not left is still there; another one is replaced.
    pub async fn again(home: &Home, own: Option<Own>) -> Result<Session, Fault> {
        let Some(own) = own else { return Session::open(home).await };
        let socket = home.socket().map_err(|error| unusable(home, &error))?;
        let client = Client::connect(&socket, Role::Desktop).await?;
        Ok(Session::over(client, Some(own)))
    }

    fn over(client: Client, own: Option<Own>) -> Session {
        let changes = client.subscribe(Feed::Changes { cursor: None });
        Session { client, changes, own }
    }
}

async fn join(socket: &std::path::Path) -> Result<Option<Client>, Fault> {
    match Client::find(socket, Role::Desktop).await {
        Err(fault) if fault.code == Code::EngineUnreachable => Ok(None),
        other => other,
    }
}

fn options() -> Result<Options, Fault> {
    let program = std::env::current_exe().map_err(|error| {
        Fault::new(Code::ProgramMissing, format!("Errand's own program cannot be found: {error}."))
    })?;
    Ok(Options::beside(&program, false))
}

fn unusable(home: &Home, error: &std::io::Error) -> Fault {
    let folder = home.root().display();
    Fault::new(Code::StoreFailed, format!("Errand's folder {folder} cannot be used: {error}."))
}
