//! Commands about the folder as a whole.

use std::path::Path;

use errand_base::Code;
use errand_wire::{BackupDone, BackupTo, DoctorReport, DoctorRow, Empty, IsolationReport, command};
use serde_json::json;

use crate::args::{Backup, Doctor};
use crate::output::{self, End};
use crate::render::{ALARM, GOOD, Look, QUIET, clean, isolation, paint};
use crate::session::{Session, ask, find};
use crate::{engine, parse};

pub async fn backup(session: &Session, typed: Backup) -> End {
    let params = BackupTo { file: parse::absolute(&typed.file)? };
    let client = session.connect().await?;
    let (raw, done) = ask::<command::Backup>(&client, params).await?;
    if session.json {
        output::document(&raw)?
    } else {
        output::line(&counted("Wrote", "to", &done))?
    }
    Ok(0)
}

/// Works on the folder itself: the engine must not run.
pub fn restore(session: &Session, typed: &Backup) -> End {
    let file = parse::absolute(&typed.file)?;
    let done = engine::restore(&session.home, Path::new(&file))?;
    if session.json {
        output::document(&done)?
    } else {
        output::line(&counted("Restored", "from", &done))?
    }
    Ok(0)
}

fn counted(verb: &str, whither: &str, done: &BackupDone) -> String {
    let tasks = if done.tasks == 1 { "1 task".to_owned() } else { format!("{} tasks", done.tasks) };
    format!("{verb} {tasks} ({}) {whither} {}", size(done.bytes), clean(&done.file))
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} bytes"),
        1_024..1_048_576 => format!("{} KiB", bytes / 1_024),
        _ => format!("{}.{} MiB", bytes / 1_048_576, bytes % 1_048_576 * 10 / 1_048_576),
    }
}

pub async fn doctor(session: &Session, typed: &Doctor) -> End {
    if typed.failpoints {
        let names = engine::failpoints();
        if session.json {
            output::document(&json!({ "failpoints": names }))?;
        } else {
            output::text(&names.iter().map(|name| format!("{name}\n")).collect::<String>())?;
        }
        return Ok(0);
    }
    let mut rows = engine::doctor_local(&session.home);
    let (of_engine, isolation) = engine_rows(session).await;
    rows.extend(of_engine);
    // Programs are started by the engine; what it can do counts, and only without one what we could.
    let isolation = match isolation {
        Some(isolation) => isolation,
        None => engine::isolation().await?,
    };
    let report = DoctorReport { rows, isolation };
    if session.json {
        output::document(&report)?;
    } else {
        let look = output::look();
        output::text(&report.rows.iter().map(|row| said(row, look)).collect::<String>())?;
        output::text(&isolation::report(&report.isolation, look))?;
    }
    Ok(0)
}

/// No engine is nothing to worry about; one that cannot be talked to is.
async fn engine_rows(session: &Session) -> (Vec<DoctorRow>, Option<IsolationReport>) {
    let row = |verdict: &str, text: String, hint: &str| DoctorRow {
        name: "engine".into(),
        verdict: verdict.into(),
        text,
        hint: Some(hint.to_owned()).filter(|hint| !hint.is_empty()),
    };
    let asked = match find(&session.home).await {
        Ok(None) => {
            let rows = vec![row("note", "It is not running.".into(), Code::EngineUnreachable.hint())];
            return (rows, None);
        }
        Ok(Some(client)) => {
            session.introduce(&client);
            client.call::<command::Doctor>(Empty {}).await
        }
        Err(fault) => Err(fault),
    };
    match asked {
        Ok(report) => (report.rows, Some(report.isolation)),
        Err(fault) => (vec![row("problem", fault.message, &fault.hint)], None),
    }
}

fn said(row: &DoctorRow, look: Look) -> String {
    let (sign, style) = match row.verdict.as_str() {
        "ok" => ("✓", GOOD),
        "problem" => ("✗", ALARM),
        _ => ("·", QUIET),
    };
    let hint = row.hint.as_ref().map(|hint| format!("    {}\n", paint(look, QUIET, &clean(hint))));
    format!(
        "{} {}: {}\n{}",
        paint(look, style, sign),
        clean(&row.name),
        clean(&row.text),
        hint.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_counts_are_said_plainly() {
        assert_eq!([0, 2_048, 1_600_000].map(size), ["0 bytes", "2 KiB", "1.5 MiB"]);
        let done = BackupDone { file: "/b/x.db".into(), bytes: 4_096, tasks: 1 };
        assert_eq!(counted("Wrote", "to", &done), "Wrote 1 task (4 KiB) to /b/x.db");
    }

    #[test]
    fn a_finding_has_a_sign_and_its_next_step() {
        let row = DoctorRow {
            name: "disk".into(),
            verdict: "problem".into(),
            text: "Full.".into(),
            hint: Some("Free some.".into()),
        };
        assert_eq!(said(&row, Look::PLAIN), "✗ disk: Full.\n    Free some.\n");
    }
}
