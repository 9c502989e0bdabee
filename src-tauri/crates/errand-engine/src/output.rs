//! The output of one run on its way to the log: in whole lines, with its end kept at hand for the report.

use std::collections::VecDeque;

use errand_agents::Stream;
use errand_base::{RedactedStream, Redactor};
use errand_model::Tail;

use crate::redaction::Redact;
use crate::run::RunShared;
use crate::text::plain_text;

/// A line longer than this goes into the log in pieces.
const LONGEST_LINE: usize = 16 * 1024;
/// How much of standard output a report may hold.
const REPORT: usize = 64 * 1024;
const ERRORS: usize = 16 * 1024;

/// Holds back the line that is not complete yet, so that the log gets whole lines.
#[derive(Default)]
pub(crate) struct WholeLines {
    rest: Vec<u8>,
}

impl WholeLines {
    /// Whole lines, with their ends, as far as there are any now.
    pub fn push(&mut self, mut bytes: Vec<u8>) -> Vec<u8> {
        let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let rest = bytes.split_off(end);
        if end > 0 && !self.rest.is_empty() {
            self.rest.append(&mut bytes);
            std::mem::swap(&mut self.rest, &mut bytes);
        }
        self.rest.extend_from_slice(&rest);
        // The log cuts a line of this length anyway; nothing is gained by waiting for its end.
        if self.rest.len() >= LONGEST_LINE {
            bytes.append(&mut self.rest);
        }
        bytes
    }

    pub fn has_part(&self) -> bool {
        !self.rest.is_empty()
    }

    /// What was printed after the last line end.
    pub fn finish(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.rest)
    }
}

/// One stream of a run on its way out: without secret values, and in whole lines.
pub(crate) struct Flow {
    pub stream: Stream,
    clean: RedactedStream,
    lines: WholeLines,
}

impl Flow {
    pub fn new(stream: Stream, redactor: &Redactor) -> Flow {
        Flow { stream, clean: redactor.stream(), lines: WholeLines::default() }
    }

    /// Whole lines for the log, as far as there are any now.
    pub fn push(&mut self, bytes: Vec<u8>, shared: &RunShared) -> Vec<u8> {
        let bytes = self.clean.push(bytes);
        self.keep(&bytes, shared);
        self.lines.push(bytes)
    }

    pub fn has_part(&self) -> bool {
        self.lines.has_part()
    }

    /// What was printed after the last line end. What may be the beginning of a secret stays back.
    pub fn part(&mut self) -> Vec<u8> {
        self.lines.finish()
    }

    /// Whoever printed has ended.
    pub fn finish(&mut self, shared: &RunShared) -> Vec<u8> {
        let rest = self.clean.finish();
        self.keep(&rest, shared);
        let mut lines = self.lines.push(rest);
        lines.append(&mut self.lines.finish());
        lines
    }

    fn keep(&self, bytes: &[u8], shared: &RunShared) {
        match self.stream {
            Stream::Output => shared.with_tails(|tails| tails.output(bytes)),
            Stream::Errors => shared.with_tails(|tails| tails.errors(bytes)),
            Stream::Aside => {}
        }
    }
}

/// The last bytes of both streams of a run.
#[derive(Default)]
pub(crate) struct Tails {
    output: Ring,
    errors: Ring,
    redactor: Redactor,
}

impl Tails {
    /// What to keep out of the texts.
    pub fn hide(&mut self, redactor: Redactor) {
        self.redactor = redactor;
    }

    pub fn output(&mut self, bytes: &[u8]) {
        self.output.push(bytes, REPORT);
    }

    pub fn errors(&mut self, bytes: &[u8]) {
        self.errors.push(bytes, ERRORS);
    }

    pub fn text(&self) -> Tail {
        let (output, left_out) = self.output.whole_lines();
        let (errors, _) = self.errors.whole_lines();
        // Without the escapes between its letters a value may stand there as a whole.
        Tail { output: plain_text(&output), errors: plain_text(&errors), left_out }.redacted(&self.redactor)
    }
}

#[derive(Default)]
struct Ring {
    bytes: VecDeque<u8>,
    dropped: u64,
}

impl Ring {
    fn push(&mut self, bytes: &[u8], most: usize) {
        let skip = bytes.len().saturating_sub(most);
        let over = (self.bytes.len() + bytes.len() - skip).saturating_sub(most);
        self.bytes.drain(..over);
        self.bytes.extend(&bytes[skip..]);
        self.dropped += (skip + over) as u64;
    }

    /// The bytes from the first line that is whole, and how many came before.
    fn whole_lines(&self) -> (Vec<u8>, u64) {
        let bytes: Vec<u8> = self.bytes.iter().copied().collect();
        if self.dropped == 0 {
            return (bytes, 0);
        }
        let start = bytes.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        // One endless line has no whole line to begin with; its end is still worth showing.
        let start = if start == bytes.len() { 0 } else { start };
        (bytes[start..].to_vec(), self.dropped + start as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_or_moved_whatever_the_pieces() {
        let text = b"one\n\ntwo and more\nlast".as_slice();
        for size in 1..=text.len() {
            let mut lines = WholeLines::default();
            let mut found = Vec::new();
            for piece in text.chunks(size) {
                let whole = lines.push(piece.to_vec());
                assert!(whole.is_empty() || whole.ends_with(b"\n"), "{size}");
                found.extend(whole);
            }
            assert_eq!(lines.finish(), b"last");
            assert_eq!(found, b"one\n\ntwo and more\n", "{size}");
        }
    }

    #[test]
    fn an_endless_line_is_passed_on_in_pieces() {
        let mut lines = WholeLines::default();
        let mut found = 0;
        for _ in 0..10 {
            found += lines.push(vec![b'x'; 5_000]).len();
            assert!(lines.rest.len() < LONGEST_LINE);
        }
        assert_eq!(found + lines.finish().len(), 50_000);
    }

    #[test]
    fn a_tail_holds_the_end_from_a_whole_line_on_and_counts_the_rest() {
        let mut tails = Tails::default();
        for n in 0..20_000 {
            tails.output(format!("line {n}\n").as_bytes());
        }
        let tail = tails.text();
        assert!(tail.output.starts_with("line ") && tail.output.ends_with("line 19999\n"));
        assert!(tail.output.len() <= REPORT);
        let total: usize = (0..20_000).map(|n| format!("line {n}\n").len()).sum();
        assert_eq!(tail.left_out as usize + tail.output.len(), total);
    }

    #[test]
    fn one_piece_larger_than_the_tail_leaves_its_end() {
        let mut tails = Tails::default();
        tails.errors(&vec![b'y'; ERRORS * 3]);
        assert_eq!(tails.text().errors.len(), ERRORS);
    }
}
