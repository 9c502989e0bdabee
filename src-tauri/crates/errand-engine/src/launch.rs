//! Starting runs and their turns: the folder and the door of a run, and what its worker must know.

use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use errand_agents::{Agent, Answered, Desk, Limits, Order, Request, Written};
use errand_base::{Clock, Code, Fault, Secret, TaskId, secret_word};
use errand_model::{Program, StartError, Task, ToolResult, TurnRecord, Work, told_again};
use errand_os::{Home, WorkFolders};
use errand_store::{LogRun, QuestionState, Store, StoreError, Stored};
use tokio::sync::mpsc;

use crate::approvals::Asker;
use crate::credentials::Credentials;
use crate::executor::{Attempt, attempt};
use crate::input::{Input, Launch, Report};
use crate::log_sink::LogSink;
use crate::redaction::Redact;
use crate::run::{NextTurn, RunShared};
use crate::worker::{Door, Worker};
use crate::{folders, subtasks};

/// Between asking processes to end and killing them. A logout leaves us 5 s for everything.
const GRACE: Duration = Duration::from_secs(3);

/// What starting a run needs.
#[derive(Clone)]
pub(crate) struct Launcher {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub agent: Arc<dyn Agent>,
    pub home: Arc<Home>,
    pub door: Arc<dyn Door>,
    pub folders: WorkFolders,
    pub credentials: Credentials,
    pub input: mpsc::UnboundedSender<Input>,
}

impl Launcher {
    pub fn launch(&self, launch: Launch) {
        let me = self.clone();
        tokio::spawn(async move {
            let (task, run, input) = (launch.task.clone(), launch.run, me.input.clone());
            let redactor = me.credentials.redactor().clone();
            launch.shared.with_tails(|tails| tails.hide(redactor.clone()));
            let hide = redactor.clone();
            let asker = Asker {
                task: task.clone(),
                shared: launch.shared.clone(),
                store: me.store.clone(),
                clock: me.clock.clone(),
                input: input.clone(),
            };
            let report = move |report: Report| {
                let report = report.redacted(&hide);
                if let Report::Asks(approval) = report {
                    return asker.ask(approval);
                }
                drop(input.send(Input::Report { task: task.clone(), run, report }));
            };
            let changes = me.credentials.changes();
            let open = match me.open(&launch) {
                Ok(open) => open,
                Err(error) => return report(Report::StartFailed(error)),
            };
            let order = me.order(&launch, open.desk.clone()).await;
            crate::failpoint::hit("before_spawn");
            let order = match order {
                Ok(order) if launch.has_folder => {
                    folders::prepare(me.folders.clone(), &launch.task).await.map(|()| order)
                }
                order => order,
            };
            let folder = order.as_ref().map(|order| folder_of(&order.work)).unwrap_or_default();
            let session = match order {
                Ok(order) => me.agent.start(order).await,
                Err(error) => Err(error),
            };
            crate::failpoint::hit("after_spawn");
            let Launch { task, seq, run, n, shared, silence, .. } = launch;
            let log_run = LogRun { task, run, n };
            let sink = LogSink { store: me.store.clone(), clock: me.clock.clone(), run: log_run, seq };
            match session {
                Ok(session) => {
                    let clock = me.clock.clone();
                    let report = |told| report(subtasks::checked(told, &folder));
                    attempt(Attempt { session, sink, shared, clock, silence, redactor }, report).await;
                }
                Err(error) => {
                    let held = matches!(error, StartError::Credential(_));
                    report(Report::StartFailed(error));
                    if held {
                        me.credentials.was_held(changes).await;
                    }
                }
            }
            drop(open);
        });
    }

    pub fn prompt(&self, task: TaskId, shared: Arc<RunShared>) {
        let me = self.clone();
        tokio::spawn(async move {
            match me.turn(&task).await {
                Ok((request, stored)) => {
                    let silence = stored.task.policy.turns.stall;
                    shared.prompt(NextTurn { request: Box::new(request), silence });
                }
                Err(error) => {
                    tracing::error!(%error, "the next turn could not be prepared");
                    let run = shared.run;
                    let error = StartError::Other(format!("its next turn could not be prepared: {error}"));
                    drop(me.input.send(Input::Report { task, run, report: Report::StartFailed(error) }));
                    shared.close.notify_one();
                }
            }
        });
    }

    /// The run's own folder, and the socket in it.
    fn open(&self, launch: &Launch) -> Result<Open, StartError> {
        let failed = |error| StartError::Other(format!("its folder could not be made: {error}"));
        let folder = self.home.run_folder(&launch.run.to_string()).map_err(failed)?;
        std::fs::DirBuilder::new().mode(0o700).create(&folder).map_err(failed)?;
        let folder = Folder(folder);
        let desk = Arc::new(Desk { folder: folder.0.clone(), token: secret_word() });
        let worker = Worker::new(launch.task.clone(), launch.shared.clone(), desk.clone(), self);
        let failed = |error| StartError::Other(format!("its socket could not be made: {error}"));
        let door = self.door.open(Arc::new(worker)).map_err(failed)?;
        Ok(Open { desk, _door: door, _folder: folder })
    }

    async fn order(&self, launch: &Launch, desk: Arc<Desk>) -> Result<Order, StartError> {
        let (task, run, grace) = (launch.task.clone(), launch.run, GRACE);
        if let Some(work) = launch.work.clone().filter(|_| !launch.turn) {
            let Work::Program(program) = work.as_ref();
            launch.shared.set_around(&program.around);
            let secrets = self.secrets(&task, program).await?;
            return Ok(Order { task, run, work, secrets, desk, turn: None, grace });
        }
        let read = self.turn(&task).await.map_err(|error| StartError::Other(error.to_string()))?;
        let (request, stored) = read;
        let Work::Program(program) = &stored.work;
        launch.shared.set_around(&program.around);
        let secrets = self.secrets(&task, program).await?;
        let turn = launch.turn.then(|| Box::new(request));
        Ok(Order { task, run, work: Arc::new(stored.work), secrets, desk, turn, grace })
    }

    /// What its program gets beside the variables that are written down.
    async fn secrets(
        &self,
        task: &TaskId,
        program: &Program,
    ) -> Result<Vec<(String, Secret<String>)>, StartError> {
        self.credentials.values(&program.secrets).await.map_err(|fault| {
            let next = match fault.code {
                Code::CredentialNotFound => fault.hint,
                _ => format!("Mend that, then `errand resume {task}`."),
            };
            StartError::Credential(format!("{} {next}", fault.message))
        })
    }

    async fn turn(&self, task: &TaskId) -> Result<(Request, Stored), StoreError> {
        let id = task.clone();
        self.store
            .read(move |reader| {
                let Some(stored) = reader.tasks().load(&id)? else {
                    return Err(Fault::new(Code::TaskNotFound, "its row is gone").into());
                };
                let mut previous_turns = reader.turns().of_task(stored.seq)?;
                let tool_results = take_results(&mut previous_turns, &stored.task);
                let questions = reader.questions().of_task(stored.seq)?;
                let answered = questions
                    .into_iter()
                    .filter(|row| row.state == QuestionState::Answered && row.kind.is_the_workers());
                let answers = answered
                    .map(|row| {
                        let shown = row.choice.unwrap_or_default();
                        let told = told_again(&row.fields, &shown).filter(|_| !row.fields.is_empty());
                        Answered { question: row.text, answer: told.unwrap_or(shown) }
                    })
                    .collect();
                let Work::Program(program) = &stored.work;
                let brief = stored.task.talk.next_task.clone().or_else(|| program.brief.clone());
                let (talk, limits) = (&stored.task.talk, stored.task.policy.turns);
                let request = Request {
                    protocol: Request::PROTOCOL,
                    task: id,
                    turn: talk.turns + 1,
                    brief: brief.unwrap_or_default(),
                    note: talk.note.clone(),
                    previous_turns,
                    tool_results,
                    answers,
                    messages: talk
                        .messages
                        .iter()
                        .map(|message| Written { text: message.text.clone(), new: !message.read })
                        .collect(),
                    effects: talk.effects.clone(),
                    limits: Limits {
                        turns_left: limits.most.saturating_sub(talk.turns),
                        turn_s: limits.each.as_secs(),
                        stall_s: limits.stall.as_secs(),
                    },
                    subtasks: subtasks::told(reader, &stored)?,
                    tools: Request::tools(&program.execution, stored.task.no_more_subtasks()),
                };
                Ok((request, stored))
            })
            .await
    }
}

/// The results of the turn before stand alone; of older ones it is enough that they were.
fn take_results(turns: &mut [TurnRecord], task: &Task) -> Vec<ToolResult> {
    let last = turns.last().map(|last| (last.generation, last.turn));
    let fresh = last == Some((task.generation, task.talk.turns));
    let results = turns.last_mut().filter(|_| fresh).map(|last| last.tools.clone()).unwrap_or_default();
    for result in turns.iter_mut().flat_map(|turn| &mut turn.tools) {
        result.output.clear();
    }
    results
}

fn folder_of(work: &Work) -> PathBuf {
    let Work::Program(program) = work;
    program.cwd.clone()
}

/// Dropped in this order when the run is over: the socket first, then the folder it is in.
struct Open {
    desk: Arc<Desk>,
    _door: Box<dyn Send>,
    _folder: Folder,
}

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // Most runs leave nothing but the socket. What stays in the end is removed at the next start.
        let socket = std::fs::remove_file(self.0.join("sock"));
        if socket.and_then(|()| std::fs::remove_dir(&self.0)).is_err() {
            drop(std::fs::remove_dir_all(&self.0));
        }
    }
}
