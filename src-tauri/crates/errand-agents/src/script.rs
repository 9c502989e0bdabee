//! The script agent: any program. It needs no account and no protocol; its exit code is its word.

mod normalize;
mod output;
mod session;
mod telling;
mod turn;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use errand_model::{Command, Execution, Part, StartError, ToolCall, Work};
use errand_os::{Home, Isolation, Launch, Process, Sandbox, Spawner, groups, sandbox};
use tokio::sync::watch;

use crate::around::{Commands, Guarded};
use crate::tools::files::Order as ToolOrder;
use crate::tools::{self, Planned};
use crate::weigh::{Expected, Scales};
use crate::{Agent, Desk, Order, Session, Starting, isolation};
use session::ScriptSession;
use turn::Files;

/// How long a start waits for another spawner when there is none at the moment.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs programs under supervisors.
pub struct Script {
    /// `None` while a dead spawner is being replaced.
    spawner: watch::Receiver<Option<Arc<Spawner>>>,
    /// Where `errand` is: not every program finds it on its path.
    program: String,
    home: Home,
}

impl Script {
    /// Starts the spawner, and another one whenever it dies.
    pub async fn start(lean_binary: &Path, home: Home) -> io::Result<Script> {
        let mark = home.mark();
        let first = Arc::new(Spawner::start(lean_binary, &mark, groups::prepared()).await?);
        let (replace, spawner) = watch::channel(Some(first.clone()));
        tokio::spawn(keep_alive(first, replace, lean_binary.to_owned(), home.clone()));
        Ok(Script { spawner, home, program: lean_binary.display().to_string() })
    }

    async fn begin(&self, order: Order) -> Result<Box<dyn Session>, StartError> {
        let Work::Program(program) = order.work.as_ref();
        let files = Files::of(&order.desk);
        let mut env = program.env.clone();
        let sandbox = isolation::sandbox(program, &self.home)?;
        // Where a sub-task starts is not what it may use: that is what its parent may.
        let given = program.within.as_ref().filter(|_| sandbox.is_some()).unwrap_or(&program.cwd).clone();
        let start_in = program.cwd.strip_prefix(&given).ok().filter(|rest| !rest.as_os_str().is_empty());
        let sandbox = sandbox.map(|sandbox| Sandbox {
            start_in: start_in.map(Path::to_owned),
            run_folder: Some(order.desk.folder.clone()),
            run_socket: Some(order.desk.socket()),
            ..sandbox
        });
        let errand = match sandbox.as_ref().map(|sandbox| sandbox.isolation) {
            Some(Isolation::Bubblewrap { .. }) => sandbox::GATE.to_owned(),
            Some(Isolation::Landlock { .. }) | None => self.program.clone(),
        };
        env.push(("ERRAND_PROGRAM".to_owned(), errand.clone()));
        let mut launch = Launch {
            run: order.run,
            task: order.task,
            argv: program.argv.clone(),
            cwd: given,
            env,
            secrets: Vec::new(),
            grace: order.grace,
            sandbox,
        };
        let starter = Starter { spawner: self.spawner.clone() };
        let around = program.around.clone();
        let commands = Beside {
            starter: starter.clone(),
            launch: launch.clone(),
            home: self.home.clone(),
            errand: errand.clone(),
            desk: order.desk.clone(),
            execution: program.execution,
            scales: Scales::of(program).map(Arc::new),
        };
        files.variables(&order.desk.token, &mut launch.env);
        launch.secrets = order.secrets;
        let home = self.home.clone();
        let begin = async move {
            let first = turn::prepare(&files, &launch, order.turn)?;
            let process = starter.begin(first).await?;
            let session = ScriptSession::new(starter, process, Some(files), launch, home);
            Ok(Box::new(session) as Box<dyn Session>)
        };
        let commands = Box::new(commands);
        Ok(Box::new(if around.preflight.is_empty() && around.before_run.is_empty() {
            Guarded::begun(around, commands, begin.await?)
        } else {
            Guarded::new(around, commands, Box::pin(begin))
        }))
    }
}

/// Starts what is done around a run. It knows nothing of the run's socket: only the work itself speaks for it.
struct Beside {
    starter: Starter,
    launch: Launch,
    home: Home,
    /// Our own program, as it is found where the run is.
    errand: String,
    desk: Arc<Desk>,
    execution: Execution,
    scales: Option<Arc<Scales>>,
}

impl Commands for Beside {
    fn scales(&self) -> Option<Arc<Scales>> {
        self.scales.clone()
    }

    fn plan(
        &self,
        n: usize,
        call: &ToolCall,
        expected: Option<Expected>,
    ) -> Result<(Command, Option<Duration>), String> {
        let call = match tools::plan(call, &self.execution)? {
            Planned::Run { command, limit } => return Ok((command, limit)),
            Planned::Files(call) => call,
        };
        let file = tools::call_file(&self.desk.folder, n);
        let written = serde_json::to_vec(&ToolOrder { call, expected })
            .map_err(io::Error::from)
            .and_then(|text| std::fs::write(&file, text));
        written.map_err(|error| format!("the call could not be written down: {error}"))?;
        Ok((vec![self.errand.clone(), "tool".to_owned(), file.display().to_string()], None))
    }

    fn start(&self, part: Part, command: Command) -> Starting<'static> {
        let (starter, home) = (self.starter.clone(), self.home.clone());
        let mut launch = Launch { argv: command, ..self.launch.clone() };
        launch.env.push(("ERRAND_PART".to_owned(), part.name().to_owned()));
        Box::pin(async move {
            let process = starter.begin(launch.clone()).await?;
            let session = ScriptSession::new(starter, process, None, launch, home);
            Ok(Box::new(session) as Box<dyn Session>)
        })
    }
}

/// Starts programs, also after the spawner has died.
#[derive(Clone)]
struct Starter {
    spawner: watch::Receiver<Option<Arc<Spawner>>>,
}

impl Starter {
    async fn begin(&self, launch: Launch) -> Result<Process, StartError> {
        self.begin_with(launch, None).await
    }

    async fn begin_with(&self, launch: Launch, input: Option<String>) -> Result<Process, StartError> {
        let mut spawners = self.spawner.clone();
        loop {
            let present = spawners.wait_for(Option::is_some).await.ok().and_then(|present| present.clone());
            let Some(present) = present else {
                return Err(StartError::Other("there is nobody to start it".to_owned()));
            };
            match present.spawn_with(launch.clone(), input.clone()) {
                Ok(process) => return Ok(process),
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
    home: Home,
) {
    let mark = home.mark();
    let mut present = first;
    loop {
        present.died().await;
        replace.send_replace(None);
        end_adopted(&home).await;
        match Spawner::start(&lean_binary, &mark, groups::prepared()).await {
            Ok(fresh) => present = Arc::new(fresh),
            // Starts fail from here on, each with a sentence; the next engine tries again.
            Err(_) => return,
        }
        replace.send_replace(Some(present.clone()));
    }
}

/// A worker whose supervisor and spawner are both gone has become a child of ours. It is ended before its run is
/// called lost.
async fn end_adopted(home: &Home) {
    let home = home.clone();
    // If it cannot run, the sweep of the next start finds them.
    let reap = move || errand_os::reap_adopted(&home.mark(), &groups::places(&home));
    drop(tokio::task::spawn_blocking(reap).await);
}

impl Agent for Script {
    fn start(&self, order: Order) -> Starting<'_> {
        Box::pin(self.begin(order))
    }
}
