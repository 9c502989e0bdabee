//! The script agent: any program. It needs no account and no protocol; its exit code is its word.

mod normalize;
mod output;
mod session;
mod turn;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use errand_model::{StartError, Work};
use errand_os::{Home, Isolation, Launch, Process, Sandbox, Spawner, groups, sandbox};
use tokio::sync::watch;

use crate::{Agent, Order, Session, Starting, isolation};
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
        files.variables(&order.desk.token, &mut env);
        let sandbox = isolation::sandbox(program, &self.home)?.map(|sandbox| Sandbox {
            run_folder: Some(order.desk.folder.clone()),
            run_socket: Some(order.desk.socket()),
            ..sandbox
        });
        let errand = match sandbox.as_ref().map(|sandbox| sandbox.isolation) {
            Some(Isolation::Bubblewrap { .. }) => sandbox::GATE.to_owned(),
            Some(Isolation::Landlock { .. }) | None => self.program.clone(),
        };
        env.push(("ERRAND_PROGRAM".to_owned(), errand));
        let launch = Launch {
            run: order.run,
            task: order.task,
            argv: program.argv.clone(),
            cwd: program.cwd.clone(),
            env,
            grace: order.grace,
            sandbox,
        };
        let starter = Starter { spawner: self.spawner.clone() };
        let first = turn::prepare(&files, &launch, order.turn)?;
        let process = starter.begin(first).await?;
        Ok(Box::new(ScriptSession::new(starter, process, files, launch, self.home.clone())))
    }
}

/// Starts programs, also after the spawner has died.
struct Starter {
    spawner: watch::Receiver<Option<Arc<Spawner>>>,
}

impl Starter {
    async fn begin(&self, launch: Launch) -> Result<Process, StartError> {
        let mut spawners = self.spawner.clone();
        loop {
            let present = spawners.wait_for(Option::is_some).await.ok().and_then(|present| present.clone());
            let Some(present) = present else {
                return Err(StartError::Other("there is nobody to start it".to_owned()));
            };
            match present.spawn(launch.clone()) {
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
