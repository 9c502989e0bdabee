//! The first line each way, and what can be wrong with it.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use errand_base::{Code, Fault};
use errand_wire::{ClientHello, PROTOCOL, Role, ServerHello};
use serde_json::Value;
use tokio::io::{AsyncBufRead, AsyncWrite, AsyncWriteExt};
use tokio::net::UnixStream;

use super::VERSION;
use super::connection::fault_of;
use super::lines::{self, Ended};

/// An engine that listens but does not answer is stuck; waiting longer would only hide it.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

const CROWD_TRIES: u32 = 400;
const CROWD_PAUSE: Duration = Duration::from_millis(5);

pub(super) async fn exchange<R, W>(
    reader: &mut R,
    writer: &mut W,
    role: Role,
    patience: Duration,
) -> Result<ServerHello, Fault>
where
    R: AsyncBufRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let greet = async {
        let hello = ClientHello { protocol: PROTOCOL, version: VERSION.into(), role };
        let line = lines::to_line(&hello).map_err(|_| garbled())?;
        // An engine that refuses may close before it has read our hello. What it said is still there to read.
        let _ = writer.write_all(&line).await;
        let mut answer = Vec::new();
        lines::read_line(reader, &mut answer).await.map_err(|ended| match ended {
            Ended::Closed => no_hello(),
            Ended::TooLong => garbled(),
        })?;
        understand(&answer)
    };
    match tokio::time::timeout(patience, greet).await {
        Ok(hello) => hello,
        Err(_) => {
            Err(Fault::new(Code::EngineUnreachable, "The engine accepts connections but does not answer.")
                .hint("`errand doctor` looks at what can be wrong."))
        }
    }
}

fn understand(line: &[u8]) -> Result<ServerHello, Fault> {
    let value: Value = serde_json::from_slice(line).map_err(|_| garbled())?;
    if let Some(error) = value.get("error").and_then(|frame| frame.get("error")) {
        return Err(fault_of(error));
    }
    // The number alone decides. The rest of a foreign hello need not even have the same fields.
    let protocol = value.get("protocol").and_then(Value::as_u64).ok_or_else(garbled)?;
    if protocol != u64::from(PROTOCOL) {
        return Err(mismatch(protocol, &value));
    }
    serde_json::from_value(value).map_err(|_| garbled())
}

fn mismatch(protocol: u64, hello: &Value) -> Fault {
    let age = if protocol < u64::from(PROTOCOL) { "older" } else { "newer" };
    let version = hello.get("version").and_then(Value::as_str).unwrap_or("unknown");
    let process = match hello.get("pid").and_then(Value::as_u64) {
        Some(pid) => format!(" (process {pid})"),
        None => String::new(),
    };
    Fault::new(
        Code::VersionMismatch,
        format!(
            "The running engine is {age} than this program: it has version {version}, this is {VERSION}."
        ),
    )
    // `errand quit` would meet the same refusal, so it is not what this proposes.
    .hint(format!("Quit Errand from its tray menu or end the engine{process}, then start it again."))
}

pub(super) fn version_note(hello: &ServerHello, own: &str) -> Option<String> {
    (hello.version != own).then(|| {
        format!(
            "the running engine has version {}, this program has {own}; restart it when it suits",
            hello.version
        )
    })
}

/// `None` when there is no socket, or one that a dead engine has left behind.
pub(super) async fn dial(socket: &Path) -> Result<Option<UnixStream>, Fault> {
    let unusable = |why: String| {
        Fault::new(Code::EngineUnreachable, format!("The engine's socket {} {why}.", socket.display()))
    };
    for _ in 0..CROWD_TRIES {
        match UnixStream::connect(socket).await {
            Ok(stream) => return Ok(Some(stream)),
            Err(error) => match error.kind() {
                ErrorKind::NotFound | ErrorKind::ConnectionRefused => return Ok(None),
                // So many connect at once that the queue of the listener is full.
                ErrorKind::WouldBlock => tokio::time::sleep(CROWD_PAUSE).await,
                ErrorKind::PermissionDenied => {
                    return Err(unusable("belongs to somebody else".into())
                        .hint("Run the command as the person whose Errand it is."));
                }
                _ => return Err(unusable(format!("cannot be used: {error}"))),
            },
        }
    }
    Err(unusable("takes no more connections".into()).hint("Try again in a moment."))
}

fn no_hello() -> Fault {
    Fault::new(Code::EngineUnreachable, "The engine closed the connection before it said anything.")
        .hint("It may just be starting or leaving. Try again in a moment.")
}

fn garbled() -> Fault {
    Fault::new(Code::VersionMismatch, "What answers on the engine's socket does not speak Errand's protocol.")
}
