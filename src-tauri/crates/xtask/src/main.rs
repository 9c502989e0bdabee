//! `cargo xtask`: everything a person does with this tree, from a bare machine to a running app.
//!
//! Needs Rust and a C linker, and gets the rest itself, after saying what and why. What is there already is not
//! fetched again: a second run needs no network.

mod bench;
mod binaries;
mod failure;
mod node;
mod place;
mod process;
mod stamp;
mod start;
mod steps;
mod system;
mod test;
mod ui;

use std::process::ExitCode;

use failure::{Failure, Result};
use place::Place;

const HELP: &str = "\
cargo xtask run [-- ARGUMENTS]          set up, build, and start the app, or the terminal command in ARGUMENTS
cargo xtask test [AREA] [FILTER] [--fast]
                                        all tests and checks, or those of one area whose name contains FILTER
cargo xtask bench [FILTER] [--list]     the measurements whose name contains FILTER
cargo xtask help                        this text

Areas: base model wire store os agents engine api cli tidy journeys desktop ui
  journeys  the terminal, with the real binaries
  desktop   windows, tray and notifications, in a virtual desktop
  ui        the web interface alone: vitest and svelte-check
  tidy      the rules of the tree
--fast      builds no release binaries: without an area it leaves out journeys and desktop, with one of these it
            takes the binaries of the last build";

fn main() -> ExitCode {
    match act(std::env::args().skip(1).collect()) {
        Ok(code) => code,
        Err(failure) => {
            process::say(&format!("xtask: {failure}"));
            ExitCode::FAILURE
        }
    }
}

fn act(mut words: Vec<String>) -> Result<ExitCode> {
    let command = if words.is_empty() { "help".to_owned() } else { words.remove(0) };
    match command.as_str() {
        "run" => {
            let arguments = words.iter().position(|word| word == "--").map_or(0, |at| at + 1);
            start::run(&Place::find()?, &words[arguments..])
        }
        "test" => test::run(&Place::find()?, test::Request::parse(words)?),
        "bench" => bench::run(&Place::find()?, words),
        "help" | "-h" | "--help" => {
            process::say(HELP);
            Ok(ExitCode::SUCCESS)
        }
        other => Err(Failure::new(format!("there is no `{other}`.\n\n{HELP}"))),
    }
}
