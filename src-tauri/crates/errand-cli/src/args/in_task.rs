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
    /// In a task: be started again later
    Wake(Wake),
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
#[command(group = ArgGroup::new("when").required(true).args(["after", "at"]))]
pub struct Wake {
    /// So long from now: 90s, 5m or 1h30m
    #[arg(long, value_name = "DURATION", value_parser = parse::millis)]
    pub after: Option<u64>,
    /// At that time: 08:00, +2h or 2026-11-30T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = parse::moment)]
    pub at: Option<Timestamp>,
    /// Why, for the person
    #[arg(long)]
    pub why: String,
    /// What it is told then
    #[arg(long, value_name = "TEXT")]
    pub follow_up: Option<String>,
}
