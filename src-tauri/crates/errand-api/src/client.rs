//! The caller's side of the person's socket: connect, call, subscribe.
//!
//! A [`Client`] is a handle that can be cloned; any number of calls and subscriptions share one connection. One
//! task owns the stream. It ends when the last handle is dropped or the other side goes away, and then every
//! pending call is told, so that nobody waits for an answer that cannot come.

mod connection;
mod hello;
pub(crate) mod lines;
mod subscription;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use errand_base::{Code, Fault};
use errand_wire::{ClientFrame, Command, Feed, Role, ServerHello};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};

use connection::Link;
pub use subscription::Subscription;

/// What this side calls itself in the hello.
const VERSION: &str = env!("CARGO_PKG_VERSION");

#[derive(Clone, Debug)]
pub struct Client {
    link: Link,
    hello: Arc<ServerHello>,
}

impl Client {
    /// Must be called on a tokio runtime; the connection lives on it as a task.
    pub async fn connect(socket: &Path, role: Role) -> Result<Client, Fault> {
        Client::find(socket, role)
            .await?
            .ok_or_else(|| Fault::new(Code::EngineUnreachable, "No engine is running."))
    }

    /// `None` when nobody listens, which is the one case in which starting an engine helps.
    pub async fn find(socket: &Path, role: Role) -> Result<Option<Client>, Fault> {
        match hello::dial(socket).await? {
            Some(stream) => Client::over(stream, role).await.map(Some),
            None => Ok(None),
        }
    }

    /// The same over a stream that is already there.
    pub async fn over<S>(stream: S, role: Role) -> Result<Client, Fault>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let (reader, writer) = tokio::io::split(stream);
        let mut reader = tokio::io::BufReader::new(reader);
        let mut writer = writer;
        let hello = hello::exchange(&mut reader, &mut writer, role, hello::PATIENCE).await?;
        Ok(Client { link: Link::open(reader, writer), hello: Arc::new(hello) })
    }

    /// Who answered.
    pub fn hello(&self) -> &ServerHello {
        &self.hello
    }

    /// A sentence for the person when the two sides are of different versions and still understand each other.
    pub fn version_note(&self) -> Option<String> {
        hello::version_note(&self.hello, VERSION)
    }

    pub async fn call<C: Command>(&self, params: C::Params) -> Result<C::Reply, Fault> {
        let params = serde_json::to_value(params).map_err(|error| unreadable(C::NAME, &error))?;
        let reply = self.call_raw(C::NAME, params).await?;
        serde_json::from_value(reply).map_err(|error| unreadable(C::NAME, &error))
    }

    /// A call whose reply is handed on as it is, also with fields that this version does not know.
    pub async fn call_raw(&self, command: &str, params: Value) -> Result<Value, Fault> {
        let (id, reply) = self.link.expect_reply()?;
        self.link.send(&ClientFrame::Call { id, command: command.into(), params })?;
        reply.wait().await
    }

    /// Starts at once. A refusal arrives as the first item of the subscription.
    ///
    /// Whoever holds a subscription reads it: the connection stops reading, also replies to calls, while the
    /// subscription is full. That is what keeps a flood of output from growing in memory.
    pub fn subscribe(&self, feed: Feed) -> Subscription {
        let (id, items) = self.link.expect_events();
        let subscription = Subscription::new(self.link.clone(), id, items);
        match self.link.send(&ClientFrame::Subscribe { id, feed }) {
            Ok(()) => subscription,
            Err(fault) => subscription.failed(fault),
        }
    }

    /// Returns when the connection is gone, which for an engine that was told to quit means that it has left.
    pub async fn closed(&self) {
        self.link.closed().await;
    }
}

fn unreadable(command: &str, error: &serde_json::Error) -> Fault {
    Fault::new(Code::VersionMismatch, format!("The engine's reply to “{command}” cannot be read: {error}."))
}
