//! The script agent: any program. It needs no account and no protocol; its exit code is its word.

mod normalize;

use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use errand_model::{StartError, Work};
use errand_os::{Home, Launch, Output, Process, ProcessEvent, Spawner, read_now};

use tokio::sync::watch;

use crate::{Agent, Order, Session, SessionEvent, Starting, Stream, isolation};

/// What is read at once. A pipe holds no more by default.
const PIECE: usize = 64 * 1024;

/// How long a start waits for another spawner when there is none at the moment.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs programs under supervisors.
pub struct Script {
    /// `None` while a dead spawner is being replaced.
    spawner: watch::Receiver<Option<Arc<Spawner>>>,
    mark: Arc<str>,
    home: Home,
}

impl Script {
    /// Starts the spawner, and another one whenever it dies.
    pub async fn start(lean_binary: &Path, home: Home) -> io::Result<Script> {
        let mark = home.mark();
        let first = Arc::new(Spawner::start(lean_binary, &mark).await?);
        let (replace, spawner) = watch::channel(Some(first.clone()));
        tokio::spawn(keep_alive(first, replace, lean_binary.to_owned(), mark.clone()));
        Ok(Script { spawner, mark: mark.into(), home })
    }

    async fn begin(&self, order: Order) -> Result<Box<dyn Session>, StartError> {
        let Work::Program(program) = order.work.as_ref();
        let launch = Launch {
            run: order.run,
            task: order.task,
            argv: program.argv.clone(),
            cwd: program.cwd.clone(),
            env: program.env.clone(),
            grace: order.grace,
            sandbox: isolation::sandbox(program, &self.home)?,
        };
        let mut spawners = self.spawner.clone();
        loop {
            let present = spawners.wait_for(Option::is_some).await.ok().and_then(|present| present.clone());
            let Some(present) = present else {
                return Err(StartError::Other("there is nobody to start it".to_owned()));
            };
            match present.spawn(launch.clone()) {
                Ok(process) => return Ok(ScriptSession::over(process, self.mark.clone())),
                // Nothing was handed over. Most likely the spawner has just died and nobody has noticed yet.
                Err(error) => {
                    let replaced = |now: &Option<Arc<Spawner>>| {
                        !now.as_ref().is_some_and(|now| Arc::ptr_eq(now, &present))
                    };
                    let changed = tokio::time::timeout(PATIENCE, spawners.wait_for(replaced)).await;
                    if !matches!(changed, Ok(Ok(_))) {
                        return Err(StartError::Other(format!("the supervisor did not take it: {error}")));
                    }
                }
            }
        }
    }
}

async fn keep_alive(
    first: Arc<Spawner>,
    replace: watch::Sender<Option<Arc<Spawner>>>,
    lean_binary: PathBuf,
    mark: String,
) {
    let mut present = first;
    loop {
        present.died().await;
        replace.send_replace(None);
        end_adopted(&mark).await;
        match Spawner::start(&lean_binary, &mark).await {
            Ok(fresh) => present = Arc::new(fresh),
            // Starts fail from here on, each with a sentence; the next engine tries again.
            Err(_) => return,
        }
        replace.send_replace(Some(present.clone()));
    }
}

/// A worker whose supervisor and spawner are both gone has become a child of ours. It is ended before its run is
/// called lost.
async fn end_adopted(mark: &str) {
    let mark = mark.to_owned();
    // If it cannot run, the sweep of the next start finds them.
    drop(tokio::task::spawn_blocking(move || errand_os::reap_adopted(&mark)).await);
}

impl Agent for Script {
    fn start(&self, order: Order) -> Starting<'_> {
        Box::pin(self.begin(order))
    }
}

struct ScriptSession {
    process: Process,
    stdout: Option<Output>,
    stderr: Option<Output>,
    /// An exit that is told once everything printed before it has been delivered.
    told_last: Option<ProcessEvent>,
    scratch: Vec<u8>,
    mark: Arc<str>,
}

impl Session for ScriptSession {
    fn next(&mut self) -> Pin<Box<dyn Future<Output = SessionEvent> + Send + '_>> {
        Box::pin(self.next_event())
    }

    fn end(&mut self) {
        self.process.end();
    }
}

impl ScriptSession {
    fn over(mut process: Process, mark: Arc<str>) -> Box<dyn Session> {
        let (stdout, stderr) = (process.stdout.take(), process.stderr.take());
        Box::new(ScriptSession { process, stdout, stderr, told_last: None, scratch: Vec::new(), mark })
    }

    async fn next_event(&mut self) -> SessionEvent {
        loop {
            if self.told_last.is_some() {
                if let Some(output) = self.take_output() {
                    return output;
                }
                if let Some(event) = self.told_last.take() {
                    return normalize::event(event);
                }
            }
            tokio::select! {
                biased;
                event = self.process.next() => match event {
                    ProcessEvent::Started { .. } | ProcessEvent::Stuck { .. } => return normalize::event(event),
                    ProcessEvent::SupervisorDied => {
                        // First: whoever stops waiting for us here must still hear of it.
                        self.told_last = Some(event);
                        end_adopted(&self.mark).await;
                    }
                    // What it printed is in the pipes already, noticed by the runtime or not; it comes first.
                    last => self.told_last = Some(last),
                },
                () = readable(&self.stdout) => {
                    if let Some(output) = take(&mut self.stdout, Stream::Output, &mut self.scratch, Output::try_read) {
                        return output;
                    }
                }
                () = readable(&self.stderr) => {
                    if let Some(output) = take(&mut self.stderr, Stream::Errors, &mut self.scratch, Output::try_read) {
                        return output;
                    }
                }
            }
        }
    }

    fn take_output(&mut self) -> Option<SessionEvent> {
        take(&mut self.stdout, Stream::Output, &mut self.scratch, read_now)
            .or_else(|| take(&mut self.stderr, Stream::Errors, &mut self.scratch, read_now))
    }
}

async fn readable(output: &Option<Output>) {
    match output {
        // An error shows again in the read.
        Some(output) => drop(output.readable().await),
        None => std::future::pending().await,
    }
}

/// Reads what is there; a stream that has ended is dropped.
fn take(
    output: &mut Option<Output>,
    stream: Stream,
    scratch: &mut Vec<u8>,
    read: impl Fn(&Output, &mut [u8]) -> io::Result<usize>,
) -> Option<SessionEvent> {
    let open = output.as_ref()?;
    scratch.resize(PIECE, 0);
    match read(open, scratch) {
        Ok(0) => {
            *output = None;
            None
        }
        Ok(count) => Some(SessionEvent::Output { stream, bytes: scratch[..count].to_vec() }),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
        Err(_) => {
            *output = None;
            None
        }
    }
}
