use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use errand_model::Exit;
use errand_os::{Home, Launch, Output, Process, ProcessEvent, read_now};

use super::output::{readable, take};
use super::turn::{self, Files};
use super::{Starter, end_adopted, normalize};
use crate::{End, Request, Session, SessionEvent, Stream};

/// A run: the process of its turn, and the next ones.
pub(super) struct ScriptSession {
    starter: Starter,
    /// `None`: a command that takes no turns.
    files: Option<Files>,
    /// What each turn starts.
    launch: Launch,
    home: Home,
    /// `None` between two turns.
    process: Option<Process>,
    stdout: Option<Output>,
    stderr: Option<Output>,
    /// What is told once everything printed before it has been delivered.
    told_last: Option<ProcessEvent>,
    /// Its process has ended with a response; told once none of the turn's processes is left.
    turn: Option<TurnEnd>,
    next: Option<Box<Request>>,
    /// Told to end between two turns.
    end: bool,
    scratch: Vec<u8>,
}

struct TurnEnd {
    exit: Exit,
    cpu: Duration,
    max_rss_kib: u64,
    bytes: Vec<u8>,
}

impl Session for ScriptSession {
    fn next(&mut self) -> Pin<Box<dyn Future<Output = SessionEvent> + Send + '_>> {
        Box::pin(self.next_event())
    }

    fn prompt(&mut self, turn: Box<Request>) {
        self.next = Some(turn);
    }

    fn end(&mut self, _how: End) {
        self.end = true;
        if let Some(process) = &mut self.process {
            process.end();
        }
    }
}

impl ScriptSession {
    pub fn new(
        starter: Starter,
        process: Process,
        files: Option<Files>,
        launch: Launch,
        home: Home,
    ) -> ScriptSession {
        let mut session = ScriptSession {
            starter,
            files,
            launch,
            home,
            process: None,
            stdout: None,
            stderr: None,
            told_last: None,
            turn: None,
            next: None,
            end: false,
            scratch: Vec::new(),
        };
        session.follow(process);
        session
    }

    fn follow(&mut self, mut process: Process) {
        (self.stdout, self.stderr) = (process.stdout.take(), process.stderr.take());
        if self.end {
            process.end();
        }
        self.process = Some(process);
    }

    async fn next_event(&mut self) -> SessionEvent {
        loop {
            if self.told_last.is_some() {
                if let Some(output) = self.take_output() {
                    return output;
                }
                if let Some(event) = self.told_last.take()
                    && let Some(event) = self.last_word(event)
                {
                    return event;
                }
            }
            let Some(process) = &mut self.process else {
                match self.between_turns().await {
                    Some(event) => return event,
                    None => continue,
                }
            };
            tokio::select! {
                biased;
                event = process.next() => match event {
                    ProcessEvent::Started { .. } | ProcessEvent::Stuck { .. } => return normalize::event(event),
                    ProcessEvent::SupervisorDied => {
                        // First: whoever stops waiting for us here must still hear of it.
                        self.told_last = Some(event);
                        end_adopted(&self.home).await;
                    }
                    // What it printed is in the pipes already, noticed by the runtime or not; it comes first.
                    last => self.told_last = Some(last),
                },
                () = readable(&self.stdout) => {
                    if let Some(output) = take(&mut self.stdout, Stream::Output, &mut self.scratch, Output::try_read) {
                        return output;
                    }
                }
                () = readable(&self.stderr) => {
                    if let Some(output) = take(&mut self.stderr, Stream::Errors, &mut self.scratch, Output::try_read) {
                        return output;
                    }
                }
            }
        }
    }

    /// No process is there: starts the next turn when there is one.
    async fn between_turns(&mut self) -> Option<SessionEvent> {
        if self.end {
            return Some(SessionEvent::Gone);
        }
        let Some(next) = &self.next else { return std::future::pending().await };
        let Some(files) = &self.files else { return std::future::pending().await };
        let started = match turn::prepare(files, &self.launch, Some(next.clone())) {
            Ok(launch) => self.starter.begin(launch).await,
            Err(error) => Err(error),
        };
        self.next = None;
        match started {
            Ok(process) => {
                self.follow(process);
                None
            }
            Err(error) => Some(SessionEvent::StartFailed(error)),
        }
    }

    /// An end with a response is the end of a turn, and comes when nothing of the turn is left.
    fn last_word(&mut self, event: ProcessEvent) -> Option<SessionEvent> {
        let over = event.is_last();
        let told = match (normalize::event(event), self.turn.take()) {
            (SessionEvent::Exited { exit, gone, cpu, max_rss_kib, checks }, _) => match self.response() {
                None => Some(SessionEvent::Exited { exit, gone, cpu, max_rss_kib, checks }),
                Some(bytes) if gone => Some(turn_ended(TurnEnd { exit, cpu, max_rss_kib, bytes })),
                Some(bytes) => {
                    self.turn = Some(TurnEnd { exit, cpu, max_rss_kib, bytes });
                    None
                }
            },
            (SessionEvent::Gone, Some(turn)) => Some(turn_ended(turn)),
            (event, turn) => {
                self.turn = turn;
                Some(event)
            }
        };
        if over {
            (self.process, self.stdout, self.stderr) = (None, None, None);
        }
        told
    }

    fn response(&self) -> Option<Vec<u8>> {
        self.files.as_ref().and_then(Files::response)
    }

    fn take_output(&mut self) -> Option<SessionEvent> {
        take(&mut self.stdout, Stream::Output, &mut self.scratch, read_now)
            .or_else(|| take(&mut self.stderr, Stream::Errors, &mut self.scratch, read_now))
    }
}

fn turn_ended(turn: TurnEnd) -> SessionEvent {
    let TurnEnd { exit, cpu, max_rss_kib, bytes } = turn;
    let response = turn::read(&bytes);
    SessionEvent::TurnEnded { exit, response, cpu, max_rss_kib, checks: Vec::new(), tools: Vec::new() }
}
