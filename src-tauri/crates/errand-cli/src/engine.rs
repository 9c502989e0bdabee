//! The parts of this binary that are not a terminal: the engine without windows, and what works on its folder.

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use errand_api::ToolRefused as Refused;
use errand_api::host::{self, Options};
use errand_base::{Clock, Code, Fault, SystemClock};
use errand_os::{EngineLock, Home, LockError};
use errand_wire::{BackupDone, DoctorRow, IsolationReport};
use tokio::signal::unix::{SignalKind, signal};

/// The process that forks supervisors. It must stay single-threaded, so nothing may have run before.
pub fn spawner() -> ExitCode {
    errand_os::serve()
}

/// The last step before an isolated program, started by its supervisor.
pub fn gate() -> ExitCode {
    errand_os::gate()
}

/// Carries out one tool call for a worker, in the folder it was started in.
pub fn tool(call: &OsStr) -> ExitCode {
    match errand_api::use_tool(Path::new(call)) {
        Ok(text) => {
            // Nobody listens any more: then nobody needs it.
            std::io::stdout().write_all(text.as_bytes()).ok();
            ExitCode::SUCCESS
        }
        Err(Refused::Changed) => ExitCode::from(errand_api::TOOL_CHANGED),
        Err(Refused::Other(why)) => {
            std::io::stderr().write_all(format!("{why}\n").as_bytes()).ok();
            ExitCode::FAILURE
        }
    }
}

/// Runs an engine in this process until it has left. `on_ready` is called once, when the socket answers.
/// Another engine in this home is `engine_running`; whoever raced us here looks for exactly that.
pub fn headless(home: &Home, on_ready: impl FnOnce()) -> Result<(), Fault> {
    errand_api::diary::to_stderr();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Fault::new(Code::Internal, format!("The engine could not start: {error}.")))?;
    let home = home.clone();
    let result = runtime.block_on(async move {
        let current = std::env::current_exe().map_err(|error| {
            Fault::new(Code::Internal, format!("Errand cannot find its own program: {error}."))
        })?;
        let hosted = host::start(home, Options::beside(&current, true)).await?;
        on_ready();
        let shut_down = hosted.shut_down();
        tokio::spawn(async move {
            asked_to_leave().await;
            shut_down.await;
        });
        hosted.wait().await;
        Ok(())
    });
    // A thread that hangs in a system call must not keep the process.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    result
}

/// Resolves at the first signal with which a system or a terminal ends a program.
async fn asked_to_leave() {
    let (Ok(mut term), Ok(mut int), Ok(mut hangup)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()), signal(SignalKind::hangup()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
        _ = hangup.recv() => {}
    }
}

/// Puts a backup in place of the database. Takes the engine lock itself.
pub fn restore(home: &Home, file: &Path) -> Result<BackupDone, Fault> {
    let clock = SystemClock::default();
    let broken = |error: std::io::Error| {
        Fault::new(
            Code::StoreFailed,
            format!("Errand's folder {} cannot be used: {error}.", home.root().display()),
        )
    };
    home.create().map_err(broken)?;
    let _lock = EngineLock::take(home, "restore", &clock).map_err(|error| match error {
        LockError::Held { .. } => {
            Fault::new(Code::EngineRunning, "Errand runs; a backup can only be put back while it does not.")
        }
        LockError::Io(error) => broken(error),
    })?;
    let restored = errand_api::restore(&home.data(), file, clock.now())?;
    let bytes = std::fs::metadata(file).map_or(0, |meta| meta.len());
    Ok(BackupDone { file: file.display().to_string(), bytes, tasks: restored.tasks })
}

/// What can be looked at without an engine.
pub fn doctor_local(home: &Home) -> Vec<DoctorRow> {
    errand_api::doctor::local(home, &SystemClock::default())
}

/// What can be enforced on this machine, found out by this process.
pub async fn isolation() -> Result<IsolationReport, Fault> {
    errand_api::isolation::report().await
}

/// The places where a crash test can stop this build; none in a release.
pub fn failpoints() -> Vec<String> {
    errand_api::doctor::failpoints()
}
