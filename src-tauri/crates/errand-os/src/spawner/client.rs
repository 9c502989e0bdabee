//! The engine's side of spawner and supervisors.

use std::io::{self, Seek, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustix::fs::{MemfdFlags, memfd_create};
use rustix::pipe::{PipeFlags, pipe_with};
use tokio::io::unix::AsyncFd;

use super::fds::{Received, RunFds, pair, pass, receive, tell};
use super::{
    GROUPS_VARIABLE, Launch, OPEN_FILES_VARIABLE, Order, ProcessEvent, RUN_VARIABLE, SPAWNER_VARIABLE,
    TASK_VARIABLE,
};
use crate::os::process;
use crate::os::sys::watched;
use crate::{Groups, limits};

/// One stream of a program's output, as it comes.
pub type Output = tokio::net::unix::pipe::Receiver;

/// Reads what is in the pipe now, also what the runtime has not noticed yet: its own `try_read` asks the system
/// only after it was told that there is something. To be used after the exit, when everything has been printed.
pub fn read_now(output: &Output, buffer: &mut [u8]) -> io::Result<usize> {
    Ok(rustix::io::read(output.as_fd(), buffer)?)
}

/// A start of the lean binary takes milliseconds; what does not answer within this time is not one.
const PATIENCE: Duration = Duration::from_secs(10);

/// The engine's hold on its spawner. Dropped, the spawner leaves once the last run has ended.
#[derive(Debug)]
pub struct Spawner {
    socket: AsyncFd<OwnedFd>,
    exit: AsyncFd<OwnedFd>,
    child: Mutex<Child>,
    mark: String,
}

impl Spawner {
    /// Runs `LEAN_BINARY spawner` and waits until it is ready. `groups`: where runs are kept in control groups.
    pub async fn start(lean_binary: &Path, mark: &str, groups: Option<&Groups>) -> io::Result<Spawner> {
        let mut command = Command::new(lean_binary);
        command.arg("spawner").env_clear().env(SPAWNER_VARIABLE, mark);
        let (ours, theirs) = pair()?;
        if let Some(given) = limits::given() {
            command.env(OPEN_FILES_VARIABLE, given.to_string());
        }
        if let Some(groups) = groups {
            command.env(GROUPS_VARIABLE, &groups.base);
        }
        let child = command.current_dir("/").stdin(Stdio::from(theirs)).spawn()?;
        // The command holds their end, and the end of file must not wait for us.
        drop(command);
        let exit = watched(process::watch(child.id())?)?;
        let spawner = Spawner { socket: watched(ours)?, exit, child: Mutex::new(child), mark: mark.into() };
        tokio::time::timeout(PATIENCE, spawner.ready()).await??;
        Ok(spawner)
    }

    async fn ready(&self) -> io::Result<()> {
        loop {
            let mut guard = self.socket.readable().await?;
            match receive(self.socket.get_ref().as_fd(), &mut [0; 16])? {
                Received::Message(_) => return Ok(()),
                Received::NothingNow => guard.clear_ready(),
                Received::End => return Err(io::Error::other("the spawner left before it was ready")),
            }
        }
    }

    pub fn pid(&self) -> u32 {
        self.child().id()
    }

    /// Starts a program. What comes of it, also that it could not start, is told by the [`Process`]; an error
    /// here means that nothing was handed over and nothing runs. Needs the runtime, but does not wait.
    pub fn spawn(&self, launch: Launch) -> io::Result<Process> {
        self.spawn_with(launch, None)
    }

    /// The same, with something to read. Not for what is sandboxed, whose standard input is taken.
    pub fn spawn_with(&self, launch: Launch, input: Option<String>) -> io::Result<Process> {
        let Launch { run, task, argv, cwd, mut env, secrets, grace, sandbox } = launch;
        env.retain(|(name, _)| name != TASK_VARIABLE && name != RUN_VARIABLE);
        env.push((TASK_VARIABLE.into(), task.as_str().into()));
        env.push((RUN_VARIABLE.into(), format!("{}-{run}", self.mark)));
        let secrets = secrets.iter().map(|(name, value)| (name.clone(), value.expose().clone())).collect();
        let order = in_memory(&Order { argv, cwd, env, secrets, grace, sandbox, input })?;

        let (control, their_control) = pair()?;
        let (stdout, their_stdout) = pipe_with(PipeFlags::CLOEXEC)?;
        let (stderr, their_stderr) = pipe_with(PipeFlags::CLOEXEC)?;
        let process = Process {
            control: watched(control)?,
            last_seen: false,
            stdout: Some(Output::from_owned_fd(stdout)?),
            stderr: Some(Output::from_owned_fd(stderr)?),
        };
        let run = RunFds { control: their_control, stdout: their_stdout, stderr: their_stderr, order };
        // Waits only if hundreds of starts are ahead in the spawner, which does nothing but fork.
        pass(self.socket.get_ref().as_fd(), &run)?;
        Ok(process)
    }

    /// Returns when the spawner has died. Runs go on under their supervisors; new ones need a new spawner.
    pub async fn died(&self) {
        if self.exit.readable().await.is_ok() {
            self.child().try_wait().ok();
        }
    }

    /// Ends the spawner after the last run and returns when it is gone.
    pub async fn close(self) {
        let Spawner { socket, exit, child, .. } = self;
        drop(socket);
        if exit.readable().await.is_ok() {
            child.lock().unwrap_or_else(PoisonError::into_inner).try_wait().ok();
        }
    }

    fn child(&self) -> std::sync::MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn in_memory(order: &Order) -> io::Result<OwnedFd> {
    let mut file = std::fs::File::from(memfd_create("errand-order", MemfdFlags::CLOEXEC)?);
    file.write_all(&serde_json::to_vec(order)?)?;
    file.rewind()?;
    Ok(file.into())
}

/// A program and everything it starts. Dropped, all of it is ended.
#[derive(Debug)]
pub struct Process {
    control: AsyncFd<OwnedFd>,
    last_seen: bool,
    /// To be taken out and read beside [`Process::next`]. A program that nobody listens to stops when the pipe is
    /// full. What left the program's control may keep the pipe open after the exit, until it is ended too.
    pub stdout: Option<Output>,
    pub stderr: Option<Output>,
}

impl Process {
    /// The next event. Nothing is lost if the future is dropped before it is ready. After the event for which
    /// [`ProcessEvent::is_last`] holds there is none, and the future never becomes ready.
    pub async fn next(&mut self) -> ProcessEvent {
        if self.last_seen {
            return std::future::pending().await;
        }
        let event = self.receive().await.unwrap_or(ProcessEvent::SupervisorDied);
        self.last_seen = event.is_last();
        event
    }

    async fn receive(&self) -> Option<ProcessEvent> {
        let mut buffer = [0; 4096];
        loop {
            let mut guard = self.control.readable().await.ok()?;
            match receive(self.control.as_fd(), &mut buffer).ok()? {
                Received::Message(text) => return serde_json::from_slice(text).ok(),
                Received::NothingNow => guard.clear_ready(),
                Received::End => return None,
            }
        }
    }

    /// Orders the end of the program and of all it started: TERM, after the grace KILL. `next` tells of it.
    pub fn end(&mut self) {
        // Not deliverable means that the supervisor is gone, and `next` tells of that, too.
        tell(self.control.as_fd(), b"end").ok();
    }
}
