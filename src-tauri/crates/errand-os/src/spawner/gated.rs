//! The supervisor's side of the gate.

use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use super::fds::{Received, receive};
use super::{Exit, StartFailure};
use crate::ProcessIdentity;
use crate::sandbox::scratch::Scratch;
use crate::sandbox::{Confined, Word, why_not};

/// A run that began with a gate.
pub struct Gated {
    /// None once the gate has closed it.
    socket: Option<OwnedFd>,
    identity: ProcessIdentity,
    wrapped: bool,
    stage: Stage,
    exit: Option<(Exit, Last)>,
    pub cpu: Duration,
    pub max_rss_kib: u64,
    /// Removed with this at the latest.
    scratch: Option<Scratch>,
}

enum Stage {
    Coming { confined: bool },
    Running,
    Failed(StartFailure),
    Told,
}

type Last = bool;

/// What the gate has come to.
pub enum Opening {
    /// The program runs or has run, and this was told before.
    Open,
    /// Just now.
    Opened(ProcessIdentity),
    Closed,
    /// It will not run; what is there has to go first.
    Failing,
    /// It will not run, and nothing is left.
    Failed(StartFailure),
}

impl Gated {
    pub fn over(confined: Confined, identity: ProcessIdentity) -> Gated {
        Gated {
            socket: Some(confined.socket),
            identity,
            wrapped: confined.wrapped,
            stage: Stage::Coming { confined: false },
            exit: None,
            cpu: Duration::ZERO,
            max_rss_kib: 0,
            scratch: confined.scratch,
        }
    }

    pub fn socket(&self) -> Option<&OwnedFd> {
        self.socket.as_ref()
    }

    /// The process that only stands for the program.
    pub fn wrapper(&self) -> Option<u32> {
        self.wrapped.then_some(self.identity.pid)
    }

    /// `gone`: no process is left. `ending`: its end was ordered.
    pub fn hear(&mut self, gone: bool, ending: bool) -> Opening {
        self.listen();
        match &self.stage {
            Stage::Running => {
                self.stage = Stage::Told;
                Opening::Opened(self.identity.clone())
            }
            Stage::Told => Opening::Open,
            Stage::Failed(_) if !gone => Opening::Failing,
            Stage::Failed(kind) => Opening::Failed(kind.clone()),
            Stage::Coming { .. } if !gone => Opening::Closed,
            Stage::Coming { .. } if ending => {
                Opening::Failed(StartFailure::Other("it was ended before it had begun".into()))
            }
            Stage::Coming { .. } => Opening::Failed(StartFailure::Other(why_not(self.wrapped))),
        }
    }

    /// Nothing of the program is left, and neither shall its temporary files be.
    pub fn clear(&mut self) {
        self.scratch = None;
    }

    fn listen(&mut self) {
        let mut buffer = [0; 8192];
        while let Some(socket) = &self.socket {
            match receive(socket.as_fd(), &mut buffer) {
                Ok(Received::Message(text)) => {
                    if let Ok(word) = serde_json::from_slice(text) {
                        self.take(word);
                    }
                }
                Ok(Received::NothingNow) => return,
                Ok(Received::End) | Err(_) => {
                    self.socket = None;
                    if matches!(self.stage, Stage::Coming { confined: true }) {
                        self.stage = Stage::Running;
                    }
                }
            }
        }
    }

    fn take(&mut self, word: Word) {
        match word {
            Word::Confined => self.stage = Stage::Coming { confined: true },
            Word::Started => self.stage = Stage::Running,
            Word::Failed { kind } => self.stage = Stage::Failed(kind),
            Word::Exited { exit, last, cpu, max_rss_kib } => {
                self.exit = Some((exit, last));
                (self.cpu, self.max_rss_kib) = (cpu, max_rss_kib);
            }
        }
    }

    /// How the program ended. `first`: how the first process did, which under bubblewrap is not the program.
    pub fn exit(&self, first: Option<Exit>) -> Option<Exit> {
        match (self.exit, first) {
            (_, first) if !self.wrapped => first,
            (Some((exit, false)), _) => Some(exit),
            // Only the gate and bubblewrap are left, and both are on their way out.
            (Some((_, true)), None) | (None, None) => None,
            (Some((exit, true)), Some(_)) => Some(exit),
            // Killed from outside, all at once: the gate had no time to tell.
            (None, Some(Exit::Code(code))) if code > 128 => Some(Exit::Signal(code - 128)),
            (None, Some(first)) => Some(first),
        }
    }
}
