//! Known secret values are taken out of texts before those are written anywhere.
//!
//! A value is found as it is and in the forms that programs commonly give it: base64 at any place of a longer text,
//! hexadecimal, percent-encoded, as part of a JSON string, and line by line; also where a terminal's escapes, such as
//! colours, stand between its letters. Shorter values than [`SHORTEST`] are
//! refused: they occur by chance, and hiding every occurrence would tell more than it hides.

mod forms;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use crate::Secret;

/// What stands where a value was.
pub const HIDDEN: &str = "•••";
/// In bytes.
pub const SHORTEST: usize = 6;
/// So much may stand between the letters of a value that is held back.
const MOST_ESCAPES: usize = 4 * 1024;
const ESCAPE: u8 = 0x1b;

/// The values that are known so far; clones share them. One that was learned is hidden for as long as this lives,
/// also when it is not used any more, since what was printed before may still come back.
#[derive(Clone, Default)]
pub struct Redactor {
    known: Arc<RwLock<Arc<Known>>>,
}

#[derive(Default)]
struct Known {
    values: Vec<Secret<String>>,
    forms: Vec<Vec<u8>>,
    finder: Option<AhoCorasick>,
}

impl Redactor {
    /// From here on the value is hidden. `false`: it is too short for that.
    #[must_use]
    pub fn learn(&self, value: &Secret<String>) -> bool {
        if value.expose().len() < SHORTEST {
            return false;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.values.iter().any(|old| old.expose() == value.expose()) {
            return true;
        }
        let mut values = known.values.clone();
        values.push(value.clone());
        let mut forms = known.forms.clone();
        forms.extend(forms::of(value.expose()));
        forms.sort_unstable();
        forms.dedup();
        let finder = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(&forms);
        // Only more patterns than numbers for them could fail, which values of a bounded size cannot bring.
        let Ok(finder) = finder else { return false };
        *known = Arc::new(Known { values, forms, finder: Some(finder) });
        true
    }

    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let known = self.now();
        if known.finder.is_none() {
            return Cow::Borrowed(text);
        }
        let mut redacted = Vec::with_capacity(text.len());
        let mut flow = Flow::default();
        flow.push(&known, text.as_bytes(), &mut redacted);
        flow.finish(&known, &mut redacted);
        if redacted == text.as_bytes() {
            return Cow::Borrowed(text);
        }
        // Each form begins and ends where a character does, so what is left is text.
        Cow::Owned(String::from_utf8_lossy(&redacted).into_owned())
    }

    /// Whether a known value occurs in the text.
    pub fn finds(&self, text: &str) -> bool {
        !self.now().found(text.as_bytes()).is_empty()
    }

    /// For bytes that come in pieces, cut anywhere.
    pub fn stream(&self) -> RedactedStream {
        RedactedStream { redactor: self.clone(), flow: Flow::default() }
    }

    fn now(&self) -> Arc<Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor").field("values", &self.now().values.len()).finish()
    }
}

/// Takes known values out of a stream of bytes. What could be the beginning of one is held back until it is known
/// to be or not to be: always less than the longest form.
#[derive(Debug)]
pub struct RedactedStream {
    redactor: Redactor,
    flow: Flow,
}

impl RedactedStream {
    pub fn push(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        let known = self.redactor.now();
        if known.finder.is_none() {
            return bytes;
        }
        let mut redacted = Vec::with_capacity(bytes.len());
        self.flow.push(&known, &bytes, &mut redacted);
        redacted
    }

    /// Nothing follows. A beginning of a value that was held back is hidden, too, if it is [`SHORTEST`] or longer.
    pub fn finish(&mut self) -> Vec<u8> {
        let mut redacted = Vec::new();
        self.flow.finish(&self.redactor.now(), &mut redacted);
        redacted
    }
}

/// Forms may overlap, so every byte that belongs to any occurrence is covered, and each covered stretch is replaced
/// once.
#[derive(Default)]
struct Flow {
    held: Vec<u8>,
    /// The stretch that was replaced last reaches this far into what is held; `Some(0)`: exactly to its beginning.
    covered: Option<usize>,
}

impl fmt::Debug for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flow").field("held", &self.held.len()).finish_non_exhaustive()
    }
}

impl Flow {
    fn push(&mut self, known: &Known, bytes: &[u8], out: &mut Vec<u8>) {
        self.held.extend_from_slice(bytes);
        let keep = known.unfinished(&self.held);
        self.write(known, keep, out);
    }

    fn finish(&mut self, known: &Known, out: &mut Vec<u8>) {
        let from = known.unfinished(&self.held);
        let rest = &self.held[from..];
        let letters = Seen::of(rest).map_or(rest.len(), |seen| seen.bytes.len());
        let begun = (letters >= SHORTEST).then_some(from..self.held.len());
        self.write_with(known, begun, self.held.len(), out);
        *self = Flow::default();
    }

    fn write(&mut self, known: &Known, until: usize, out: &mut Vec<u8>) {
        self.write_with(known, None, until, out);
    }

    fn write_with(&mut self, known: &Known, more: Option<Range<usize>>, until: usize, out: &mut Vec<u8>) {
        let stretches = known.stretches(&self.held, self.covered, more);
        let mut at = 0;
        let mut covered = if until == 0 { self.covered } else { None };
        for (n, stretch) in stretches.into_iter().enumerate() {
            let was_replaced = n == 0 && self.covered.is_some();
            if stretch.start >= until && !was_replaced {
                break;
            }
            out.extend_from_slice(&self.held[at..stretch.start]);
            if !was_replaced {
                out.extend_from_slice(HIDDEN.as_bytes());
            }
            at = stretch.end.min(until);
            covered = stretch.end.checked_sub(until);
        }
        out.extend_from_slice(&self.held[at..until]);
        self.held.drain(..until);
        self.covered = covered;
    }
}

impl Known {
    /// From where on the bytes may be the beginning of a form that goes on in the next piece.
    fn unfinished(&self, bytes: &[u8]) -> usize {
        let Some(seen) = Seen::of(bytes) else { return self.begun(bytes) };
        let longest = self.forms.iter().map(Vec::len).max().unwrap_or(0) + MOST_ESCAPES;
        let from = seen.at.get(self.begun(&seen.bytes)).copied();
        from.filter(|from| bytes.len() - from < longest).unwrap_or(bytes.len())
    }

    fn begun(&self, bytes: &[u8]) -> usize {
        let begins = |form: &Vec<u8>| {
            let first = (bytes.len() + 1).saturating_sub(form.len());
            (first..bytes.len()).find(|at| bytes[*at] == form[0] && form.starts_with(&bytes[*at..]))
        };
        self.forms.iter().filter_map(begins).min().unwrap_or(bytes.len())
    }

    fn found(&self, bytes: &[u8]) -> Vec<Range<usize>> {
        let find = |bytes| self.finder.iter().flat_map(move |finder| finder.find_overlapping_iter(bytes));
        match Seen::of(bytes) {
            None => find(bytes).map(|found| found.range()).collect(),
            Some(seen) => {
                let back = |found: aho_corasick::Match| seen.at[found.start()]..seen.at[found.end() - 1] + 1;
                find(&seen.bytes).map(back).collect()
            }
        }
    }

    /// What is covered by occurrences, in order, those that touch as one. The first is what was covered before.
    fn stretches(
        &self,
        bytes: &[u8],
        covered: Option<usize>,
        more: Option<Range<usize>>,
    ) -> Vec<Range<usize>> {
        let mut all = self.found(bytes);
        all.extend(more);
        all.sort_unstable_by_key(|range| (range.start, range.end));
        let mut merged: Vec<Range<usize>> = covered.map(|end| 0..end).into_iter().collect();
        for range in all {
            match merged.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                Some(_) | None => merged.push(range),
            }
        }
        merged
    }
}

/// What a terminal shows of some bytes that have escapes among them, and where each byte of that stands.
struct Seen {
    bytes: Vec<u8>,
    at: Vec<usize>,
}

impl Seen {
    /// `None`: there are no escapes.
    fn of(bytes: &[u8]) -> Option<Seen> {
        if !bytes.contains(&ESCAPE) {
            return None;
        }
        let mut seen = Seen { bytes: Vec::with_capacity(bytes.len()), at: Vec::with_capacity(bytes.len()) };
        let mut at = 0;
        while at < bytes.len() {
            if bytes[at..].starts_with(b"\x1b[") {
                // Numbers, then one letter that says what to do with them.
                let numbers = bytes[at + 2..].iter().take_while(|byte| (0x20..0x40).contains(*byte));
                at += 2 + numbers.count() + 1;
            } else if bytes[at..] == [ESCAPE] {
                // What it escapes is yet to come.
                at += 1;
            } else {
                seen.bytes.push(bytes[at]);
                seen.at.push(at);
                at += 1;
            }
        }
        Some(seen)
    }
}
