//! The verbs of a task's own programs. They go to the socket of their run, never to the person's.

use std::io::ErrorKind;
use std::time::Duration;

use errand_base::{Code, Fault};
use errand_wire::{CheckView, FieldKind, FieldView, WorkerCall, WorkerReply, WorkerVerb};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

use crate::args;
use crate::output::{self, End};
use crate::parse;
use crate::render;
use crate::run::read_brief;

/// Longer than it takes to end the processes of a run, whatever they do about it.
const TO_BE_ENDED: Duration = Duration::from_secs(60);

/// The way to the engine. The writing half stays open: closing it would take a question back.
struct Talk {
    replies: Lines<BufReader<OwnedReadHalf>>,
    _open: OwnedWriteHalf,
}

impl Talk {
    async fn begin(verb: WorkerVerb) -> Result<Talk, Fault> {
        let outside = || Fault::new(Code::OnlyInTasks, "This is not a program of a task.");
        let given = |name| std::env::var(name).map_err(|_| outside());
        let (socket, token) = (given("ERRAND_SOCKET")?, given("ERRAND_TOKEN")?);
        let stream = UnixStream::connect(&socket).await.map_err(|error| match error.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => {
                Fault::new(Code::EngineUnreachable, "The run of this program is over, or Errand has left.")
                    .hint("Nothing is lost that was handed over before.")
            }
            _ => Fault::new(Code::EngineUnreachable, format!("Errand cannot be reached: {error}.")),
        })?;
        let (read, mut write) = stream.into_split();
        let mut line = serde_json::to_vec(&WorkerCall { token, verb })
            .map_err(|error| Fault::new(Code::Internal, format!("The request has no form: {error}.")))?;
        line.push(b'\n');
        // If it is refused before it is read whole, the refusal says more than this error.
        drop(write.write_all(&line).await);
        Ok(Talk { replies: BufReader::new(read).lines(), _open: write })
    }

    async fn reply(&mut self) -> Result<WorkerReply, Fault> {
        let gone = || Fault::new(Code::EngineUnreachable, "Errand has left without an answer.");
        let line = self.replies.next_line().await.ok().flatten().ok_or_else(gone)?;
        match serde_json::from_str(&line) {
            Ok(WorkerReply::Error(error)) => Err(error.into()),
            Ok(reply) => Ok(reply),
            Err(error) => {
                Err(Fault::new(Code::VersionMismatch, format!("The answer cannot be read: {error}.")))
            }
        }
    }
}

pub async fn perform(verb: args::InTask, json: bool) -> End {
    match verb {
        args::InTask::Ask(typed) => ask(json, typed).await,
        args::InTask::Progress(typed) => progress(json, typed).await,
        args::InTask::Effect(typed) => effect(json, typed).await,
        args::InTask::Finish(typed) => finish(json, typed).await,
        args::InTask::Wake(typed) => wake(json, typed).await,
        args::InTask::Subtask(typed) => subtask(json, typed).await,
    }
}

fn unexpected() -> Fault {
    Fault::new(Code::VersionMismatch, "The answer is not one that this version knows.")
}

/// `port:integer=The port`
fn field(text: &str, secret: bool) -> Result<FieldView, Fault> {
    let (name, label) = text.split_once('=').unwrap_or((text, ""));
    let (name, kind) = name.split_once(':').unwrap_or((name, "text"));
    let kind = match kind {
        "text" => FieldKind::Text,
        "integer" => FieldKind::Integer,
        "number" => FieldKind::Number,
        "flag" => FieldKind::Flag,
        other => {
            return Err(Fault::new(Code::BadUsage, format!("“{other}” is no kind of field."))
                .hint("There are text, integer, number and flag."));
        }
    };
    let (name, label) = (name.to_owned(), label.to_owned());
    Ok(FieldView { name, label, kind, secret, ..FieldView::default() })
}

/// The value of this field in an answer with fields.
fn value_of(answer: &str, name: &str) -> String {
    let object: Option<serde_json::Value> = serde_json::from_str(answer).ok();
    match object.as_ref().and_then(|object| object.get(name)) {
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

fn form(text: String) -> Result<String, Fault> {
    if text == "-" { read_brief() } else { Ok(text) }
}

async fn ask(json: bool, typed: args::Ask) -> End {
    let args::Ask { question, options, other, fields, secrets, schema, timeout } = typed;
    let schema = schema.map(form).transpose()?;
    let question = question.join(" ");
    let fields = fields.iter().map(|text| field(text, false));
    let fields: Vec<FieldView> =
        fields.chain(secrets.iter().map(|text| field(text, true))).collect::<Result<_, Fault>>()?;
    let only = fields.as_slice().first().filter(|_| fields.len() == 1).map(|field| field.name.clone());
    let answer = async {
        let mut talk = Talk::begin(WorkerVerb::Ask { question, options, other, fields, schema }).await?;
        loop {
            match talk.reply().await {
                Ok(WorkerReply::Asked(_)) => {}
                Ok(WorkerReply::Answer(answer)) => return Ok(answer),
                Ok(_) => return Err(unexpected()),
                Err(fault) if fault.code == Code::EngineUnreachable => {
                    // Whoever lost the engine is about to be ended. A script that went on without its answer in the
                    // meantime could do what its person would have forbidden.
                    tokio::time::sleep(TO_BE_ENDED).await;
                    return Err(fault);
                }
                Err(fault) => return Err(fault),
            }
        }
    };
    let answer = match timeout {
        None => answer.await?,
        Some(millis) => match tokio::time::timeout(Duration::from_millis(millis), answer).await {
            Ok(answer) => answer?,
            Err(_) => {
                return Err(Fault::new(
                    Code::TimedOutWaiting,
                    "Nobody has answered; the question is taken back.",
                )
                .hint("Go on without the answer, or ask again.")
                .into());
            }
        },
    };
    let Some(answer) = answer else {
        return Err(Fault::new(Code::QuestionNotFound, "The question was withdrawn.")
            .hint("The task has ended or was cancelled.")
            .into());
    };
    // Who asks for one thing wants that thing.
    let answer = match only {
        Some(name) => value_of(&answer, &name),
        None => answer,
    };
    if json {
        output::document(&serde_json::json!({ "answer": answer }))?;
    } else {
        output::line(&answer)?;
    }
    Ok(0)
}

async fn progress(json: bool, typed: args::Progress) -> End {
    let verb = WorkerVerb::Progress { note: typed.note.join(" "), percent: typed.percent };
    match Talk::begin(verb).await?.reply().await? {
        WorkerReply::Ok {} => done(json, serde_json::json!({})),
        _ => Err(unexpected().into()),
    }
}

async fn effect(json: bool, typed: args::Effect) -> End {
    let verb = WorkerVerb::Effect { what: typed.what.join(" "), done: typed.done };
    match Talk::begin(verb).await?.reply().await? {
        WorkerReply::Ok {} => done(json, serde_json::json!({})),
        _ => Err(unexpected().into()),
    }
}

async fn finish(json: bool, typed: args::Finish) -> End {
    let report = match typed.report.as_slice() {
        [dash] if dash == "-" => read_brief()?,
        words => words.join(" "),
    };
    let check = |met| move |what| CheckView { what, met, note: None };
    let verification =
        typed.met.into_iter().map(check(true)).chain(typed.unmet.into_iter().map(check(false))).collect();
    let notify = if typed.quiet { Some(false) } else { typed.notify.then_some(true) };
    let verb = WorkerVerb::Finish { report, summary: typed.summary, notify, verification };
    match Talk::begin(verb).await?.reply().await? {
        WorkerReply::Finished { first } => {
            if !first && !json {
                output::note("note: a result was handed over before, and that one counts");
            }
            done(json, serde_json::json!({ "first": first }))
        }
        _ => Err(unexpected().into()),
    }
}

async fn wake(json: bool, typed: args::Wake) -> End {
    let verb = WorkerVerb::Wake {
        // A moment that is nearly there is there.
        after_s: typed.after.map(|millis| millis.div_ceil(1_000)),
        at: typed.at,
        when_subtasks_end: typed.when_subtasks_end,
        why: typed.why.unwrap_or_default(),
        follow_up: typed.follow_up,
    };
    match Talk::begin(verb).await?.reply().await? {
        WorkerReply::Woken { at } => {
            if !json {
                let when = match (at, typed.when_subtasks_end) {
                    (Some(at), false) => format!("at {at}"),
                    (Some(at), true) => format!("when its sub-tasks have ended, at {at} at the latest"),
                    (None, _) => "when its sub-tasks have ended".to_owned(),
                };
                output::note(&render::clean(&format!("to be woken {when}, once this program has ended")));
            }
            done(json, serde_json::json!({ "at": at }))
        }
        _ => Err(unexpected().into()),
    }
}

async fn subtask(json: bool, typed: args::Subtask) -> End {
    if typed.list {
        return subtasks(json).await;
    }
    if let Some(subtask) = typed.cancel {
        return match Talk::begin(WorkerVerb::CancelSubtask { subtask }).await?.reply().await? {
            WorkerReply::Cancelled { id } => done(json, serde_json::json!({ "id": id })),
            _ => Err(unexpected().into()),
        };
    }
    let brief = match typed.brief.as_slice() {
        [] => None,
        [dash] if dash == "-" => Some(read_brief()?),
        words => Some(words.join(" ")),
    };
    if brief.is_none() && typed.program.is_empty() {
        let fault = Fault::new(Code::BadUsage, "A sub-task has a brief or a program of its own.");
        return Err(fault.hint("`errand subtask \"BRIEF\"`, or `errand subtask -- PROGRAM ARGS`.").into());
    }
    let verb = WorkerVerb::Subtask {
        title: typed.title,
        brief,
        argv: Some(typed.program).filter(|argv| !argv.is_empty()),
        cwd: typed.cwd.as_deref().map(parse::absolute).transpose()?,
        labels: typed.labels,
        key: typed.key,
    };
    match Talk::begin(verb).await?.reply().await? {
        WorkerReply::Subtask { id, duplicate } => {
            if json {
                output::document(&serde_json::json!({ "id": id, "duplicate": duplicate }))?;
            } else {
                output::line(id.as_str())?;
            }
            Ok(0)
        }
        _ => Err(unexpected().into()),
    }
}

async fn subtasks(json: bool) -> End {
    let WorkerReply::Subtasks(seen) = Talk::begin(WorkerVerb::Subtasks {}).await?.reply().await? else {
        return Err(unexpected().into());
    };
    if json {
        output::document(&serde_json::json!({ "subtasks": seen }))?;
        return Ok(0);
    }
    for subtask in seen {
        let line = format!("{}  {}  {}: {}", subtask.task, subtask.state, subtask.title, subtask.outcome);
        output::line(&render::clean(&line))?;
    }
    Ok(0)
}

fn done(json: bool, document: serde_json::Value) -> End {
    if json {
        output::document(&document)?;
    }
    Ok(0)
}
