//! A program of the person's that tells them something where no desktop does.

use std::time::Duration;

use errand_base::{RunId, TaskId};
use errand_model::StartError;
use errand_os::{Exit, Launch, Output, Process, ProcessEvent};
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

use super::{Script, Starter};
use crate::herald::{Herald, Message, Telling};

/// Sending a message takes seconds; what takes longer hangs.
const LIMIT: Duration = Duration::from_secs(30);
const GRACE: Duration = Duration::from_secs(2);
/// What KILL has not ended by then is the supervisor's alone.
const LAST_WAIT: Duration = Duration::from_secs(20);
/// How much of its last words is kept.
const LAST_WORDS: usize = 300;
/// What it gets of our environment; the rest is none of its business.
const VARIABLES: [&str; 6] = ["PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR"];

impl Herald for Script {
    fn tell(&self, message: Message) -> Telling {
        let starter = Starter { spawner: self.spawner.clone() };
        Box::pin(tell(starter, message))
    }
}

async fn tell(starter: Starter, message: Message) -> Result<(), String> {
    let Message { task, argv, document } = message;
    let mut process =
        starter.begin_with(launch(task, argv), Some(document)).await.map_err(|error| match error {
            StartError::Other(why)
            | StartError::Preflight(why)
            | StartError::BeforeRun(why)
            | StartError::Credential(why) => why,
            StartError::ProgramMissing => "there is no such program".to_owned(),
            StartError::FolderMissing => "its folder is gone".to_owned(),
        })?;
    // Both are read, or it would stop once a pipe is full.
    let (stdout, stderr) = (process.stdout.take(), process.stderr.take());
    let words = tokio::spawn(async move { tokio::join!(last_words(stdout), last_words(stderr)).1 });
    let ended = match timeout(LIMIT, ended(&mut process)).await {
        Ok(ended) => ended,
        Err(_) => {
            process.end();
            drop(timeout(LAST_WAIT, self::ended(&mut process)).await);
            return Err("it took longer than 30 s and was ended".to_owned());
        }
    };
    let why = match ended {
        Ok(Exit::Code(0)) => return Ok(()),
        Ok(Exit::Code(code)) => format!("exit code {code}"),
        Ok(Exit::Signal(signal)) => format!("ended by signal {signal}"),
        Err(why) => return Err(why),
    };
    let said = timeout(GRACE, words).await.ok().and_then(Result::ok).unwrap_or_default();
    Err(if said.is_empty() { why } else { format!("{why}: {said}") })
}

fn launch(task: TaskId, argv: Vec<String>) -> Launch {
    let env = VARIABLES.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)));
    let home = std::env::var_os("HOME").map_or_else(|| "/".into(), Into::into);
    Launch {
        run: RunId::random(),
        task,
        argv,
        cwd: home,
        env: env.collect(),
        secrets: Vec::new(),
        grace: GRACE,
        sandbox: None,
    }
}

/// Until nothing of it is left; how its own process has ended.
async fn ended(process: &mut Process) -> Result<Exit, String> {
    let mut exit = Err("nobody saw how it ended".to_owned());
    loop {
        let event = process.next().await;
        let is_last = event.is_last();
        match event {
            ProcessEvent::Started { .. } | ProcessEvent::Stuck { .. } | ProcessEvent::Gone => {}
            ProcessEvent::Exited { exit: code, .. } => exit = Ok(code),
            ProcessEvent::StartFailed { kind } => {
                exit = Err(match kind {
                    errand_os::StartFailure::ProgramMissing => "there is no such program".to_owned(),
                    errand_os::StartFailure::FolderMissing => "its folder is gone".to_owned(),
                    errand_os::StartFailure::Other(why) => why,
                });
            }
            ProcessEvent::SupervisorDied => return exit,
        }
        if is_last {
            return exit;
        }
    }
}

async fn last_words(output: Option<Output>) -> String {
    let Some(mut output) = output else { return String::new() };
    let (mut said, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = output.read(&mut buffer).await {
        said.extend_from_slice(&buffer[..count]);
        let over = said.len().saturating_sub(LAST_WORDS);
        said.drain(..over);
    }
    errand_os::text::line(&String::from_utf8_lossy(&said), LAST_WORDS).text
}
