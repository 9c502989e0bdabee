use std::time::Duration;

use errand_base::{Fault, TaskId, Timestamp, say_duration};
use errand_engine::settings::Attention;
use errand_engine::{KeychainReport, Telling};
use errand_os::KeychainState;
use errand_wire::{DoctorReport, DoctorRow, Empty, command};

use super::sleep;
use crate::doctor::{note, ok, problem};
use crate::isolation;
use crate::router::{Api, Body};

impl Body for command::Doctor {
    async fn run(api: &Api, _params: Empty) -> Result<DoctorReport, Fault> {
        let counts = api.engine.counts().await?;
        let status = api.store.status();
        let text = format!(
            "Errand {}, process {}, {} running, {} queued, {} slots",
            api.version,
            std::process::id(),
            counts.running,
            counts.queued,
            counts.slots
        );
        let mut rows = vec![ok("engine", text)];
        rows.push(if status.full {
            problem("disk", "The disk is full; new work is refused, results are kept.", "Free some space.")
        } else if status.ballast {
            ok("disk", "There is space, and 8 MiB are kept back for results.")
        } else {
            note("disk", "The space kept back for results could not be reserved.")
        });
        if status.log_bytes_dropped > 0 {
            let text =
                format!("{} bytes of output could not be written to the log.", status.log_bytes_dropped);
            rows.push(note("log", text));
        }
        rows.extend(ownerless(api).await?);
        rows.push(match api.engine.outbox().telling() {
            Telling::Ready { service } => ok("notifications", format!("Shown by {service}.")),
            Telling::NoService { why } => DoctorRow {
                hint: Some("Results wait and stay in `errand list` until there is one.".to_owned()),
                ..note("notifications", format!("No notification service: {why}."))
            },
        });
        rows.push(sleep::row(&counts, api.engine.power(), api.clock.now()));
        rows.push(keychain(api).await);
        rows.extend(waiting(api).await?);
        rows.extend(held_back(api).await?);
        let redactor = api.engine.credentials().redactor();
        for row in &mut rows {
            row.text = redactor.redact(&row.text).into_owned();
        }
        Ok(DoctorReport { rows, isolation: isolation::report().await? })
    }
}

async fn keychain(api: &Api) -> DoctorRow {
    let KeychainReport { state, text, hint } = api.engine.credentials().keychain().await;
    let text = format!("{}: {text}", state.name());
    match state {
        KeychainState::Present => ok("keychain", text),
        // Most tasks need none, so it is no problem by itself.
        KeychainState::Locked | KeychainState::Absent | KeychainState::Denied => {
            DoctorRow { hint, ..note("keychain", text) }
        }
    }
}

/// More names say nothing more.
const NAMED: usize = 5;

/// Tasks that stand still until their person says something.
async fn waiting(api: &Api) -> Result<Option<DoctorRow>, Fault> {
    let now = api.clock.now();
    let read = api.store.read(|reader| {
        let mut waiting: Vec<(i64, TaskId, Timestamp)> = Vec::new();
        for question in reader.questions().open()? {
            let known = waiting.last().is_some_and(|(seq, ..)| *seq == question.task);
            if let Some(task) = reader.tasks().by_seq(question.task)?.filter(|_| !known) {
                waiting.push((question.task, task.task.id, question.asked_at));
            }
        }
        Ok(waiting)
    });
    let mut waiting = read.await?;
    waiting.sort_by_key(|(.., asked_at)| *asked_at);
    let since = |asked_at| say_duration(Duration::from_secs(now.since(asked_at).as_secs().max(1)));
    let mut named: Vec<String> =
        waiting.iter().take(NAMED).map(|(_, id, at)| format!("{id} for {}", since(*at))).collect();
    match waiting.len() {
        0 => return Ok(None),
        more if more > NAMED => named.push(format!("{} more", more - NAMED)),
        _ => {}
    }
    let hint = Some("`errand show TASK` has the question.".to_owned());
    Ok(Some(DoctorRow { hint, ..note("waits for you", format!("{}.", named.join(", "))) }))
}

/// What waits on purpose. Somebody who has muted everything last week may wonder.
async fn held_back(api: &Api) -> Result<Option<DoctorRow>, Fault> {
    let now = api.clock.now();
    let (held, settings) = api
        .store
        .read(|reader| {
            let due = reader.deliveries().due()?;
            Ok((due.iter().filter(|row| row.until.is_some()).count(), reader.settings().all()?))
        })
        .await?;
    let muted = Attention::from_kept(&settings).gate.muted_until.filter(|until| now < *until);
    let text = match (held, muted) {
        (0, None) => return Ok(None),
        (held, None) => format!("{held} wait for the end of quiet hours or the next digest."),
        (held, Some(until)) => format!("Muted until {until}; {held} wait."),
    };
    let hint = Some("`errand deliveries` shows which and why.".to_owned());
    Ok(Some(DoctorRow { hint, ..note("held back", text) }))
}

/// Folders of tasks that the database does not know, after a restore for example. Only their person can say whether
/// something in them is still wanted.
async fn ownerless(api: &Api) -> Result<Option<DoctorRow>, Fault> {
    let folders = api.engine.folders().all().unwrap_or_default();
    let known = api.store.read(move |reader| {
        let mut ownerless = 0;
        for task in &folders {
            ownerless += u32::from(reader.tasks().seq(task)?.is_none());
        }
        Ok(ownerless)
    });
    let what = match known.await? {
        0 => return Ok(None),
        1 => "1 folder belongs".to_owned(),
        more => format!("{more} folders belong"),
    };
    Ok(Some(DoctorRow {
        hint: Some("Look into them; what you do not need can be removed.".to_owned()),
        ..note("folders", format!("{what} to no task, in {}.", api.home.work().display()))
    }))
}
