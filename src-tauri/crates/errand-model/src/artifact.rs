use std::time::Duration;

use errand_base::say_duration;
use serde::{Deserialize, Serialize};

use crate::{Check, Death, Exit, Finish, StartError};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Shown line by line, as a terminal would.
    Text,
    Markdown,
}

/// What a run hands over. A death has one too, so that every ended task says something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    pub report: String,
    pub format: Format,
    /// One line for lists and notifications.
    pub outcome: String,
    pub notify: bool,
    /// What was checked, and whether it was met. One that was not makes the result one "with gaps".
    #[serde(default)]
    pub verification: Vec<Check>,
}

/// The end of what a program printed, already free of terminal escapes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tail {
    pub output: String,
    pub errors: String,
    /// Bytes of standard output that came before `output` and stand in the log only.
    pub left_out: u64,
}

impl Artifact {
    pub(crate) fn completed(tail: &Tail, notify: bool) -> Artifact {
        let mut report = tail.output.trim_end().to_owned();
        if tail.left_out > 0 {
            report = format!("… {} left out; `errand log` has more\n{report}", say_bytes(tail.left_out));
        }
        let outcome = shorten(last_line(&tail.output).unwrap_or("Done, nothing printed"));
        Artifact { report, format: Format::Text, outcome, notify, verification: Vec::new() }
    }

    pub fn with_gaps(&self) -> bool {
        self.verification.iter().any(|check| !check.met)
    }

    /// What a worker handed over itself.
    pub(crate) fn finished(finish: &Finish, notify: bool) -> Artifact {
        let summary = finish.summary.as_deref().and_then(first_line);
        let outcome = summary.or(first_line(&finish.report)).unwrap_or("Done, nothing to report");
        Artifact {
            report: finish.report.trim_end().to_owned(),
            format: Format::Markdown,
            outcome: shorten(outcome.trim_start_matches('#').trim_start()),
            notify,
            verification: finish.verification.clone(),
        }
    }

    /// A worker that takes turns came to a bad end.
    pub(crate) fn turn_failed(happened: &str, said: &str, next: &str, tail: &Tail) -> Artifact {
        let end = BadEnd {
            happened,
            known: match said.trim() {
                "" => "What its turns did until then stays done.",
                said => said,
            },
            unknown: "How much of its work is left.",
            next,
        };
        end.artifact(tail, happened.trim_end_matches('.'))
    }

    pub(crate) fn exited(exit: Exit, tail: &Tail) -> Artifact {
        let happened = say_exit(exit);
        let outcome = match last_line(&tail.errors).or(last_line(&tail.output)) {
            Some(line) => format!("{happened}: {line}"),
            None => happened.clone(),
        };
        let end = BadEnd {
            happened: &format!("The program {}.", lower_first(&happened)),
            known: "It ended by itself; what it did until then stays done.",
            unknown: "How much of its work it had finished.",
            next: "Look at the output; `errand retry` runs it again.",
        };
        end.artifact(tail, &outcome)
    }

    /// It ended as if all were well, and what was to hold then does not.
    pub(crate) fn not_believed(happened: &str, tail: &Tail) -> Artifact {
        let end = BadEnd {
            happened: &format!("{happened}."),
            known: "What it did stays done. What was checked stands below.",
            unknown: "What is missing for the checks to pass.",
            next: "Look at the checks; `errand retry` runs it again.",
        };
        end.artifact(tail, happened)
    }

    pub(crate) fn not_started(error: &StartError) -> Artifact {
        let (happened, next) = match error {
            StartError::ProgramMissing => (
                "The program was not found.".to_owned(),
                "Check the spelling or install it, then `errand retry`.",
            ),
            StartError::FolderMissing => (
                "The folder it should run in does not exist any more.".to_owned(),
                "Make the folder again, then `errand retry`.",
            ),
            StartError::Preflight(words) => (
                format!("What it needs before it can start is not there: {words}."),
                "Mend that, then `errand retry`.",
            ),
            StartError::BeforeRun(words) => (
                format!("It could not be prepared: {words}."),
                "Look at the output, mend that, then `errand retry`.",
            ),
            StartError::Credential(words) => {
                (words.trim_end_matches('.').to_owned() + ".", "Mend that, then `errand retry`.")
            }
            StartError::Other(words) => {
                (format!("The program could not be started: {words}."), "Mend that, then `errand retry`.")
            }
        };
        let prepared = matches!(error, StartError::BeforeRun(_));
        let end = BadEnd {
            happened: &happened,
            known: if prepared {
                "The program itself never ran. What was done before it stays done."
            } else {
                "It never ran, so nothing was done."
            },
            unknown: if prepared { "How far that came." } else { "Nothing." },
            next,
        };
        end.artifact(&Tail::default(), happened.lines().next().unwrap_or_default().trim_end_matches('.'))
    }

    pub(crate) fn timed_out(limit: Duration, tail: &Tail) -> Artifact {
        let limit = say_duration(limit);
        let end = BadEnd {
            happened: &format!("It was ended at its time limit of {limit}."),
            known: "What it did until then stays done.",
            unknown: "How much of its work was left.",
            next: "Give it more time with `errand set --timeout`, then `errand retry`.",
        };
        end.artifact(tail, &format!("Ended at its time limit of {limit}"))
    }

    /// `doubts`: what it was about to do outside and may have done.
    pub(crate) fn lost(cause: Death, tail: &Tail, doubts: &str) -> Artifact {
        let (happened, outcome) = match cause {
            Death::EngineDied => (
                "Errand or the machine went down while it ran, and the program was ended.",
                "Interrupted: Errand or the machine went down",
            ),
            Death::EngineStopped => (
                "Errand had to leave at once while it ran, and the program was ended.",
                "Interrupted: Errand had to leave",
            ),
            Death::SupervisorDied => (
                "The process that watched over it was killed, and the program was ended.",
                "Interrupted: its supervisor was killed",
            ),
        };
        let end = BadEnd {
            happened,
            known: "None of its processes is left. What it printed last stands below, if it printed anything.",
            unknown: &match doubts {
                "" => "How far it came. All, some or none of its work may be done.".to_owned(),
                doubts => {
                    format!("How far it came. It was about to do this, and may have done it: {doubts}.")
                }
            },
            next: "Check what it has done. Errand does not run it again by itself; `errand retry` does.",
        };
        end.artifact(tail, outcome)
    }
}

/// The four parts of every bad ending.
struct BadEnd<'a> {
    happened: &'a str,
    known: &'a str,
    unknown: &'a str,
    next: &'a str,
}

impl BadEnd<'_> {
    fn artifact(&self, tail: &Tail, outcome: &str) -> Artifact {
        let BadEnd { happened, known, unknown, next } = self;
        let mut report = format!(
            "**What happened.** {happened}\n\n**What is known.** {known}\n\n\
             **What is not known.** {unknown}\n\n**What to do.** {next}\n"
        );
        for (name, text) in [("errors", &tail.errors), ("output", &tail.output)] {
            let text = text.trim_end();
            if !text.is_empty() {
                let fence = fence_for(text);
                report.push_str(&format!("\n**Last {name}**\n\n{fence}text\n{text}\n{fence}\n"));
            }
        }
        Artifact {
            report,
            format: Format::Markdown,
            outcome: shorten(outcome),
            notify: true,
            verification: Vec::new(),
        }
    }
}

/// A fence longer than any run of backticks inside, so that output cannot close it.
pub fn fence_for(text: &str) -> String {
    let mut longest = 0;
    let mut current = 0;
    for c in text.chars() {
        current = if c == '`' { current + 1 } else { 0 };
        longest = longest.max(current);
    }
    "`".repeat((longest + 1).max(3))
}

pub(crate) fn say_exit(exit: Exit) -> String {
    match exit {
        Exit::Code(code) => format!("Ended with exit code {code}"),
        Exit::Signal(signal) => match signal_name(signal) {
            Some(name) => format!("Was ended by {name}"),
            None => format!("Was ended by signal {signal}"),
        },
    }
}

fn signal_name(signal: i32) -> Option<&'static str> {
    Some(match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        15 => "SIGTERM",
        24 => "SIGXCPU",
        25 => "SIGXFSZ",
        _ => return None,
    })
}

fn first_line(text: &str) -> Option<&str> {
    text.lines().map(str::trim).find(|line| !line.is_empty())
}

fn last_line(text: &str) -> Option<&str> {
    text.lines().map(str::trim).rfind(|line| !line.is_empty())
}

fn shorten(line: &str) -> String {
    const MOST: usize = 200;
    if line.chars().count() <= MOST {
        return line.to_owned();
    }
    let cut: String = line.chars().take(MOST - 1).collect();
    format!("{cut}…")
}

pub(crate) fn upper_first(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// `512 B`, `40 KB`, `284 MB`
pub(crate) fn say_bytes(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} KB", bytes / 1_000),
        1_000_000..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{}.{} GB", bytes / 1_000_000_000, bytes / 100_000_000 % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_cannot_break_out_of_its_fence() {
        let tail = Tail { output: "```\n# forged".into(), ..Tail::default() };
        let report = Artifact::exited(Exit::Code(3), &tail).report;
        assert!(report.contains("````text\n```\n# forged\n````"), "{report}");
    }

    #[test]
    fn the_outcome_is_one_line_and_names_the_cause() {
        let tail = Tail { errors: "warming up\nno such host\n\n".into(), ..Tail::default() };
        assert_eq!(Artifact::exited(Exit::Code(2), &tail).outcome, "Ended with exit code 2: no such host");
        assert_eq!(Artifact::completed(&Tail::default(), true).outcome, "Done, nothing printed");
        let flood = Tail { output: "x".repeat(100_000), ..Tail::default() };
        assert_eq!(Artifact::completed(&flood, true).outcome.chars().count(), 200);
    }

    #[test]
    fn what_was_left_out_is_said() {
        let tail = Tail { output: "end\n".into(), left_out: 284_000_000, ..Tail::default() };
        assert!(Artifact::completed(&tail, true).report.starts_with("… 284 MB left out"));
    }
}
