//! The person's socket: the handshake, calls and feeds of one connection. What a command does is not known here.

mod boundary;
mod feed;
mod worker;

pub(crate) use boundary::Boundary;
pub(crate) use worker::WorkerDoor;

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use errand_base::{Code, Fault};
use errand_wire::{ClientFrame, ClientHello, PROTOCOL, Role, ServerFrame, ServerHello};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};

use crate::router::{self, Api};

/// A longer line is not a request.
const LONGEST_LINE: u64 = 16 * 1024 * 1024;
/// Frames that may wait for a slow reader before the feeds wait too.
const QUEUE: usize = 256;
/// Calls of one connection that are worked on at once.
const CALLS: usize = 128;
/// How long a slow caller may delay leaving.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Accepts connections until the engine leaves, then lets every connection send what it still owes.
pub(crate) async fn serve(listener: UnixListener, api: Api, mut leaving: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = leaving.wait_for(|leaving| *leaving) => break,
            Some(_) = connections.join_next() => continue,
        };
        match accepted {
            Ok((stream, _)) => {
                let api = api.clone();
                let leaving = leaving.clone();
                connections.spawn(async move {
                    if let Err(error) = connection(stream, api, leaving).await {
                        tracing::debug!(%error, "a connection ended");
                    }
                });
            }
            Err(error) => {
                // Out of file descriptors, most likely. Connections that end make room.
                tracing::warn!(%error, "could not accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    let last_words = async { while connections.join_next().await.is_some() {} };
    drop(tokio::time::timeout(LAST_WORDS, last_words).await);
}

async fn connection(stream: UnixStream, api: Api, mut leaving: watch::Receiver<bool>) -> io::Result<()> {
    // The folder is closed to others already; this also holds where somebody opened it.
    if stream.peer_cred()?.uid() != errand_os::own_uid() {
        return Ok(());
    }
    let peer = api.boundary.check_person(stream.peer_cred()?.pid());
    let (read, mut write) = stream.into_split();
    if let Err(fault) = peer {
        let refusal = ServerFrame::Error { id: 0, error: fault.into() };
        return send_line(&mut write, &refusal).await;
    }
    let mut lines = Lines::new(read);
    let Some(first) = lines.next().await? else { return Ok(()) };
    let hello = match greet(&first, &api) {
        Ok(hello) => hello,
        Err(fault) => {
            let refusal = ServerFrame::Error { id: 0, error: fault.into() };
            return send_line(&mut write, &refusal).await;
        }
    };
    send_line(&mut write, &hello.1).await?;
    let _present = (hello.0 == Role::Desktop).then(|| Presence::new(api.desktops.clone()));

    let api = Api { seat: Arc::new(api.engine.outbox().seat()), ..api };
    let (frames, queue) = mpsc::channel(QUEUE);
    let writer = tokio::spawn(write_frames(write, queue));
    let mut work = JoinSet::new();
    let read = tokio::select! {
        result = read_frames(&mut lines, &api, &frames, &mut work) => Some(result),
        _ = leaving.wait_for(|leaving| *leaving) => None,
    };
    match read {
        // The caller is gone. What was asked for is carried out by the engine all the same; only the waiting stops.
        Some(_) => work.shutdown().await,
        // Nothing is asked any more. What was gets its answer, also the call that made us leave; feeds and waits
        // hear of the leaving and end by themselves.
        None => while work.join_next().await.is_some() {},
    }
    drop(frames);
    // What was answered still goes out, for example the reply to the call that came last.
    drop(writer.await);
    read.unwrap_or(Ok(()))
}

fn greet(line: &str, api: &Api) -> Result<(Role, ServerHello), Fault> {
    let hello: ClientHello = serde_json::from_str(line).map_err(|_| {
        Fault::new(Code::VersionMismatch, "The first line was not a greeting this version knows.")
    })?;
    if hello.protocol != PROTOCOL {
        let text = format!(
            "The engine is Errand {} (protocol {PROTOCOL}), the caller Errand {} (protocol {}).",
            api.version, hello.version, hello.protocol
        );
        // Not by a command: that would meet this refusal as well.
        let hint = format!(
            "Quit Errand from its tray menu, or end process {}, and start it again.",
            std::process::id()
        );
        return Err(Fault::new(Code::VersionMismatch, text).hint(hint));
    }
    let reply = ServerHello {
        protocol: PROTOCOL,
        version: api.version.to_owned(),
        pid: std::process::id(),
        headless: api.headless,
    };
    Ok((hello.role, reply))
}

async fn read_frames(
    lines: &mut Lines,
    api: &Api,
    frames: &mpsc::Sender<ServerFrame>,
    work: &mut JoinSet<()>,
) -> io::Result<()> {
    let mut feeds: HashMap<u64, AbortHandle> = HashMap::new();
    let room = Arc::new(Semaphore::new(CALLS));
    while let Some(line) = lines.next().await? {
        while work.try_join_next().is_some() {}
        let frame = match serde_json::from_str(&line) {
            Ok(frame) => frame,
            Err(error) => {
                let fault = Fault::new(Code::BadUsage, format!("The request could not be read: {error}."));
                let refusal = ServerFrame::Error { id: 0, error: fault.into() };
                if frames.send(refusal).await.is_err() {
                    break;
                }
                continue;
            }
        };
        match frame {
            ClientFrame::Call { id, command, params } => {
                let Ok(permit) = room.clone().acquire_owned().await else { break };
                let api = api.clone();
                let frames = frames.clone();
                work.spawn(async move {
                    let reply = match router::call(&api, &command, params).await {
                        Ok(value) => ServerFrame::Ok { id, value },
                        Err(fault) => ServerFrame::Error { id, error: fault.into() },
                    };
                    drop(frames.send(reply).await);
                    drop(permit);
                });
            }
            ClientFrame::Subscribe { id, feed } => {
                let handle = work.spawn(feed::run(api.clone(), id, feed, frames.clone()));
                if let Some(earlier) = feeds.insert(id, handle) {
                    earlier.abort();
                }
            }
            ClientFrame::Unsubscribe { id } => {
                if let Some(feed) = feeds.remove(&id) {
                    feed.abort();
                }
            }
        }
    }
    Ok(())
}

async fn write_frames(mut write: OwnedWriteHalf, mut queue: mpsc::Receiver<ServerFrame>) -> io::Result<()> {
    let mut buffer = Vec::new();
    while let Some(frame) = queue.recv().await {
        buffer.clear();
        encode(&frame, &mut buffer)?;
        while let Ok(frame) = queue.try_recv() {
            encode(&frame, &mut buffer)?;
            if buffer.len() > 256 * 1024 {
                break;
            }
        }
        write.write_all(&buffer).await?;
    }
    write.shutdown().await
}

fn encode(frame: &impl serde::Serialize, buffer: &mut Vec<u8>) -> io::Result<()> {
    serde_json::to_writer(&mut *buffer, frame)?;
    buffer.push(b'\n');
    Ok(())
}

pub(crate) async fn send_line(write: &mut OwnedWriteHalf, frame: &impl serde::Serialize) -> io::Result<()> {
    let mut buffer = Vec::new();
    encode(frame, &mut buffer)?;
    write.write_all(&buffer).await
}

/// Lines with an upper bound, so that a caller cannot fill the engine's memory.
pub(crate) struct Lines {
    read: BufReader<OwnedReadHalf>,
}

impl Lines {
    pub(crate) fn new(read: OwnedReadHalf) -> Lines {
        Lines { read: BufReader::with_capacity(16 * 1024, read) }
    }

    pub(crate) async fn next(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        let count = (&mut self.read).take(LONGEST_LINE).read_until(b'\n', &mut line).await?;
        if count == 0 {
            return Ok(None);
        }
        if line.last() != Some(&b'\n') {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a line without an end, or too long"));
        }
        line.pop();
        String::from_utf8(line).map(Some).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }
}

/// Counts the desktops that listen, for as long as their connection lives.
struct Presence(Arc<AtomicUsize>);

impl Presence {
    fn new(count: Arc<AtomicUsize>) -> Presence {
        count.fetch_add(1, Ordering::SeqCst);
        Presence(count)
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
