//! From a command's name to its body. Every surface comes through here.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use errand_base::{Clock, Code, Fault};
use errand_engine::{Engine, Seat};
use errand_os::Home;
use errand_store::Store;
use errand_wire::{Command, CommandName, Event, command, with_commands};
use serde_json::Value;

use crate::server::Boundary;
use tokio::sync::broadcast::{self, error::RecvError};

/// What the bodies of the commands work with.
#[derive(Clone)]
pub(crate) struct Api {
    pub engine: Engine,
    pub store: Store,
    pub home: Arc<Home>,
    pub clock: Arc<dyn Clock>,
    pub version: &'static str,
    pub headless: bool,
    /// The desktop app, where it is installed.
    pub desktop_binary: Option<Arc<Path>>,
    pub boundary: Arc<Boundary>,
    /// How many desktops are connected.
    pub desktops: Arc<AtomicUsize>,
    /// What concerns only those who listen now: windows to open, leaving.
    pub signals: broadcast::Sender<Event>,
    /// What this connection says about its windows.
    pub seat: Arc<Seat>,
}

/// Leaving is the last signal, so that nobody misses it by being slow.
pub(crate) fn is_leaving(signal: &Result<Event, RecvError>) -> bool {
    matches!(signal, Ok(Event::Quitting) | Err(RecvError::Closed))
}

/// What is left unanswered when the engine leaves. The caller finds it as it finds any engine that is not there.
pub(crate) fn gone() -> Fault {
    Fault::new(Code::EngineUnreachable, "The engine has left.")
        .hint("Tasks that were handed over are kept. `errand start` starts the engine again.")
}

/// A command's body.
pub(crate) trait Body: Command {
    fn run(api: &Api, params: Self::Params) -> impl Future<Output = Result<Self::Reply, Fault>> + Send;
}

pub(crate) async fn call(api: &Api, name: &str, params: Value) -> Result<Value, Fault> {
    let Some(name) = CommandName::parse(name) else {
        return Err(Fault::new(Code::BadUsage, format!("This version of Errand has no command “{name}”.")));
    };
    let redactor = api.engine.credentials().redactor().clone();
    macro_rules! route {
        ($($variant:ident $text:literal $params:ident => $reply:ident, $doc:literal;)*) => {
            match name { $(CommandName::$variant => run::<command::$variant>(api, params).await,)* }
        };
    }
    let reply: Result<Value, Fault> = with_commands!(route);
    reply.map_err(|fault| Fault {
        message: redactor.redact(&fault.message).into_owned(),
        hint: redactor.redact(&fault.hint).into_owned(),
        ..fault
    })
}

async fn run<C: Body>(api: &Api, params: Value) -> Result<Value, Fault> {
    let params = serde_json::from_value(params).map_err(|error| {
        // What is wrong with it may quote the secret value.
        let quiet = C::NAME == CommandName::CredentialSet.as_str();
        let why = if quiet { String::new() } else { format!(": {error}") };
        Fault::new(Code::BadUsage, format!("“{}” does not take that{why}.", C::NAME))
    })?;
    let reply = C::run(api, params).await?;
    serde_json::to_value(reply)
        .map_err(|error| Fault::new(Code::Internal, format!("The answer has no form: {error}.")))
}
