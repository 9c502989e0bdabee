use std::io;

use errand_os::Output;

use crate::{SessionEvent, Stream};

/// What is read at once. A pipe holds no more by default.
const PIECE: usize = 64 * 1024;

pub(super) async fn readable(output: &Option<Output>) {
    match output {
        // An error shows again in the read.
        Some(output) => drop(output.readable().await),
        None => std::future::pending().await,
    }
}

/// Reads what is there; a stream that has ended is dropped.
pub(super) fn take(
    output: &mut Option<Output>,
    stream: Stream,
    scratch: &mut Vec<u8>,
    read: impl Fn(&Output, &mut [u8]) -> io::Result<usize>,
) -> Option<SessionEvent> {
    let open = output.as_ref()?;
    scratch.resize(PIECE, 0);
    match read(open, scratch) {
        Ok(0) => {
            *output = None;
            None
        }
        Ok(count) => Some(SessionEvent::Output { stream, bytes: scratch[..count].to_vec() }),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
        Err(_) => {
            *output = None;
            None
        }
    }
}
