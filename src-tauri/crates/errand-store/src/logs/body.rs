//! How lines stand in a chunk: stream (1 byte), time (8), length (2), bytes; one after the other. A line of the same
//! time as the one before has no time, which the first byte says. The first line of a chunk always has one, so that
//! chunks can be joined by putting them together.

use errand_base::Timestamp;

use super::Stream;

/// Longer lines are split.
pub(super) const LINE: usize = 16 << 10;

/// Added to the stream of a line that has the time of the line before.
const SAME_TIME: u8 = 0x80;

pub(super) struct Line<'a> {
    pub stream: Stream,
    pub at: Timestamp,
    pub bytes: &'a [u8],
}

/// Cuts at line ends and at the longest length; each piece keeps its line end.
pub(super) fn pieces(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n').flat_map(|line| line.chunks(LINE))
}

/// `before`: the time of the line before in the same chunk. In a flood thousands of lines share one.
pub(super) fn encode(body: &mut Vec<u8>, line: &Line<'_>, before: Option<Timestamp>) {
    let stream: u8 = match line.stream {
        Stream::Out => 0,
        Stream::Err => 1,
        Stream::Note => 2,
        Stream::Aside => 3,
    };
    if before == Some(line.at) {
        body.push(stream | SAME_TIME);
    } else {
        body.push(stream);
        body.extend_from_slice(&line.at.as_millis().to_le_bytes());
    }
    body.extend_from_slice(&(line.bytes.len() as u16).to_le_bytes());
    body.extend_from_slice(line.bytes);
}

/// Ends at the first thing that is no line: the rest of a damaged chunk is lost, and nothing more.
pub(super) fn decode(mut body: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let mut at = Timestamp::default();
    std::iter::from_fn(move || {
        let (&[stream], mut rest) = body.split_first_chunk::<1>()?;
        if stream & SAME_TIME == 0 {
            let time;
            (time, rest) = rest.split_first_chunk::<8>()?;
            at = Timestamp::from_millis(i64::from_le_bytes(*time));
        }
        let (&[low, high], rest) = rest.split_first_chunk::<2>()?;
        let stream = match stream & !SAME_TIME {
            0 => Stream::Out,
            1 => Stream::Err,
            2 => Stream::Note,
            3 => Stream::Aside,
            _ => return None,
        };
        let (bytes, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes([low, high])))?;
        body = rest;
        Some(Line { stream, at, bytes })
    })
}
