//! The socket of one run: a few verbs, for the programs of that run alone.

use std::io;
use std::sync::Arc;

use errand_base::{Code, Fault};
use errand_engine::{Accepted, Door, Worker};
use errand_model::{Ask, Check, Checkpoint, Field, FieldKind, Finish, Schema, SubtaskWish, WakeWish};
use errand_wire::{CheckView, FieldView, SubtaskSeen, WorkerCall, WorkerReply, WorkerVerb};
use tokio::net::unix::OwnedWriteHalf;
use tokio::net::{UnixListener, UnixStream};
use tokio::task::{AbortHandle, JoinSet};

use super::{Boundary, Lines, send_line};

/// Opens the sockets of runs.
pub(crate) struct WorkerDoor {
    boundary: Arc<Boundary>,
}

impl WorkerDoor {
    pub fn new(boundary: Arc<Boundary>) -> WorkerDoor {
        WorkerDoor { boundary }
    }
}

impl Door for WorkerDoor {
    fn open(&self, worker: Arc<Worker>) -> io::Result<Box<dyn Send>> {
        let socket = worker.desk.socket();
        // Its folder is closed to everybody else.
        let listener = UnixListener::bind(&socket)?;
        let serving = tokio::spawn(serve(listener, worker, self.boundary.clone()));
        Ok(Box::new(Serving(serving.abort_handle())))
    }
}

/// The token dies with the run, and so does every connection.
struct Serving(AbortHandle);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn serve(listener: UnixListener, worker: Arc<Worker>, boundary: Arc<Boundary>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let (worker, boundary) = (worker.clone(), boundary.clone());
                    connections.spawn(async move {
                        if let Err(error) = connection(stream, &worker, &boundary).await {
                            tracing::debug!(%error, "a connection of a run ended");
                        }
                    });
                }
                Err(error) => {
                    // Out of file descriptors, most likely. Connections that end make room.
                    tracing::warn!(%error, "could not accept a connection of a run");
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: UnixStream, worker: &Worker, boundary: &Boundary) -> io::Result<()> {
    let peer = stream.peer_cred()?;
    if peer.uid() != errand_os::own_uid() {
        return Ok(());
    }
    let (read, mut write) = stream.into_split();
    let mut lines = Lines::new(read);
    let Some(line) = lines.next().await? else { return Ok(()) };
    let started = worker.started().await;
    let reply = match permit(&line, (peer.pid(), started), worker, boundary) {
        Ok(WorkerVerb::Ask { question, options, other, fields, schema }) => {
            let fields = fields.into_iter().map(field).collect();
            match schema.as_deref().map(read_schema).transpose() {
                Ok(schema) => {
                    let ask = Ask { text: question, options, open: other, fields, schema, ..Ask::default() };
                    match asked(ask, worker, &mut lines, &mut write).await? {
                        Some(reply) => reply,
                        None => return Ok(()),
                    }
                }
                Err(fault) => WorkerReply::Error(fault.into()),
            }
        }
        Ok(verb) => perform(verb, worker).await.unwrap_or_else(|fault| WorkerReply::Error(fault.into())),
        Err(fault) => WorkerReply::Error(fault.into()),
    };
    send_line(&mut write, &reply).await
}

/// `from`: who asks, and the process that the run was started with.
fn permit(
    line: &str,
    from: (Option<i32>, Option<u32>),
    worker: &Worker,
    boundary: &Boundary,
) -> Result<WorkerVerb, Fault> {
    boundary.check_worker(from.0, &worker.task, from.1)?;
    let call: WorkerCall = serde_json::from_str(line)
        .map_err(|error| Fault::new(Code::BadUsage, format!("The request could not be read: {error}.")))?;
    if !same(&call.token, &worker.desk.token) {
        return Err(boundary.wrong_token(&worker.task));
    }
    Ok(call.verb)
}

/// Takes as long for a word that is nearly right as for one that is not.
fn same(given: &str, known: &str) -> bool {
    let differences = given.bytes().zip(known.bytes()).fold(0, |found, (a, b)| found | (a ^ b));
    given.len() == known.len() && differences == 0
}

async fn perform(verb: WorkerVerb, worker: &Worker) -> Result<WorkerReply, Fault> {
    match verb {
        // Handled where its connection is.
        WorkerVerb::Ask { .. } => Err(Fault::new(Code::Internal, "A question came the wrong way.")),
        WorkerVerb::Progress { note, percent } => {
            worker.progress(Checkpoint { note, percent }).await?;
            Ok(WorkerReply::Ok {})
        }
        WorkerVerb::Effect { what, done } => {
            worker.deed(what, done).await?;
            Ok(WorkerReply::Ok {})
        }
        WorkerVerb::Finish { report, summary, notify, verification } => {
            let verification = verification.into_iter().map(check).collect();
            let first = worker.finish(Finish { report, summary, notify, verification }).await?;
            Ok(WorkerReply::Finished { first })
        }
        WorkerVerb::Wake { after_s, at, when_subtasks_end, why, follow_up } => {
            let at = worker.wake(WakeWish { after_s, at, when_subtasks_end, why, follow_up }).await?;
            Ok(WorkerReply::Woken { at })
        }
        WorkerVerb::Subtask { title, brief, argv, cwd, labels, key } => {
            let cwd = cwd.map(Into::into);
            let wish = SubtaskWish { id: None, title, brief, argv, cwd, labels, key };
            let Accepted { id, duplicate } = worker.spawn(wish).await?;
            Ok(WorkerReply::Subtask { id, duplicate })
        }
        WorkerVerb::Subtasks {} => {
            let seen = worker.subtasks().await?.into_iter().map(|told| SubtaskSeen {
                task: told.task,
                key: told.key,
                title: told.title,
                state: told.state.to_owned(),
                outcome: told.outcome,
                report: told.report,
            });
            Ok(WorkerReply::Subtasks(seen.collect()))
        }
        WorkerVerb::CancelSubtask { subtask } => {
            Ok(WorkerReply::Cancelled { id: worker.cancel_subtask(&subtask).await? })
        }
    }
}

fn read_schema(text: &str) -> Result<Schema, Fault> {
    serde_json::from_str(text)
        .map_err(|error| Fault::new(Code::BadUsage, format!("The schema cannot be read: {error}.")))
}

fn field(view: FieldView) -> Field {
    let FieldView { name, label, kind, options, open, required, secret, default, min, max } = view;
    let kind = match kind {
        errand_wire::FieldKind::Text => FieldKind::Text,
        errand_wire::FieldKind::Integer => FieldKind::Integer,
        errand_wire::FieldKind::Number => FieldKind::Number,
        errand_wire::FieldKind::Flag => FieldKind::Flag,
    };
    Field {
        name,
        label,
        kind,
        options,
        open,
        required: required.unwrap_or(true),
        secret,
        default,
        min,
        max,
        values: Vec::new(),
        format: None,
    }
}

fn check(view: CheckView) -> Check {
    Check { what: view.what, met: view.met, note: view.note }
}

/// Waits for the answer. Whoever hangs up no longer wants it, and the question is taken back.
async fn asked(
    ask: Ask,
    worker: &Worker,
    lines: &mut Lines,
    write: &mut OwnedWriteHalf,
) -> io::Result<Option<WorkerReply>> {
    let asking = match worker.ask(ask).await {
        Ok(asking) => asking,
        Err(fault) => return Ok(Some(WorkerReply::Error(fault.into()))),
    };
    let number = asking.question;
    let confirmed = send_line(write, &WorkerReply::Asked(format!("q{number}"))).await;
    let answer = async {
        confirmed?;
        tokio::select! {
            // Dropped by the engine: the run is over.
            answer = asking.answer => io::Result::Ok(Some(answer.ok().flatten())),
            // Nothing more is expected from this side but its end.
            _ = lines.next() => Ok(None),
        }
    };
    match answer.await {
        Ok(Some(answer)) => Ok(Some(WorkerReply::Answer(answer.map(|told| told.reveal().to_owned())))),
        Ok(None) | Err(_) => {
            // It may have been answered in this very moment; then there is nothing to take back.
            drop(worker.withdraw(number).await);
            Ok(None)
        }
    }
}
