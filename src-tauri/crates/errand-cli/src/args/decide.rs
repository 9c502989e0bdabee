//! Decisions, and what is allowed for a while.

use clap::{Args, Subcommand};
use errand_base::Timestamp;
use errand_wire::Verdict;

use crate::parse;

/// What becomes of a request of a worker.
#[derive(Debug, Default, Args)]
pub struct Decide {
    /// Let it do what it asks for
    #[arg(long)]
    pub approve: bool,
    /// Let it not; the same again is refused without a question
    #[arg(long, conflicts_with = "approve")]
    pub deny: bool,
    /// For the same in the whole task: task
    #[arg(long = "for", value_name = "task", value_parser = ["task"], requires = "approve", conflicts_with = "until")]
    pub reach: Option<String>,
    /// For the same in this folder, in all tasks, until then: 18:00, +2h
    #[arg(long, value_name = "TIME", value_parser = parse::moment, requires = "approve")]
    pub until: Option<Timestamp>,
    /// Why; told to the worker
    #[arg(long, requires = "deny")]
    pub reason: Option<String>,
    /// Another decision for one of its files; may be repeated
    #[arg(long = "file", value_name = "PATH=approve|deny", value_parser = verdict)]
    pub files: Vec<(String, Verdict)>,
    /// The same for identical requests of other tasks
    #[arg(long)]
    pub alike: bool,
}

fn verdict(text: &str) -> Result<(String, Verdict), String> {
    let (path, verdict) = text.rsplit_once('=').ok_or("write PATH=approve or PATH=deny")?;
    Ok((path.to_owned(), parse::name(verdict)?))
}

#[derive(Debug, Subcommand)]
pub enum Grants {
    /// What is allowed, and what was [default]
    List,
    /// Allow something in a folder for a while
    Add {
        /// A rule: 'git status', 'cargo test *', 'cat <path>', 'write_file <path>'
        rule: String,
        /// [default: this one]
        #[arg(long)]
        folder: Option<String>,
        /// Until when: 18:00, +2h
        #[arg(long, value_name = "TIME", value_parser = parse::moment)]
        until: Timestamp,
        /// At most so often
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        uses: Option<u32>,
    },
    /// Take it back
    Revoke { id: i64 },
}
