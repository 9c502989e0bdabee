//! The one place that prints. Everything else makes text and hands it over.

use std::io::{ErrorKind, IsTerminal, Write};

use errand_base::{Code, Fault};
use errand_wire::WireError;
use serde::Serialize;
use serde_json::json;

use crate::render::{Look, paint};

/// Why a command ends before its end.
#[derive(Debug)]
pub enum Stop {
    Fault(Fault),
    /// Nobody reads any more (`errand list | head -1`): no error, just the end.
    Unread,
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Stop {
        Stop::Fault(fault)
    }
}

/// What a command comes to: its exit code, or why it stopped.
pub type End = Result<u8, Stop>;

/// Writes to standard output as it is, at once.
pub fn text(text: &str) -> Result<(), Stop> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => Stop::Unread,
        ErrorKind::StorageFull => {
            Stop::Fault(Fault::new(Code::DiskFull, "The output could not be written: the disk is full."))
        }
        _ => Stop::Fault(Fault::new(Code::Internal, format!("The output could not be written: {error}."))),
    })
}

pub fn line(line: &str) -> Result<(), Stop> {
    text(&format!("{line}\n"))
}

/// One document, spread out for a person and on one line for a program.
pub fn document(value: &impl Serialize) -> Result<(), Stop> {
    line(&to_json(value, std::io::stdout().is_terminal()))
}

/// One document of a stream: always one line.
pub fn record(value: &impl Serialize) -> Result<(), Stop> {
    line(&to_json(value, false))
}

/// A sentence beside the result, such as a hint or the state of things. Losing it is no failure.
pub fn note(text: &str) {
    error_stream(&format!("{text}\n"));
}

/// Text without a newline, for a line that is rewritten.
pub fn error_stream(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

pub fn fault(fault: &Fault, as_json: bool) {
    if as_json {
        let error = WireError::from(fault.clone());
        note(&to_json(&json!({ "error": error }), false));
        return;
    }
    let look = stderr_look();
    let name = paint(look, crate::render::ALARM, "errand:");
    let hint = if fault.hint.is_empty() {
        String::new()
    } else {
        format!("\n  {}", crate::render::clean(&fault.hint))
    };
    note(&format!("{name} {}{hint}", crate::render::clean(&fault.message)));
}

pub fn look() -> Look {
    look_of(&std::io::stdout())
}

pub fn stderr_look() -> Look {
    look_of(&std::io::stderr())
}

fn look_of(stream: &(impl IsTerminal + std::os::fd::AsFd)) -> Look {
    if !stream.is_terminal() {
        return Look::PLAIN;
    }
    let columns = rustix::termios::tcgetwinsize(stream).map(|size| size.ws_col).unwrap_or(0);
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    Look {
        colour: set("NO_COLOR").is_none() && set("TERM").is_none_or(|term| term != "dumb"),
        width: Some(if columns == 0 { 80 } else { usize::from(columns) }),
    }
}

fn to_json(value: &impl Serialize, spread: bool) -> String {
    let text = if spread { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) };
    let text = text.unwrap_or_else(|_| "null".into());
    if !text.contains(is_bare_control) {
        return text;
    }
    // JSON lets these stand as they are, but a terminal may take them as the start of a command.
    // They can only occur inside strings, where the escaped form means the same.
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        if is_bare_control(c) {
            out.push_str(&format!("\\u{:04x}", u32::from(c)))
        } else {
            out.push(c)
        }
        out
    })
}

fn is_bare_control(c: char) -> bool {
    ('\u{7f}'..='\u{9f}').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_on_a_terminal_carries_no_control_characters() {
        let value = json!({"text": "a\u{1b}[31m\u{9b}31m\u{7f}é"});
        let text = to_json(&value, false);
        assert!(!text.chars().any(char::is_control), "{text:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }
}
