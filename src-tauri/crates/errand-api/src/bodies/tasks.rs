use std::path::PathBuf;

use errand_base::{Code, Fault, TaskId};
use errand_engine::plain_text;
use errand_engine::settings::PAUSED;
use errand_model::State;
use errand_store::{Filter, LogStart, Resolved, Stream, Subtasks};
use errand_wire::{
    ListTasks, LogLine, LogPage, LogStream, ReadLog, TaskList, TaskRef, TaskRow, TaskView, Timeline,
    TimelineRow, command,
};

use super::approvals;
use super::below::Below;
use super::view::{self, Now, Whole};
use crate::router::{Api, Body};

const PAGE: u32 = 50;
const LARGEST_PAGE: u32 = 1_000;
const LOG_PAGE: u32 = 200;

impl Body for command::List {
    async fn run(api: &Api, params: ListTasks) -> Result<TaskList, Fault> {
        let before_seq = match params.cursor.as_deref() {
            Some(cursor) => Some(cursor.parse().map_err(|_| {
                Fault::new(Code::BadUsage, format!("“{cursor}” is not a cursor."))
                    .hint("Use `next` of the page before.")
            })?),
            None => None,
        };
        let limit = params.limit.unwrap_or(PAGE).clamp(1, LARGEST_PAGE);
        let search = params.search.filter(|words| !words.trim().is_empty());
        let subtasks = match &params.parent {
            Some(name) => Subtasks::Of(seq_of(api, name).await?),
            // Whoever looks for words wants them wherever they stand.
            None if params.all || search.is_some() => Subtasks::Shown,
            None => Subtasks::Hidden,
        };
        let filter = Filter {
            states: params.states.into_iter().map(Into::into).collect(),
            label: params.label,
            folder: params.folder.map(PathBuf::from),
            search,
            archived: params.archived,
            subtasks,
            limit,
            before_seq,
            ..Filter::default()
        };
        if filter.search.is_some() {
            api.store.indexed().await;
        }
        let (rows, paused) = read_list(api, filter).await?;
        // A full page may have a next one; a page that is not full has none.
        let more = rows.len() == limit as usize;
        let next = rows.last().filter(|_| more).map(|row| row.seq.to_string());
        Ok(TaskList { tasks: rows.into_iter().map(|row| view::row(row, paused)).collect(), next })
    }
}

impl Body for command::Show {
    async fn run(api: &Api, params: TaskRef) -> Result<TaskView, Fault> {
        let id = resolve(api, &params.task).await?;
        view(api, &id).await
    }
}

impl Body for command::History {
    async fn run(api: &Api, params: TaskRef) -> Result<Timeline, Fault> {
        let id = resolve(api, &params.task).await?;
        let changes = api.store.read(move |reader| {
            reader.tasks().seq(&id)?.map_or(Ok(Vec::new()), |seq| reader.transitions().of_task(seq))
        });
        let changes = changes.await?;
        Ok(Timeline { rows: changes.into_iter().map(view::timeline_row).collect() })
    }
}

impl Body for command::Log {
    async fn run(api: &Api, params: ReadLog) -> Result<LogPage, Fault> {
        let id = resolve(api, &params.task).await?;
        let limit = params.limit.unwrap_or(LOG_PAGE).clamp(1, 5_000);
        log_lines(api, &id, params.from, limit).await
    }
}

/// Lines from a sequence number on, or the last ones.
pub(crate) async fn log_lines(
    api: &Api,
    id: &TaskId,
    from: Option<u64>,
    limit: u32,
) -> Result<LogPage, Fault> {
    let start = from.map_or(LogStart::Tail, LogStart::From);
    let slice = api.store.logs().read(id, start, limit).await?;
    let redactor = api.engine.credentials().redactor();
    let mut lines = Vec::with_capacity(slice.lines.len());
    for line in slice.lines {
        if line.left_out_before > 0 {
            lines.push(LogLine {
                seq: line.seq.saturating_sub(1),
                run: line.run,
                stream: LogStream::Note,
                at: line.at,
                text: format!("… {} left out", say_bytes(line.left_out_before)),
            });
        }
        // Escapes between its letters may have kept a value from being found when it was printed.
        let text = plain_text(&line.bytes);
        let text = redactor.redact(&text);
        lines.push(LogLine {
            seq: line.seq,
            run: line.run,
            stream: match line.stream {
                Stream::Out => LogStream::Out,
                Stream::Err => LogStream::Err,
                Stream::Note => LogStream::Note,
                Stream::Aside => LogStream::Aside,
            },
            at: line.at,
            text: text.trim_end_matches('\n').to_owned(),
        });
    }
    Ok(LogPage { lines, next: slice.next, left_out: slice.left_out })
}

async fn seq_of(api: &Api, name: &str) -> Result<i64, Fault> {
    let id = resolve(api, name).await?;
    let wanted = id.clone();
    let seq = api.store.read(move |reader| reader.tasks().seq(&wanted)).await?;
    seq.ok_or_else(|| Fault::new(Code::TaskNotFound, format!("There is no task {id}.")))
}

/// The task that is meant by an id or the beginning of one.
pub(crate) async fn resolve(api: &Api, typed: &str) -> Result<TaskId, Fault> {
    let name =
        TaskId::normalise(typed).map_err(|error| Fault::new(Code::TaskNotFound, format!("{error}.")))?;
    let wanted = name.clone();
    match api.store.read(move |reader| reader.tasks().resolve(&wanted)).await? {
        Resolved::One(id) => Ok(id),
        Resolved::None => Err(Fault::new(Code::TaskNotFound, format!("There is no task “{name}”."))),
        Resolved::Many(ids) => {
            let list: Vec<&str> = ids.iter().take(8).map(TaskId::as_str).collect();
            let text = format!("“{name}” could be {}.", list.join(", "));
            Err(Fault::new(Code::Ambiguous, text))
        }
    }
}

pub(crate) async fn is_final(api: &Api, id: &TaskId) -> Result<bool, Fault> {
    let id = id.clone();
    let state = api.store.read(move |reader| reader.tasks().state(&id)).await?;
    Ok(state.is_none_or(State::is_final))
}

pub(crate) async fn rows_after(api: &Api, cursor: i64, limit: u32) -> Result<Vec<TimelineRow>, Fault> {
    let changes = api.store.read(move |reader| reader.transitions().after(cursor, limit)).await?;
    Ok(changes.into_iter().map(view::timeline_row).collect())
}

pub(super) async fn view(api: &Api, id: &TaskId) -> Result<TaskView, Fault> {
    let wanted = id.clone();
    let whole = api
        .store
        .read(move |reader| {
            let Some(stored) = reader.tasks().load(&wanted)? else { return Ok(None) };
            let seq = stored.seq;
            let questions = reader.questions().of_task(seq)?;
            let below = Below::of(reader, &stored.task, seq)?;
            Ok(Some(Whole {
                run: reader.runs().latest(seq)?,
                alike: approvals::alike(reader, questions.iter().chain(below.rows()))?,
                questions,
                below,
                artifact: reader.artifacts().latest(seq)?,
                deliveries: reader.deliveries().of_task(seq)?,
                paused: reader.settings().get(PAUSED)?.as_deref() == Some("true"),
                stored,
            }))
        })
        .await?;
    let whole = whole.ok_or_else(|| Fault::new(Code::TaskNotFound, format!("There is no task {id}.")))?;
    let state = whole.stored.task.state;
    let why = match state {
        State::Queued => api.engine.why(id).await,
        State::Waiting | State::RateLimited | State::Sleeping => Some(whole.stored.task.reason_text.clone()),
        State::Running
        | State::NeedsYou
        | State::Completed
        | State::Failed
        | State::TimedOut
        | State::Cancelled
        | State::Unknown => None,
    };
    let live = api.engine.run_of(id).await;
    let now = Now {
        at: api.clock.now(),
        live: live.as_deref(),
        why,
        telling: api.engine.outbox().telling(),
        folders: api.engine.folders(),
    };
    Ok(view::task(whole, now))
}

/// The newest tasks in these states.
pub(super) async fn list(api: &Api, states: Vec<State>, limit: u32) -> Result<Vec<TaskRow>, Fault> {
    let (rows, paused) = read_list(api, Filter { states, limit, ..Filter::default() }).await?;
    Ok(rows.into_iter().map(|row| view::row(row, paused)).collect())
}

async fn read_list(api: &Api, filter: Filter) -> Result<(Vec<errand_store::Row>, bool), Fault> {
    let read = move |reader: &errand_store::Reader<'_>| {
        let paused = reader.settings().get(PAUSED)?.as_deref() == Some("true");
        Ok((reader.tasks().list(&filter)?, paused))
    };
    Ok(api.store.read(read).await?)
}

fn say_bytes(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} KB", bytes / 1_000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}
