//! Lines of JSON with an upper limit, so that a broken peer cannot fill the memory.

use serde::Serialize;
use tokio::io::{AsyncBufRead, AsyncBufReadExt};

/// The longest line either side accepts.
pub(crate) const MAX_LINE: usize = 16 * 1024 * 1024;

/// A buffer that once held a long line is given back above this size.
const KEEP: usize = 256 * 1024;

#[derive(Debug)]
pub(crate) enum Ended {
    /// Also when the stream breaks or stops in the middle of a line: half a frame is none.
    Closed,
    TooLong,
}

/// Reads one line without its newline into `line`, replacing what it held.
pub(crate) async fn read_line<R>(reader: &mut R, line: &mut Vec<u8>) -> Result<(), Ended>
where
    R: AsyncBufRead + Unpin,
{
    line.clear();
    line.shrink_to(KEEP);
    loop {
        let part = reader.fill_buf().await.map_err(|_| Ended::Closed)?;
        if part.is_empty() {
            return Err(Ended::Closed);
        }
        let end = part.iter().position(|byte| *byte == b'\n');
        let taken = end.unwrap_or(part.len());
        if line.len() + taken > MAX_LINE {
            return Err(Ended::TooLong);
        }
        line.extend_from_slice(&part[..taken]);
        reader.consume(end.map_or(taken, |end| end + 1));
        if end.is_some() {
            return Ok(());
        }
    }
}

/// One frame as a line with its newline.
pub(crate) fn to_line<T: Serialize>(frame: &T) -> Result<Vec<u8>, serde_json::Error> {
    let mut line = serde_json::to_vec(frame)?;
    line.push(b'\n');
    Ok(line)
}
