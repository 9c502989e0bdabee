//! What can be typed. The texts here are the help a person reads.

mod decide;
mod in_task;

use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand};
use errand_base::Timestamp;
use errand_wire::{AskMode, Network, Notify, Priority, Security, TaskState, Unattended, Workspace};

use crate::parse;
pub use decide::{Decide, Grants};
pub use in_task::{Ask, Effect, Finish, InTask, Progress, Subtask, Wake};

#[derive(Debug, Parser)]
#[command(
    name = "errand",
    version,
    about = "Hand it an errand: it works in the background, asks when it needs you, and brings back the result.",
    after_help = "Without a command, the app starts or comes forward.",
    disable_version_flag = true
)]
pub struct Line {
    /// Print JSON: one document, or one per line for streams
    #[arg(long, global = true)]
    pub json: bool,
    /// Print the version
    #[arg(long, short = 'V', action = clap::ArgAction::Version)]
    version: Option<bool>,
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the app, hidden or without any window
    Start(Start),
    /// Hand over a task: a program after `--`
    Run(Box<Run>),
    /// List tasks, newest first; sub-tasks with --all
    List(List),
    /// Show one task
    Show(Task),
    /// Print what a task has printed
    Log(Log),
    /// Every change of a task with its reason
    History(Task),
    /// What you were told, what is held back, and why; newest first
    Deliveries(Deliveries),
    /// Let all but urgent notifications wait
    Mute(Mute),
    /// Wait until tasks have ended or one needs you
    Wait(Wait),
    /// Print changes as they happen
    Watch(Watch),
    /// Everything that waits for you, oldest first
    Inbox,
    /// Answer a question of a task
    Answer(Answer),
    /// Cancel tasks
    Cancel(Cancel),
    /// Open an ended task again
    Retry(Task),
    /// Write to a worker; one that has ended is opened again
    Message(Message),
    /// Put ended tasks out of sight; they are kept
    Archive(Archive),
    /// Remove ended tasks for good, with their reports and logs
    Delete(Delete),
    /// Change a task that was handed over
    Set(Set),
    /// Let nothing new start: for some tasks, or for all
    Pause(Which),
    /// Go on after a pause
    Resume(Which),
    /// Write a copy of the database
    Backup(Backup),
    /// Put a copy of the database in place; nothing may run
    Restore(Backup),
    /// What the file .errand.toml of a folder asks for, and whether you have allowed it
    Folder {
        #[command(subcommand)]
        command: Option<Folder>,
    },
    /// Secret values that programs are given by name
    Credential {
        #[command(subcommand)]
        command: Credential,
    },
    /// What is allowed in folders for a while
    Grants {
        #[command(subcommand)]
        command: Option<Grants>,
    },
    /// Show and change settings
    Settings {
        #[command(subcommand)]
        command: Settings,
    },
    /// What the code of an error or the reason of a change means; all of them without one
    Explain(Explain),
    /// Look at everything that could be wrong
    Doctor(Doctor),
    /// Leave
    Quit(Quit),
    #[command(flatten)]
    InTask(InTask),
}

#[derive(Debug, Args)]
pub struct Explain {
    /// As it stands in JSON: already_answered, stall_restart
    pub code: Option<String>,
}

#[derive(Debug, Args)]
pub struct Message {
    pub task: String,
    #[arg(required = true)]
    pub text: Vec<String>,
    /// Have it read in the middle of its turn
    #[arg(long, group = "when")]
    pub now: bool,
    /// Have it read with the next turn [default]
    #[arg(long, group = "when")]
    pub next: bool,
    /// End its turn; the message stands for its brief
    #[arg(long, group = "when")]
    pub replace: bool,
}

#[derive(Debug, Args)]
pub struct Start {
    /// Show no window, only the tray
    #[arg(long, conflicts_with = "headless")]
    pub hidden: bool,
    /// Run without the app, in the foreground
    #[arg(long)]
    pub headless: bool,
}

#[derive(Debug, Args)]
pub struct Run {
    /// What to call it in lists
    #[arg(long)]
    pub title: Option<String>,
    /// The folder to run in [default: this one]
    #[arg(long, value_name = "FOLDER")]
    pub cwd: Option<String>,
    /// Run it in a folder of its own, which is kept with the task and removed with it
    #[arg(long, conflicts_with = "cwd")]
    pub managed: bool,
    /// Give it a copy of this file, in the folder that ERRAND_ATTACHMENTS names; may be repeated, 256 MiB in all
    #[arg(long = "attach", value_name = "FILE")]
    pub attach: Vec<PathBuf>,
    /// Not before: 08:00, +2h or 2026-11-30T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = parse::moment)]
    pub at: Option<Timestamp>,
    /// Only after this task has completed; may be repeated
    #[arg(long, value_name = "TASK")]
    pub after: Vec<String>,
    /// A word to find it by; may be repeated
    #[arg(long = "label", value_name = "LABEL")]
    pub labels: Vec<String>,
    /// low, normal, high or urgent
    #[arg(long, value_parser = parse::name::<Priority>)]
    pub priority: Option<Priority>,
    /// The same key and the same work again is the same task
    #[arg(long)]
    pub key: Option<String>,
    /// End it after this time: 90s, 5m or 1h30m
    #[arg(long, value_name = "DURATION", value_parser = parse::millis)]
    pub timeout: Option<u64>,
    /// Run it again up to N times when it fails
    #[arg(long, value_name = "N")]
    pub retries: Option<u32>,
    /// When to announce the result: always, significant or silent
    #[arg(long, value_parser = parse::name::<Notify>)]
    pub notify: Option<Notify>,
    /// A variable for the program: K=V, or K for its value here; may be repeated
    #[arg(long, value_name = "K[=V]")]
    pub env: Vec<String>,
    /// A variable for the program whose value is a credential; may be repeated
    #[arg(long = "secret", value_name = "VARIABLE=NAME", value_parser = parse::pair, requires = "program")]
    pub secrets: Vec<(String, String)>,
    #[command(flatten)]
    pub limits: Limits,
    /// A command that must succeed before "done" is believed, such as 'cargo test'; may be repeated
    #[arg(long = "check", value_name = "COMMAND")]
    pub checks: Vec<String>,
    /// Leave the file .errand.toml of the folder aside
    #[arg(long)]
    pub no_folder_file: bool,
    /// Let no other such task run in its folder, above it or below it at the same time
    #[arg(long)]
    pub exclusive: bool,
    /// Which agent works on the brief
    #[arg(long)]
    pub agent: Option<String>,
    /// Stay until it has ended; print its report
    #[arg(long)]
    pub wait: bool,
    /// How many turns a worker may take [default: 6]
    #[arg(long, value_name = "N", requires = "program")]
    pub turns: Option<u32>,
    /// How long one turn may take [default: 5m]
    #[arg(long, value_name = "DURATION", value_parser = parse::millis, requires = "program")]
    pub turn_limit: Option<u64>,
    /// How long a worker may be silent before its turn begins again [default: 2m]
    #[arg(long, value_name = "DURATION", value_parser = parse::millis, requires = "program")]
    pub stall: Option<u64>,
    /// What the program is to do: it then is a worker that takes turns; `-` reads it from standard input
    #[arg(value_name = "BRIEF")]
    pub brief: Vec<String>,
    /// A program and its arguments
    #[arg(last = true, value_name = "PROGRAM")]
    pub program: Vec<String>,
}

/// Any of these but the last four keeps a program to its folder and away from the rest of the person's things.
#[derive(Debug, Args)]
pub struct Limits {
    /// Keep it to its folder, away from your keys, desktop and other programs
    #[arg(long)]
    pub isolate: bool,
    /// What it may do in its folder: none, ro or rw; isolates it
    #[arg(long, value_name = "ACCESS", value_parser = parse::name::<Workspace>)]
    pub workspace: Option<Workspace>,
    /// on or off; isolates it
    #[arg(long, value_parser = parse::name::<Network>)]
    pub network: Option<Network>,
    /// The memory it may have, such as 512M or 4G; in all or each process, see `doctor`; isolates it
    #[arg(long, value_name = "SIZE", value_parser = parse::bytes)]
    pub memory: Option<u64>,
    /// The processor time it may use: 90s, 5m or 1h30m; in all or each process; isolates it
    #[arg(long, value_name = "DURATION", value_parser = parse::millis)]
    pub cpu: Option<u64>,
    /// How many processes it may be at a time; isolates it
    #[arg(long, value_name = "N")]
    pub processes: Option<u32>,
    /// What a worker may do without you: deny, allowlist or full
    #[arg(long, value_parser = parse::name::<Security>)]
    pub security: Option<Security>,
    /// When you are asked before it is done: off, on-miss or always
    #[arg(long, value_parser = parse::name::<AskMode>)]
    pub ask: Option<AskMode>,
    /// A rule of its allowlist, such as 'git status' or 'cargo test *'; may be repeated
    #[arg(long, value_name = "RULE")]
    pub allow: Vec<String>,
    /// When nobody is there to be asked: park, deny or grants
    #[arg(long, value_parser = parse::name::<Unattended>)]
    pub unattended: Option<Unattended>,
}

#[derive(Debug, Args)]
pub struct List {
    /// Only tasks in this state; may be repeated
    #[arg(long = "state", value_name = "STATE", value_parser = parse::name::<TaskState>)]
    pub states: Vec<TaskState>,
    #[arg(long, help = "Only tasks with this label")]
    pub label: Option<String>,
    /// Only tasks that run in this folder
    #[arg(long)]
    pub folder: Option<String>,
    /// Only tasks with these words in the brief or the report
    #[arg(long, value_name = "WORDS")]
    pub search: Option<String>,
    /// Archived tasks, too
    #[arg(long)]
    pub archived: bool,
    /// Sub-tasks, too; --search finds them in any case
    #[arg(long)]
    pub all: bool,
    /// Only the sub-tasks of this task
    #[arg(long, value_name = "TASK", conflicts_with = "all")]
    pub parent: Option<String>,
    /// At most N tasks
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: Option<u32>,
    /// Go on where the page before has ended
    #[arg(long)]
    pub cursor: Option<String>,
}

#[derive(Debug, Args)]
pub struct Task {
    /// The id or its beginning
    pub task: String,
}

#[derive(Debug, Args)]
pub struct Deliveries {
    /// Only those of this task
    pub task: Option<String>,
    /// At most N of them
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: Option<u32>,
    /// Go on where the page before has ended
    #[arg(long)]
    pub cursor: Option<String>,
}

#[derive(Debug, Args)]
pub struct Mute {
    /// For how long or until when: 1h, 18:00, off
    #[arg(value_name = "1h|18:00|off")]
    pub until: String,
}

#[derive(Debug, Args)]
pub struct Log {
    /// The id or its beginning
    pub task: String,
    /// Stay and print what comes
    #[arg(long, short)]
    pub follow: bool,
    /// From this sequence number on
    #[arg(long, value_name = "SEQ")]
    pub from: Option<u64>,
}

#[derive(Debug, Args)]
pub struct Wait {
    /// The ids or their beginnings
    #[arg(required = true, value_name = "TASK")]
    pub tasks: Vec<String>,
    /// Give up after this time: 90s, 5m or 1h30m
    #[arg(long, value_name = "DURATION", value_parser = parse::millis)]
    pub timeout: Option<u64>,
    /// Go on waiting while a task needs you
    #[arg(long)]
    pub through_questions: bool,
}

#[derive(Debug, Args)]
pub struct Watch {
    /// Begin after this change instead of now
    #[arg(long)]
    pub cursor: Option<i64>,
}

#[derive(Debug, Args)]
pub struct Archive {
    /// The ids or their beginnings
    #[arg(required = true, value_name = "TASK")]
    pub tasks: Vec<String>,
    /// Take them out of the archive
    #[arg(long)]
    pub restore: bool,
}

#[derive(Debug, Args)]
pub struct Delete {
    /// The ids or their beginnings
    #[arg(required = true, value_name = "TASK")]
    pub tasks: Vec<String>,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true).args(["text", "choose", "fields", "approve", "deny"]))]
pub struct Answer {
    /// The id or its beginning, or with the question behind it, such as bold-falcon-427/q1
    pub task: String,
    /// Which question, such as q1, when several are open
    #[arg(long)]
    pub question: Option<String>,
    /// The option to choose
    #[arg(long, value_name = "OPTION")]
    pub choose: Option<String>,
    /// One of several things it asks for; `-` as the value reads a line from standard input, as secrets must be; may be
    /// repeated
    #[arg(long = "field", value_name = "K=V")]
    pub fields: Vec<String>,
    #[command(flatten)]
    pub decide: Decide,
    /// The answer in words; a text that names an option chooses it
    pub text: Vec<String>,
}

#[derive(Debug, Args)]
pub struct Cancel {
    /// The ids or their beginnings
    #[arg(required = true, value_name = "TASK")]
    pub tasks: Vec<String>,
    /// Why; kept in the history
    #[arg(long)]
    pub reason: Option<String>,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true).multiple(true)
    .args(["title", "priority", "notify", "timeout", "retries", "turns", "labels"]))]
pub struct Set {
    /// The id or its beginning
    pub task: String,
    /// What to call it in lists
    #[arg(long)]
    pub title: Option<String>,
    /// low, normal, high or urgent
    #[arg(long, value_parser = parse::name::<Priority>)]
    pub priority: Option<Priority>,
    /// When to announce the result: always, significant or silent
    #[arg(long, value_parser = parse::name::<Notify>)]
    pub notify: Option<Notify>,
    /// End it after this time: 90s, 5m or 1h30m
    #[arg(long, value_name = "DURATION", value_parser = parse::millis)]
    pub timeout: Option<u64>,
    /// Run it again up to N times when it fails
    #[arg(long, value_name = "N")]
    pub retries: Option<u32>,
    /// How many turns a worker may take
    #[arg(long, value_name = "N")]
    pub turns: Option<u32>,
    /// Replaces all labels; may be repeated, an empty one removes them
    #[arg(long = "label", value_name = "LABEL")]
    pub labels: Option<Vec<String>>,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).args(["tasks", "all"]))]
pub struct Which {
    /// The ids or their beginnings
    #[arg(value_name = "TASK")]
    pub tasks: Vec<String>,
    /// Everything
    #[arg(long)]
    pub all: bool,
}

#[derive(Debug, Args)]
pub struct Backup {
    pub file: String,
}

#[derive(Debug, Subcommand)]
pub enum Folder {
    /// What it asks for [default]
    Show {
        /// [default: this one]
        folder: Option<String>,
    },
    /// Let tasks in the folder do what it says, as it stands now
    Allow {
        /// [default: this one]
        folder: Option<String>,
    },
    /// Take that back
    Forget {
        /// [default: this one]
        folder: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub enum Credential {
    /// Give a credential its value, at a prompt or on standard input
    Set {
        name: String,
        /// Keep it in memory alone, until Errand leaves
        #[arg(long)]
        session: bool,
    },
    /// Their names, and how the keychain is
    List,
    /// Remove a credential with its value
    Remove { name: String },
}

#[derive(Debug, Subcommand)]
pub enum Settings {
    /// Every setting and its value
    List,
    /// One setting
    Get { name: String },
    /// Change a setting; the value `default` sets it back
    Set {
        name: String,
        #[arg(allow_hyphen_values = true)]
        value: String,
    },
}

#[derive(Debug, Args)]
pub struct Doctor {
    /// List the places where a crash test can stop this build
    #[arg(long, hide = true)]
    pub failpoints: bool,
}

#[derive(Debug, Args)]
pub struct Quit {
    /// End everything that runs
    #[arg(long, conflicts_with = "finish")]
    pub now: bool,
    /// Start nothing new and leave when the last run is over
    #[arg(long)]
    pub finish: bool,
}
