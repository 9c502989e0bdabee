//! Bytes that a program printed, made into text that is safe to show: no terminal escapes, no control
//! characters, always valid UTF-8.

use vte::{Parser, Perform};

/// The text of some output. Line ends and tabs stay; a carriage return starts its line anew, as on a terminal.
pub fn plain_text(bytes: &[u8]) -> String {
    if bytes.iter().all(|byte| (0x20..0x7f).contains(byte) || *byte == b'\n' || *byte == b'\t') {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let mut page = Page { text: String::with_capacity(bytes.len()), line_start: 0, returned: false };
    Parser::new().advance(&mut page, bytes);
    page.text
}

/// A program with its arguments as one line that could be typed again.
pub fn one_line(argv: &[String]) -> String {
    shlex::try_join(argv.iter().map(String::as_str)).unwrap_or_else(|_| argv.join(" "))
}

struct Page {
    text: String,
    line_start: usize,
    /// A carriage return was seen; the next character overwrites the line.
    returned: bool,
}

impl Perform for Page {
    fn print(&mut self, c: char) {
        if self.returned {
            self.text.truncate(self.line_start);
            self.returned = false;
        }
        if !is_deceptive(c) {
            self.text.push(c);
        }
    }

    fn execute(&mut self, byte: u8) {
        match byte {
            b'\n' => {
                self.returned = false;
                self.text.push('\n');
                self.line_start = self.text.len();
            }
            b'\t' => self.print('\t'),
            b'\r' => self.returned = true,
            _ => {}
        }
    }
}

/// Control characters, and those that change the order or hide parts of a text.
fn is_deceptive(c: char) -> bool {
    (c.is_control() && c != '\t')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_control_characters_are_gone() {
        assert_eq!(plain_text(b"\x1b[1;31mred\x1b[0m\x07 \x1b]0;title\x07done\n"), "red done\n");
        assert_eq!(plain_text(b"a\x00b\x08c\td"), "abc\td");
        assert_eq!(plain_text("\u{202e}evil\u{200b}".as_bytes()), "evil");
    }

    #[test]
    fn a_progress_bar_leaves_its_last_state() {
        assert_eq!(plain_text(b"10%\r50%\r100%\nnext\r\n"), "100%\nnext\n");
    }

    #[test]
    fn invalid_bytes_become_replacement_characters() {
        assert_eq!(plain_text(b"ok \xff\xfe end"), "ok \u{fffd}\u{fffd} end");
    }
}
