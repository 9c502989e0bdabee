//! The lean binary `errand`: the terminal's way to the engine, the engine without windows, and the spawner of
//! its processes. It starts in a few milliseconds, so nothing is set up before it is known to be needed.

mod args;
mod commands;
mod engine;
mod environment;
mod follow;
mod hidden;
mod launch;
mod output;
mod parse;
mod render;
mod run;
mod session;
mod start;
mod usage;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;
use errand_base::{Code, Fault};
use errand_os::Home;

use args::{Command, Line};
use output::{End, Stop};
use session::Session;

fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    // Before anything else: the spawner forks, and whatever ran before would be copied into every worker.
    if words.get(1).is_some_and(|word| word == "spawner") {
        return engine::spawner();
    }
    if words.get(1).is_some_and(|word| word == "gate") {
        return engine::gate();
    }
    if words.get(1).is_some_and(|word| word == "tool") && words.len() == 3 {
        return engine::tool(&words[2]);
    }
    let (json, end) = match Line::try_parse_from(&words) {
        Ok(line) => (line.json, perform(line)),
        Err(error) => (wants_json(&words), refuse(&error)),
    };
    match end {
        Ok(code) => ExitCode::from(code),
        Err(Stop::Unread) => ExitCode::SUCCESS,
        Err(Stop::Fault(fault)) => {
            output::fault(&fault, json);
            ExitCode::from(fault.code.exit())
        }
    }
}

fn perform(line: Line) -> End {
    // A program of a task needs no home: its run's socket is all it knows of us.
    let line = match line {
        Line { command: Some(Command::InTask(verb)), json, .. } => {
            return on_runtime(commands::worker::perform(verb, json));
        }
        line => line,
    };
    let session = Session { home: Home::find()?, json: line.json };
    match line.command {
        // The engine brings its own runtime, with threads.
        Some(Command::Start(typed)) if typed.headless => start::headless(&session),
        Some(command) => on_runtime(commands::perform(&session, command)),
        None => on_runtime(start::app(&session, false)),
    }
}

fn on_runtime(work: impl Future<Output = End>) -> End {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime {
        Ok(runtime) => runtime.block_on(work),
        Err(error) => Err(Fault::new(Code::Internal, format!("The program cannot start: {error}.")).into()),
    }
}

fn refuse(error: &clap::Error) -> End {
    if let Some(fault) = usage::fault(error) {
        return Err(fault.into());
    }
    let text = error.render();
    output::text(&if output::look().colour { text.ansi().to_string() } else { text.to_string() })?;
    Ok(0)
}

/// Asked of a line that could not be read. What follows `--` belongs to a program.
fn wants_json(words: &[OsString]) -> bool {
    words.iter().take_while(|word| *word != "--").any(|word| word == "--json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_noticed_in_a_line_that_cannot_be_read() {
        let words = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        assert!(wants_json(&words("errand frob --json")));
        assert!(!wants_json(&words("errand run -- prog --json")));
    }

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory;
        Line::command().debug_assert();
    }
}
