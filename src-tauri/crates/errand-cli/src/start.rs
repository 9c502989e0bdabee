//! Bringing an engine or the app up, exactly once however many ask for it at the same time.

use std::path::PathBuf;
use std::time::Duration;

use errand_api::client::Client;
use errand_base::{Code, Fault, SystemClock};
use errand_os::{EngineLock, FileLock, Home, LockError};
use errand_wire::{Raise, Window, command};
use serde_json::json;

use crate::environment;
use crate::launch::{Launched, launch, log_file, sibling};
use crate::output::{self, End};
use crate::session::{Session, find};

const PATIENCE: Duration = Duration::from_secs(15);

/// A program that is going to fail at once, for want of a display for example, does it within this time.
const FIRST_MOMENT: Duration = Duration::from_millis(1_500);

/// How often to start again after somebody else's engine had the folder and then left it.
const RELAUNCHES: u32 = 5;

const SECOND_LOOK: Duration = Duration::from_millis(100);

/// A pause that grows, so that a quick start is met at once and a slow one is not disturbed.
struct Pause(Duration);

impl Pause {
    fn new() -> Pause {
        Pause(Duration::from_millis(4))
    }

    async fn rest(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 3 / 2).min(Duration::from_millis(100));
    }
}

/// The engine that runs, or one that is started for this call.
pub async fn engine(session: &Session) -> Result<Client, Fault> {
    let found = match find(&session.home).await {
        // An engine that is leaving may hang up before its first word. A moment later nobody listens any more.
        Err(fault) if fault.code == Code::EngineUnreachable => {
            tokio::time::sleep(SECOND_LOOK).await;
            find(&session.home).await
        }
        found => found,
    };
    let client = match found? {
        Some(client) => client,
        None => in_time(&session.home, start(&session.home, engine_programs()?)).await?,
    };
    session.introduce(&client);
    Ok(client)
}

/// `errand` and `errand start`: the app, in front of the person or hidden.
pub async fn app(session: &Session, hidden: bool) -> End {
    let running = find(&session.home).await?;
    let started = running.is_none();
    let client = match running {
        Some(client) => {
            session.introduce(&client);
            bring_forward(session, &client, hidden).await?;
            client
        }
        None => in_time(&session.home, start(&session.home, vec![desktop(hidden)?])).await?,
    };
    let hello = client.hello();
    if session.json {
        output::document(&json!({ "pid": hello.pid, "started": started, "headless": hello.headless }))?;
    } else if started || hidden {
        output::line(&format!("Errand is running (process {}).", hello.pid))?;
    }
    Ok(0)
}

async fn bring_forward(session: &Session, client: &Client, hidden: bool) -> Result<(), Fault> {
    if (hidden && !client.hello().headless) || (!hidden && raise(client).await?) {
        return Ok(());
    }
    // The engine has no windows of its own: the app attaches to it.
    let program = desktop(hidden)?;
    let mut app = launch(&session.home, &program.path, program.args)?;
    if hidden {
        tokio::time::sleep(FIRST_MOMENT).await;
        return app.ended().unwrap_or(Ok(()));
    }
    let wait = async {
        let mut pause = Pause::new();
        while !raise(client).await? {
            app.ended().unwrap_or(Ok(()))?;
            pause.rest().await;
        }
        Ok(())
    };
    in_time(&session.home, wait).await
}

async fn raise(client: &Client) -> Result<bool, Fault> {
    Ok(client.call::<command::Raise>(Raise { window: Window::quick() }).await?.reached)
}

/// A way to get an engine.
#[derive(Debug)]
struct Program {
    path: PathBuf,
    args: &'static [&'static str],
}

fn desktop(hidden: bool) -> Result<Program, Fault> {
    if !environment::has_display(&environment::own()) {
        return Err(Fault::new(Code::IllegalState, "There is no display to show the app on.")
            .hint("`errand start --headless` runs without one."));
    }
    let path = sibling("errand-desktop").ok_or_else(|| {
        Fault::new(Code::ProgramMissing, "The program errand-desktop is not in the folder of errand.")
            .hint("Install it, or run `errand start --headless` to do without windows.")
    })?;
    Ok(Program { path, args: if hidden { &["--hidden"] } else { &[] } })
}

/// What `run` tries, in this order: the app if it can be shown, else the engine alone.
fn engine_programs() -> Result<Vec<Program>, Fault> {
    let path = std::env::current_exe().map_err(|error| {
        Fault::new(Code::ProgramMissing, format!("The program errand cannot be found again: {error}."))
    })?;
    let mut programs: Vec<Program> = desktop(true).into_iter().collect();
    // With `--json` a failure leaves a document in the log, which is how we learn of it.
    programs.push(Program { path, args: &["start", "--headless", "--json"] });
    Ok(programs)
}

async fn start(home: &Home, programs: Vec<Program>) -> Result<Client, Fault> {
    home.create().map_err(|error| {
        Fault::new(
            Code::StoreFailed,
            format!("The folder {} cannot be used: {error}.", home.root().display()),
        )
    })?;
    // Of many that start at the same time one launches and the others wait for its engine. The engine's own
    // lock would sort them out too, but only after fifty of them had been started.
    let _turn = match turn(home).await? {
        Turn::Ours(lock) => lock,
        Turn::Done(client) => return Ok(client),
    };
    let mut failed = None;
    for program in programs {
        if let Some(fault) = failed.take() {
            output::note(&format!("note: the app did not start, so this goes on without windows: {fault}"));
        }
        match answer(home, &program).await {
            Ok(client) => return Ok(client),
            Err(fault) => failed = Some(fault),
        }
    }
    Err(failed.unwrap_or_else(|| Fault::new(Code::EngineUnreachable, "There is no program to start.")))
}

enum Turn {
    Ours(FileLock),
    /// An engine answers by now.
    Done(Client),
}

async fn turn(home: &Home) -> Result<Turn, Fault> {
    let file = home.run().join("start.lock");
    let mut pause = Pause::new();
    loop {
        let lock = FileLock::take(&file, "start", &SystemClock::default());
        // Looked at after the lock was taken: its last holder may just have brought the engine up.
        if let Some(client) = find(home).await? {
            return Ok(Turn::Done(client));
        }
        match lock {
            Ok(lock) => return Ok(Turn::Ours(lock)),
            Err(LockError::Held { .. }) => pause.rest().await,
            Err(LockError::Io(error)) => {
                return Err(Fault::new(
                    Code::StoreFailed,
                    format!("{} cannot be locked: {error}.", file.display()),
                ));
            }
        }
    }
}

/// Launches `program` and waits until the socket answers or the program gives up.
async fn answer(home: &Home, program: &Program) -> Result<Client, Fault> {
    let mut launched = Some(launch(home, &program.path, program.args)?);
    let mut pause = Pause::new();
    let mut again = RELAUNCHES;
    loop {
        match find(home).await {
            Ok(Some(client)) => return Ok(client),
            Ok(None) => {}
            // An engine that is just leaving, or has not got as far as its first word.
            Err(fault) if fault.code == Code::EngineUnreachable => {}
            Err(fault) => return Err(fault),
        }
        match launched.as_mut().map(Launched::ended) {
            Some(None) => {}
            // Another engine had the folder: one that will answer in a moment, or one that is on its way out.
            // A clean exit says the same, for the app leaves at once when another one runs.
            Some(Some(Ok(()))) => launched = None,
            Some(Some(Err(fault))) if fault.code == Code::EngineRunning => launched = None,
            Some(Some(Err(fault))) => return Err(fault),
            None if EngineLock::holder(home).is_some() => {}
            None if again == 0 => {
                return Err(Fault::new(
                    Code::EngineUnreachable,
                    "Errand was started several times and left each time.",
                )
                .hint(format!("What it said is in {}.", log_file(home).display())));
            }
            None => {
                again -= 1;
                launched = Some(launch(home, &program.path, program.args)?);
            }
        }
        pause.rest().await;
    }
}

async fn in_time<T>(home: &Home, wait: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    match tokio::time::timeout(PATIENCE, wait).await {
        Ok(end) => end,
        Err(_) => Err(Fault::new(
            Code::EngineUnreachable,
            format!("Errand was started but did not answer within {} s.", PATIENCE.as_secs()),
        )
        .hint(format!("What it said is in {}.", log_file(home).display()))),
    }
}

/// `errand start --headless`: this process becomes the engine.
pub fn headless(session: &Session) -> End {
    let root = session.home.root().display().to_string();
    let ready = || {
        let pid = std::process::id();
        // Whoever waits for the line may have gone; the engine stays.
        let _ = if session.json {
            output::record(&json!({ "ready": true, "pid": pid, "home": root }))
        } else {
            output::line(&format!("errand: ready (pid {pid}, {root})"))
        };
    };
    crate::engine::headless(&session.home, ready)?;
    Ok(0)
}
