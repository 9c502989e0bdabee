//! One command around a run, from its start until no process of it is left.

use std::collections::VecDeque;
use std::time::Duration;

use errand_base::say_duration;
use errand_model::{Exit, Part, StartError, ToolCall};
use tokio::time::{Instant, sleep_until};

use crate::tools::LONGEST_OUTPUT;
use crate::{End, Session, SessionEvent, Starting, Stream};

/// How much of its last words is kept for the verdict.
const LAST_WORDS: usize = 4 * 1024;

/// What a command is for.
pub(super) struct Label {
    pub part: Part,
    pub command: String,
    pub tool: Option<ToolCall>,
}

pub(super) struct Running {
    /// Given back with the verdict.
    label: Option<Label>,
    keep: usize,
    left_out: bool,
    state: State,
    exit: Option<Exit>,
    said: VecDeque<u8>,
    limit: Duration,
    deadline: Instant,
    overdue: bool,
    told_to_end: bool,
}

enum State {
    Starting(Starting<'static>),
    Live(Box<dyn Session>),
}

pub(super) enum Said {
    Event(SessionEvent),
    /// What it has printed, or why it failed.
    Over {
        label: Label,
        verdict: Result<String, String>,
    },
}

impl Running {
    pub fn new(label: Label, starting: Starting<'static>, limit: Duration) -> Running {
        Running {
            keep: if label.tool.is_some() { LONGEST_OUTPUT } else { LAST_WORDS },
            label: Some(label),
            left_out: false,
            state: State::Starting(starting),
            exit: None,
            said: VecDeque::new(),
            limit,
            deadline: Instant::now() + limit,
            overdue: false,
            told_to_end: false,
        }
    }

    pub fn end(&mut self) {
        self.told_to_end = true;
        if let State::Live(session) = &mut self.state {
            session.end(End::Ordered);
        }
    }

    /// May be dropped and called again without losing anything.
    pub async fn next(&mut self) -> Said {
        loop {
            let session = match &mut self.state {
                State::Starting(starting) => match starting.await {
                    Ok(mut session) => {
                        if self.told_to_end {
                            session.end(End::Ordered);
                        }
                        self.state = State::Live(session);
                        continue;
                    }
                    Err(error) => return self.over(Err(say_start(&error))),
                },
                State::Live(session) => session,
            };
            let event = tokio::select! {
                biased;
                event = session.next() => event,
                () = sleep_until(self.deadline), if !self.overdue => {
                    self.overdue = true;
                    session.end(End::Ordered);
                    continue;
                }
            };
            match event {
                SessionEvent::Output { bytes, .. } => {
                    self.said.extend(&bytes);
                    let over = self.said.len().saturating_sub(self.keep);
                    self.said.drain(..over);
                    self.left_out |= over > 0;
                    return Said::Event(SessionEvent::Output { stream: Stream::Aside, bytes });
                }
                SessionEvent::Exited { exit, gone, .. } => {
                    self.exit = Some(exit);
                    if gone {
                        return self.ended();
                    }
                }
                SessionEvent::Gone => return self.ended(),
                SessionEvent::StartFailed(error) => return self.over(Err(say_start(&error))),
                SessionEvent::Lost => return self.over(Err("its supervisor was killed".to_owned())),
                stuck @ SessionEvent::Stuck { .. } => return Said::Event(stuck),
                // The process of the run is another one, and a command says no more than how it ended.
                SessionEvent::Started { .. }
                | SessionEvent::TurnEnded { .. }
                | SessionEvent::Aside(_)
                | SessionEvent::Asks(_)
                | SessionEvent::Checked(_)
                | SessionEvent::WindUpFailed(_) => {}
            }
        }
    }

    fn ended(&mut self) -> Said {
        let why = match self.exit {
            _ if self.overdue => format!("took longer than {}", say_duration(self.limit)),
            Some(exit) if exit.is_success() => {
                let said = self.words();
                return self.over(Ok(said));
            }
            Some(Exit::Code(code)) => format!("exit code {code}"),
            Some(Exit::Signal(signal)) => format!("ended by signal {signal}"),
            None => "nobody saw how it ended".to_owned(),
        };
        let said = self.words();
        let verdict = match said.trim() {
            "" => why,
            said => format!("{why}\n{said}"),
        };
        self.over(Err(verdict))
    }

    fn words(&self) -> String {
        let said: Vec<u8> = self.said.iter().copied().collect();
        let said = String::from_utf8_lossy(&said).into_owned();
        if self.left_out { format!("… the beginning is left out\n{said}") } else { said }
    }

    fn over(&mut self, verdict: Result<String, String>) -> Said {
        match self.label.take() {
            Some(label) => Said::Over { label, verdict },
            // It was told already; nothing new can be said of it.
            None => Said::Event(SessionEvent::Aside(None)),
        }
    }
}

fn say_start(error: &StartError) -> String {
    match error {
        StartError::ProgramMissing => "there is no such program".to_owned(),
        StartError::FolderMissing => "its folder is gone".to_owned(),
        StartError::Preflight(words)
        | StartError::BeforeRun(words)
        | StartError::Credential(words)
        | StartError::Other(words) => words.clone(),
    }
}
