use errand_wire::{Event, LogLine, LogStream, SubjectKind, TimelineRow};

use super::time::{Now, absolute};
use super::{ALARM, Look, QUIET, STRONG, clean, clip_to, paint};

/// `12:06:40  queued → running  a slot was free`.
pub fn row(row: &TimelineRow, look: Look, now: &Now) -> String {
    let time = absolute(row.at, now);
    let line = format!("{time}  {}  {}", change(row), row.reason.text);
    let line = clip_to(clean(&line).trim_end(), look);
    // Coloured after the cut: only a time that is whole is dimmed.
    match line.strip_prefix(&time) {
        Some(rest) => format!("{}{rest}", paint(look, QUIET, &time)),
        None => line,
    }
}

fn change(row: &TimelineRow) -> String {
    let (from, to) = (row.from.replace('_', " "), row.to.replace('_', " "));
    // What changed nothing but is worth a line stands with the state alone.
    let step = if from.is_empty() || from == to { to } else { format!("{from} → {to}") };
    match row.subject {
        SubjectKind::Task => step,
        // Its id is a number of 32 digits that nobody types.
        SubjectKind::Run => format!("run: {step}"),
        SubjectKind::Question => format!("question {}: {step}", row.subject_id),
        SubjectKind::Delivery => format!("notification {}: {step}", row.subject_id),
        SubjectKind::Settings => format!("setting {}: {step}", row.subject_id),
    }
}

/// What `errand watch` shows of an event; some are of interest to programs only.
pub fn event(event: &Event, look: Look, now: &Now) -> Option<String> {
    match event {
        Event::Changed { change } => {
            let task = change.task.as_ref().map_or("—", |task| task.as_str());
            let wide = Look {
                width: look.width.map(|width| width.saturating_sub(super::columns(task) + 2)),
                ..look
            };
            Some(format!("{}  {}", paint(look, STRONG, task), row(change, wide, now)))
        }
        Event::Gap { .. } => {
            Some("Some changes in between are no longer kept; `errand list` shows how things stand.".into())
        }
        Event::Quitting => Some("The engine is leaving.".into()),
        Event::UpToDate { .. } | Event::Log { .. } | Event::LogEnd | Event::Open { .. } => None,
    }
}

/// A line of a task's output. Never cut: it is what the person came for.
pub fn log_line(line: &LogLine, look: Look) -> String {
    let text = super::output_for(&line.text, look);
    let text = text.trim_end_matches('\n');
    match line.stream {
        LogStream::Out => text.to_owned(),
        LogStream::Err => paint(look, ALARM, text),
        LogStream::Note => paint(look, QUIET, &format!("[{text}]")),
        LogStream::Aside => paint(look, QUIET, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::card::samples::{change as sample, now};
    use errand_base::Timestamp;

    #[test]
    fn rows_say_when_what_and_why() {
        let now = now();
        let first = sample("", "queued", "handed over");
        let mut second = sample("open", "answered", "you chose “keep”");
        second.subject = SubjectKind::Question;
        second.subject_id = "q1".into();
        let lines = [row(&first, Look::PLAIN, &now), row(&second, Look::PLAIN, &now)];
        assert_eq!(
            lines,
            ["11:58:00  queued  handed over", "11:58:00  question q1: open → answered  you chose “keep”"]
        );
        let mut third = sample("ending", "over", "exit code 0");
        third.subject = SubjectKind::Run;
        third.subject_id = "cc1e7784e8844bf48302b39db62ada7a".into();
        assert_eq!(row(&third, Look::PLAIN, &now), "11:58:00  run: ending → over  exit code 0");
        let narrow = Look { colour: true, width: Some(20) };
        assert!(row(&second, narrow, &now).ends_with("  question…"), "{}", row(&second, narrow, &now));
        let watched = event(&Event::Changed { change: first }, Look::PLAIN, &now);
        assert_eq!(watched.unwrap(), "bold-falcon-427  11:58:00  queued  handed over");
        assert_eq!(event(&Event::UpToDate { cursor: 1 }, Look::PLAIN, &now), None);
    }

    #[test]
    fn output_is_shown_without_its_commands_to_the_terminal() {
        let line = |stream| LogLine {
            seq: 1,
            run: 1,
            stream,
            at: Timestamp::default(),
            text: "a\u{1b}[2Jb\n".into(),
        };
        let terminal = Look { colour: false, width: Some(80) };
        assert_eq!(log_line(&line(LogStream::Out), terminal), "a[2Jb");
        assert_eq!(log_line(&line(LogStream::Note), terminal), "[a[2Jb]");
        assert_eq!(log_line(&line(LogStream::Out), Look::PLAIN), "a\u{1b}[2Jb");
    }
}
