//! The task that owns the stream, and the table of who waits for what.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use errand_base::{Code, Fault};
use errand_wire::{ClientFrame, Event, ServerFrame, WireError};
use serde_json::Value;
use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, AsyncWriteExt, WriteHalf};
use tokio::sync::{mpsc, oneshot, watch};

use super::lines::{self, Ended, MAX_LINE};

/// Events that may wait in one subscription before the connection stops reading.
const FEED_ROOM: usize = 256;

/// What a subscription finds in its channel. A channel that closes without `End` was cut off.
#[derive(Debug)]
pub(super) enum Item {
    Event(Event),
    Fault(Fault),
    End,
}

#[derive(Debug, Default)]
struct Table {
    calls: HashMap<u64, oneshot::Sender<Result<Value, Fault>>>,
    feeds: HashMap<u64, mpsc::Sender<Item>>,
    /// Why there is no connection any more.
    lost: Option<Fault>,
}

type Shared = Arc<Mutex<Table>>;

/// The handle to the task. The task holds the table but no `Link`, so it ends with the last of them.
#[derive(Clone, Debug)]
pub(super) struct Link {
    table: Shared,
    outgoing: mpsc::UnboundedSender<Vec<u8>>,
    next_id: Arc<AtomicU64>,
    closed: watch::Receiver<bool>,
}

impl Link {
    pub(super) fn open<R, S>(reader: R, writer: WriteHalf<S>) -> Link
    where
        R: AsyncBufRead + Unpin + Send + 'static,
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let table = Shared::default();
        let (outgoing, lines) = mpsc::unbounded_channel();
        let (closing, closed) = watch::channel(false);
        tokio::spawn(run(reader, writer, lines, table.clone(), closing));
        Link { table, outgoing, next_id: Arc::new(AtomicU64::new(1)), closed }
    }

    pub(super) fn send(&self, frame: &ClientFrame) -> Result<(), Fault> {
        let line = lines::to_line(frame).map_err(|error| {
            Fault::new(Code::Internal, format!("The request cannot be written as JSON: {error}."))
        })?;
        if line.len() > MAX_LINE {
            return Err(Fault::new(Code::BadUsage, "The request is larger than 16 MiB.")
                .hint("Put long text into a file and name the file instead."));
        }
        self.outgoing.send(line).map_err(|_| self.lost())
    }

    /// Registers a call before it is sent, so that even an immediate reply finds its place.
    pub(super) fn expect_reply(&self) -> Result<(u64, Reply), Fault> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = oneshot::channel();
        let mut table = lock(&self.table);
        if let Some(fault) = &table.lost {
            return Err(fault.clone());
        }
        table.calls.insert(id, sender);
        Ok((id, Reply { id, receiver, link: self.clone() }))
    }

    pub(super) fn expect_events(&self) -> (u64, mpsc::Receiver<Item>) {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = mpsc::channel(FEED_ROOM);
        let mut table = lock(&self.table);
        if table.lost.is_none() {
            table.feeds.insert(id, sender);
        }
        (id, receiver)
    }

    /// Says whether the subscription was still open.
    pub(super) fn forget_events(&self, id: u64) -> bool {
        lock(&self.table).feeds.remove(&id).is_some()
    }

    pub(super) fn lost(&self) -> Fault {
        lock(&self.table).lost.clone().unwrap_or_else(gone)
    }

    pub(super) async fn closed(&self) {
        // An error means that the task is gone, which is what we wait for.
        let _ = self.closed.clone().wait_for(|closed| *closed).await;
    }
}

/// A call under way. Dropping it forgets the call; the reply is then ignored when it comes.
pub(super) struct Reply {
    id: u64,
    receiver: oneshot::Receiver<Result<Value, Fault>>,
    link: Link,
}

impl Reply {
    pub(super) async fn wait(mut self) -> Result<Value, Fault> {
        match (&mut self.receiver).await {
            Ok(reply) => reply,
            Err(_) => Err(self.link.lost()),
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        lock(&self.link.table).calls.remove(&self.id);
    }
}

async fn run<R, S>(
    reader: R,
    writer: WriteHalf<S>,
    lines: mpsc::UnboundedReceiver<Vec<u8>>,
    table: Shared,
    closing: watch::Sender<bool>,
) where
    R: AsyncBufRead + Unpin,
    S: AsyncRead + AsyncWrite,
{
    let fault = tokio::select! {
        fault = read(reader, &table) => fault,
        () = write(writer, lines) => gone(),
    };
    let (calls, feeds) = {
        let mut table = lock(&table);
        table.lost = Some(fault.clone());
        (std::mem::take(&mut table.calls), std::mem::take(&mut table.feeds))
    };
    for call in calls.into_values() {
        let _ = call.send(Err(fault.clone()));
    }
    drop(feeds);
    let _ = closing.send(true);
}

/// Ends when the last handle is gone. A broken pipe does not end it: what the other side said before it left is
/// still being read, and reading finds the end by itself.
async fn write<S>(mut writer: WriteHalf<S>, mut lines: mpsc::UnboundedReceiver<Vec<u8>>)
where
    S: AsyncRead + AsyncWrite,
{
    let mut broken = false;
    while let Some(line) = lines.recv().await {
        broken = broken || writer.write_all(&line).await.is_err();
    }
}

async fn read<R>(mut reader: R, table: &Shared) -> Fault
where
    R: AsyncBufRead + Unpin,
{
    let mut line = Vec::new();
    loop {
        match lines::read_line(&mut reader, &mut line).await {
            Ok(()) => {}
            Err(Ended::Closed) => return gone(),
            Err(Ended::TooLong) => return broken_off("The engine sent a line of more than 16 MiB."),
        }
        match parse(&line) {
            Some(Some(frame)) => {
                if let Some(fault) = deliver(frame, table).await {
                    return fault;
                }
            }
            Some(None) => {}
            None => return broken_off("The engine sent something that is not of Errand's protocol."),
        }
    }
}

/// `None`: not a frame at all. `Some(None)`: a frame of a newer engine that this version may leave aside.
fn parse(line: &[u8]) -> Option<Option<ServerFrame>> {
    if let Ok(frame) = serde_json::from_slice(line) {
        return Some(Some(frame));
    }
    let value: Value = serde_json::from_slice(line).ok()?;
    if let Some(frame) = value.get("error") {
        let id = frame.get("id")?.as_u64()?;
        return Some(Some(ServerFrame::Error { id, error: fault_of(frame.get("error")?).into() }));
    }
    // An event kind that came later than this version.
    value.get("event")?.get("event")?.get("event")?.as_str()?;
    Some(None)
}

/// An error whose code may be newer than this list of codes still brings its sentence to the person.
pub(super) fn fault_of(value: &Value) -> Fault {
    if let Ok(error) = serde_json::from_value::<WireError>(value.clone()) {
        return error.into();
    }
    let text = |name| value.get(name).and_then(Value::as_str).filter(|text: &&str| !text.is_empty());
    let fault =
        Fault::new(Code::Internal, text("message").unwrap_or("The engine refused and did not say why."));
    match text("hint") {
        Some(hint) => fault.hint(hint),
        None => fault,
    }
}

async fn deliver(frame: ServerFrame, table: &Shared) -> Option<Fault> {
    match frame {
        ServerFrame::Ok { id, value } => {
            if let Some(call) = lock(table).calls.remove(&id) {
                let _ = call.send(Ok(value));
            }
        }
        // Ours begin with 1: this one is about the connection.
        ServerFrame::Error { id: 0, error } => return Some(error.into()),
        ServerFrame::Error { id, error } => {
            let (call, feed) = {
                let mut table = lock(table);
                (table.calls.remove(&id), table.feeds.remove(&id))
            };
            if let Some(call) = call {
                let _ = call.send(Err(error.into()));
            } else if let Some(feed) = feed {
                let _ = feed.send(Item::Fault(error.into())).await;
            }
        }
        ServerFrame::Event { id, event } => {
            let feed = lock(table).feeds.get(&id).cloned();
            if let Some(feed) = feed {
                let _ = feed.send(Item::Event(event)).await;
            }
        }
        ServerFrame::End { id } => {
            let feed = lock(table).feeds.remove(&id);
            if let Some(feed) = feed {
                let _ = feed.send(Item::End).await;
            }
        }
    }
    None
}

fn lock(table: &Shared) -> MutexGuard<'_, Table> {
    table.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn gone() -> Fault {
    Fault::new(Code::EngineUnreachable, "The engine has gone away.")
        .hint("Tasks that were handed over are kept. `errand start` starts the engine again.")
}

fn broken_off(why: &str) -> Fault {
    Fault::new(Code::EngineUnreachable, why)
        .hint("Restart Errand. If it happens again, `errand doctor` collects what a report needs.")
}
