//! What the programs of a task can type.

use clap::{ArgGroup, Args, Subcommand};
use errand_base::Timestamp;

use crate::parse;

/// The verbs of a task's own programs.
#[derive(Debug, Subcommand)]
pub enum InTask {
    /// In a task: ask its person and print the answer
    Ask(Ask),
    /// In a task: say how far it is
    Progress(Progress),
    /// In a task: say what it is about to do outside, or has done
    Effect(Effect),
    /// In a task: hand over the result
    Finish(Finish),
    /// In a task: be started again later, or when its sub-tasks have ended
    Wake(Wake),
    /// In a task: hand part of the work on
    Subtask(Subtask),
}

#[derive(Debug, Args)]
pub struct Ask {
    #[arg(required = true)]
    pub question: Vec<String>,
    /// An answer to choose from; may be repeated
    #[arg(long = "option", value_name = "OPTION")]
    pub options: Vec<String>,
    /// Take any other answer as well
    #[arg(long, requires = "options")]
    pub other: bool,
    /// One of several things to ask at once: NAME, NAME:integer, NAME:number or NAME:flag, with =LABEL after it; may be
    /// repeated, and the answer then is a JSON object
    #[arg(long = "field", value_name = "FIELD", conflicts_with = "options")]
    pub fields: Vec<String>,
    /// Something to ask that is neither shown nor kept: NAME, or NAME=LABEL; may be repeated
    #[arg(long = "secret", value_name = "NAME", conflicts_with = "options")]
    pub secrets: Vec<String>,
    /// A form in JSON schema, in place of fields; `-` reads it from standard input
    #[arg(long, value_name = "JSON", conflicts_with_all = ["options", "fields", "secrets"])]
    pub schema: Option<String>,
    /// Take the question back after this time and exit with 7
    #[arg(long, value_name = "DURATION", value_parser = parse::millis)]
    pub timeout: Option<u64>,
}

#[derive(Debug, Args)]
pub struct Progress {
    /// What it does now
    #[arg(required = true)]
    pub note: Vec<String>,
    #[arg(long, value_name = "0-100", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub percent: Option<u8>,
}

#[derive(Debug, Args)]
pub struct Effect {
    #[arg(required = true)]
    pub what: Vec<String>,
    /// It has been done
    #[arg(long)]
    pub done: bool,
}

#[derive(Debug, Args)]
pub struct Finish {
    /// The report; `-` reads it from standard input
    #[arg(required = true)]
    pub report: Vec<String>,
    /// One line for lists and notifications [default: the first of the report]
    #[arg(long)]
    pub summary: Option<String>,
    /// The person wants to hear of it now
    #[arg(long, conflicts_with = "quiet")]
    pub notify: bool,
    /// It can wait until they look
    #[arg(long)]
    pub quiet: bool,
    /// Something that was checked and is so; may be repeated
    #[arg(long, value_name = "WHAT")]
    pub met: Vec<String>,
    /// Something that was checked and is not so; may be repeated
    #[arg(long, value_name = "WHAT")]
    pub unmet: Vec<String>,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("when").required(true).multiple(true).args(["after", "at", "when_subtasks_end"]))]
pub struct Wake {
    /// So long from now: 90s, 5m or 1h30m
    #[arg(long, value_name = "DURATION", value_parser = parse::millis)]
    pub after: Option<u64>,
    /// At that time: 08:00, +2h or 2026-11-30T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = parse::moment, conflicts_with = "after")]
    pub at: Option<Timestamp>,
    /// As soon as its sub-tasks have ended; a time beside it is the latest moment
    #[arg(long)]
    pub when_subtasks_end: bool,
    /// Why, for the person
    #[arg(long, required_unless_present = "when_subtasks_end")]
    pub why: Option<String>,
    /// What it is told then
    #[arg(long, value_name = "TEXT")]
    pub follow_up: Option<String>,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("look").args(["list", "cancel"])
    .conflicts_with_all(["brief", "program", "title", "cwd", "key", "labels"]))]
pub struct Subtask {
    /// What it is to do; `-` reads it from standard input
    #[arg(value_name = "BRIEF")]
    pub brief: Vec<String>,
    /// What to call it in lists
    #[arg(long)]
    pub title: Option<String>,
    /// The folder to work in, inside that of this task [default: that of this task]
    #[arg(long, value_name = "FOLDER")]
    pub cwd: Option<String>,
    /// The same key and the same work again is the same sub-task
    #[arg(long)]
    pub key: Option<String>,
    /// A word to find it by; may be repeated
    #[arg(long = "label", value_name = "LABEL")]
    pub labels: Vec<String>,
    /// Print what became of the sub-tasks so far
    #[arg(long)]
    pub list: bool,
    /// Cancel a sub-task, by its id or its key
    #[arg(long, value_name = "SUBTASK")]
    pub cancel: Option<String>,
    /// The program that works on it, with its arguments [default: that of this task]
    #[arg(last = true, value_name = "PROGRAM")]
    pub program: Vec<String>,
}
