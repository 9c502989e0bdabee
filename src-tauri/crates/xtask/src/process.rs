//! Running other programs, and the one voice.

use std::{
    ffi::OsStr,
    process::{Command, ExitCode, ExitStatus, Stdio},
};

use crate::failure::{About, Failure, Result};

/// Everything goes to standard error: standard output belongs to the program that `run` starts.
#[expect(clippy::print_stderr, reason = "a program for the terminal; all its words go through here")]
pub fn say(text: &str) {
    eprintln!("{text}");
}

/// Runs a program in the foreground and fails unless it succeeds.
pub fn run(command: &mut Command) -> Result<()> {
    let line = line_of(command);
    let status = command.status().about(format!("`{line}` could not be started"))?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("`{line}` ended with {status}"))) }
}

/// What a program prints, or nothing when it is not there or fails.
pub fn ask(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Whether `program --version` works.
pub fn is_there(program: impl AsRef<OsStr>) -> bool {
    ask(Command::new(program).arg("--version")).is_some()
}

/// As a shell tells it: killed by signal 9 is 137.
pub fn exit_code(status: ExitStatus) -> ExitCode {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    #[cfg(not(unix))]
    let signal: Option<i32> = None;
    let code = status.code().or_else(|| signal.map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}

fn line_of(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}
