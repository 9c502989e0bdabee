//! What is done around the work itself: commands that prepare a run, check what came of it and clean up after it.
//! They come from the folder's own file or from the person, and are frozen with the work.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A program and its arguments; no shell reads them.
pub type Command = Vec<String>;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Around {
    /// Each must succeed before anything is done. They are to change nothing.
    pub preflight: Vec<Command>,
    /// Each must succeed before the work begins.
    pub before_run: Vec<Command>,
    /// Each must succeed before "done" is believed.
    pub stop_checks: Vec<Command>,
    /// Once the last process of a run is gone, however it ended, if it came as far as `before_run`.
    pub after_run: Vec<Command>,
    /// How long each of them may take.
    pub each: Duration,
}

impl Default for Around {
    fn default() -> Around {
        Around {
            preflight: Vec::new(),
            before_run: Vec::new(),
            stop_checks: Vec::new(),
            after_run: Vec::new(),
            each: Around::USUAL,
        }
    }
}

impl Around {
    pub const USUAL: Duration = Duration::from_secs(10 * 60);

    pub fn is_empty(&self) -> bool {
        self.all().next().is_none()
    }

    pub fn all(&self) -> impl Iterator<Item = (Part, &Command)> {
        Part::ALL.into_iter().flat_map(|part| self.of(part).iter().map(move |command| (part, command)))
    }

    pub fn of(&self, part: Part) -> &[Command] {
        match part {
            Part::Preflight => &self.preflight,
            Part::BeforeRun => &self.before_run,
            Part::StopCheck => &self.stop_checks,
            Part::AfterRun => &self.after_run,
            Part::Tool => &[],
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    Preflight,
    BeforeRun,
    StopCheck,
    AfterRun,
    /// Between two turns, on behalf of the work.
    Tool,
}

impl Part {
    /// Those that a folder may ask for.
    pub const ALL: [Part; 4] = [Part::Preflight, Part::BeforeRun, Part::StopCheck, Part::AfterRun];

    pub fn name(self) -> &'static str {
        match self {
            Part::Preflight => "preflight",
            Part::BeforeRun => "before_run",
            Part::StopCheck => "stop_check",
            Part::AfterRun => "after_run",
            Part::Tool => "tool",
        }
    }
}

/// A command as one line, for people.
pub fn say_command(command: &Command) -> String {
    let quoted = |word: &String| match word {
        word if word.is_empty() => "''".to_owned(),
        word if word.contains(|c: char| c.is_whitespace() || "'\"\\".contains(c)) => {
            format!("'{}'", word.replace('\'', "'\\''"))
        }
        word => word.clone(),
    };
    command.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

/// Where a run is when it does something other than its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aside {
    pub part: Part,
    pub command: String,
}

impl Aside {
    /// "checking: cargo test"
    pub fn phrase(&self) -> String {
        let doing = match self.part {
            Part::Preflight => "looking whether it can start",
            Part::BeforeRun => "preparing",
            Part::StopCheck => "checking",
            Part::AfterRun => "cleaning up",
            Part::Tool => "using a tool",
        };
        format!("{doing}: {}", self.command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_reads_as_it_would_be_typed() {
        let words = ["cargo", "test", "two words", "it's", ""].map(str::to_owned).to_vec();
        assert_eq!(say_command(&words), r"cargo test 'two words' 'it'\''s' ''");
    }
}
