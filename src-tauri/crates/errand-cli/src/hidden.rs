//! Reading a secret value: typed without being shown, or from standard input. Never from the command line, which
//! every process of the machine can read.

use std::fs::File;
use std::io::{IsTerminal, Read, Write};

use errand_base::{Code, Fault};
use errand_wire::Hidden;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// Somewhat more than the engine takes: it says what is wrong with it.
const LONGEST: u64 = 64 * 1024;
const INTERRUPT: u8 = 0x03;
const END: u8 = 0x04;
const ERASE_LINE: u8 = 0x15;

/// One line from the terminal, or all of standard input without the line end that `echo` puts there.
pub fn value(name: &str) -> Result<Hidden, Fault> {
    if std::io::stdin().is_terminal() {
        return typed(name);
    }
    let mut text = String::new();
    let bad = |message: String| Fault::new(Code::BadUsage, message);
    std::io::stdin()
        .take(LONGEST + 1)
        .read_to_string(&mut text)
        .map_err(|error| bad(format!("Standard input cannot be read as text: {error}.")))?;
    if text.len() as u64 > LONGEST {
        return Err(bad("The value on standard input is larger than 64 KiB.".to_owned()));
    }
    let end = text.trim_end_matches(['\n', '\r']).len();
    text.truncate(end);
    if text.is_empty() {
        return Err(bad("Standard input holds no value.".to_owned()).hint(
            "Type the value at the prompt, or send it: `pass show token | errand credential set NAME`.",
        ));
    }
    Ok(Hidden::new(text))
}

fn typed(name: &str) -> Result<Hidden, Fault> {
    let failed =
        |error: std::io::Error| Fault::new(Code::Internal, format!("The terminal cannot be read: {error}."));
    let terminal = File::options().read(true).write(true).open("/dev/tty").map_err(failed)?;
    let silent = Silent::on(&terminal).map_err(failed)?;
    (&terminal).write_all(format!("Value of {name} (not shown): ").as_bytes()).map_err(failed)?;
    let line = read_line(&terminal);
    drop(silent);
    (&terminal).write_all(b"\n").map_err(failed)?;
    let line = line.map_err(failed)?.ok_or_else(|| Fault::new(Code::BadUsage, "Nothing was typed."))?;
    String::from_utf8(line).map(Hidden::new).map_err(|_| Fault::new(Code::BadUsage, "That is not text."))
}

/// Without echo and, so that Ctrl-C cannot leave it like that, without signals.
struct Silent<'a> {
    terminal: &'a File,
    before: Termios,
}

impl Silent<'_> {
    fn on(terminal: &File) -> std::io::Result<Silent<'_>> {
        let before = tcgetattr(terminal)?;
        let mut silent = before.clone();
        silent.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
        tcsetattr(terminal, OptionalActions::Flush, &silent)?;
        Ok(Silent { terminal, before })
    }
}

impl Drop for Silent<'_> {
    fn drop(&mut self) {
        // A terminal that is gone needs no care.
        tcsetattr(self.terminal, OptionalActions::Flush, &self.before).ok();
    }
}

/// `None`: given up, or nothing typed.
fn read_line(mut terminal: impl Read) -> std::io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let mut byte = [0];
    while terminal.read(&mut byte)? > 0 && (line.len() as u64) <= LONGEST {
        match byte[0] {
            INTERRUPT => return Ok(None),
            b'\n' | b'\r' | END => break,
            ERASE_LINE => line.clear(),
            0x08 | 0x7f => {
                // A letter may be several bytes.
                while line.pop().is_some_and(|last| last & 0xc0 == 0x80) {}
            }
            other => line.push(other),
        }
    }
    Ok(Some(line).filter(|line| !line.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_can_be_corrected_and_given_up() {
        let read =
            |typed: &str| read_line(typed.as_bytes()).unwrap().map(|line| String::from_utf8(line).unwrap());
        assert_eq!(read("s3cret\nrest").as_deref(), Some("s3cret"));
        assert_eq!(read("s3cré\u{7f}et\r").as_deref(), Some("s3cret"));
        assert_eq!(read("wrong\u{15}right\u{4}").as_deref(), Some("right"));
        assert_eq!(read("s3c\u{3}ret\n"), None);
        assert_eq!(read("\n"), None);
        assert_eq!(read("no end").as_deref(), Some("no end"));
    }
}
