//! What is done around a run: it is prepared, "done" is checked before it is believed, and in the end it is cleaned
//! up. Whatever kind of agent works in the middle does not notice.

mod asking;
mod command;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use errand_model::approval::Verdict;
use errand_model::{
    Around, Check, Command, Exit, Part, Response, StartError, Status, ToolCall, ToolResult, say_command,
};

use crate::weigh::{Expected, Scales, Weighed};
use crate::{End, Request, Session, SessionEvent, Starting, tools};
use asking::{Asking, Called};
use command::{Running, Said};

/// Starts commands where the run is: in its folder, with its environment, behind the same walls.
pub(crate) trait Commands: Send + Sync {
    fn start(&self, part: Part, command: Command) -> Starting<'static>;

    /// What to start for a tool call, and how long it may take; or why nothing is.
    fn plan(
        &self,
        n: usize,
        call: &ToolCall,
        expected: Option<Expected>,
    ) -> Result<(Command, Option<Duration>), String>;

    /// What tool calls are weighed against; none where all are carried out as they come.
    fn scales(&self) -> Option<Arc<Scales>> {
        None
    }
}

/// A run with what is around it.
pub(crate) struct Guarded {
    around: Around,
    commands: Box<dyn Commands>,
    scales: Option<Arc<Scales>>,
    /// Begins the work, once it is prepared.
    begin: Option<Starting<'static>>,
    work: Option<Box<dyn Session>>,
    batch: Option<Batch>,
    /// Told as soon as somebody listens.
    told: VecDeque<SessionEvent>,
    /// The work's own process has ended well; its success is looked at when nothing of it is left.
    ended: Option<Ended>,
    /// What the work said while it was being checked.
    held: Option<SessionEvent>,
    /// It came as far as `before_run`, so `after_run` is due.
    prepared: bool,
    handed_over: bool,
    ending: Option<End>,
    over: bool,
    /// How many requests it has made.
    asked: u32,
}

/// Commands that follow each other, and what for.
struct Batch {
    what: What,
    left: VecDeque<Job>,
    current: Option<Running>,
    checks: Vec<Check>,
    tools: Vec<ToolResult>,
    failed: Option<(Part, String)>,
    /// Cut off: what it has found is worth nothing.
    aborted: bool,
    asking: Asking,
}

enum Job {
    Command(Part, Command),
    Tool(Box<Called>),
}

enum What {
    Open,
    /// The work says through its socket that it is done, and waits.
    Finish,
    Ended(Ended),
    Turn(TurnEnd),
    /// What is told when it is through.
    Close(Box<SessionEvent>),
}

struct Ended {
    exit: Exit,
    cpu: Duration,
    max_rss_kib: u64,
}

struct TurnEnd {
    exit: Exit,
    response: Box<Response>,
    cpu: Duration,
    max_rss_kib: u64,
}

enum Heard {
    Command(Said),
    Work(SessionEvent),
    Begun(Result<Box<dyn Session>, StartError>),
    Weights(Result<Weighed, tokio::task::JoinError>),
}

impl Session for Guarded {
    fn next(&mut self) -> Pin<Box<dyn Future<Output = SessionEvent> + Send + '_>> {
        Box::pin(self.next_event())
    }

    fn prompt(&mut self, turn: Box<Request>) {
        if let Some(work) = &mut self.work {
            work.prompt(turn);
        }
    }

    fn end(&mut self, how: End) {
        self.ending = self.ending.max(Some(how));
        let closing = self.batch.as_ref().is_some_and(|batch| matches!(batch.what, What::Close(_)));
        if !closing || how == End::Now {
            self.abort();
        }
        if let Some(work) = &mut self.work {
            work.end(how);
        }
    }

    fn check(&mut self) {
        match &self.batch {
            // Whoever asks now gets the same answer.
            Some(Batch { what: What::Finish, .. }) => {}
            None if self.work.is_some() && self.ending.is_none() && !self.over => {
                self.open_batch(What::Finish, &[Part::StopCheck]);
            }
            Some(_) | None => self.told.push_back(SessionEvent::Checked(vec![cut_off()])),
        }
    }

    fn decide(&mut self, ask: u32, verdicts: Vec<Verdict>, why: Option<String>) {
        self.decided(ask, &verdicts, why);
    }

    fn handed_over(&mut self) {
        self.handed_over = true;
    }
}

impl Guarded {
    /// `begin` is polled only when everything that comes before the work has succeeded.
    pub fn new(around: Around, commands: Box<dyn Commands>, begin: Starting<'static>) -> Guarded {
        let mut guarded = Guarded::empty(around, commands);
        guarded.begin = Some(begin);
        guarded.open_batch(What::Open, &[Part::Preflight, Part::BeforeRun]);
        guarded
    }

    /// Around work that nothing comes before.
    pub fn begun(around: Around, commands: Box<dyn Commands>, work: Box<dyn Session>) -> Guarded {
        Guarded { work: Some(work), prepared: true, ..Guarded::empty(around, commands) }
    }

    fn empty(around: Around, commands: Box<dyn Commands>) -> Guarded {
        Guarded {
            around,
            scales: commands.scales(),
            commands,
            begin: None,
            work: None,
            batch: None,
            told: VecDeque::new(),
            ended: None,
            held: None,
            prepared: false,
            handed_over: false,
            ending: None,
            over: false,
            asked: 0,
        }
    }

    async fn next_event(&mut self) -> SessionEvent {
        loop {
            if let Some(event) = self.told.pop_front() {
                return event;
            }
            if self.over {
                return std::future::pending().await;
            }
            if let Some(batch) = self.batch.take_if(|batch| batch.current.is_none() && !batch.asking.waits())
            {
                self.advance(batch);
                continue;
            }
            let preparing = self.batch.is_some();
            let heard = tokio::select! {
                biased;
                heard = of_batch(&mut self.batch) => heard,
                event = next_of(&mut self.work), if self.held.is_none() => Heard::Work(event),
                begun = begun(&mut self.begin), if !preparing => Heard::Begun(begun),
            };
            match heard {
                Heard::Command(said) => self.hear_command(said),
                Heard::Weights(weights) => self.hear_weights(weights),
                Heard::Work(event) => self.hear_work(event),
                Heard::Begun(begun) => {
                    self.begin = None;
                    match begun {
                        Ok(mut work) => {
                            if let Some(how) = self.ending {
                                work.end(how);
                            }
                            self.work = Some(work);
                        }
                        Err(error) => self.close(SessionEvent::StartFailed(error)),
                    }
                }
            }
        }
    }

    fn open_batch(&mut self, what: What, parts: &[Part]) {
        let commands = parts.iter().flat_map(|part| {
            let commands = self.around.of(*part).iter();
            commands.map(|command| Job::Command(*part, command.clone()))
        });
        self.batch = Some(Batch::new(what, commands.collect()));
    }

    /// The next command of a batch, or what follows from it.
    fn advance(&mut self, mut batch: Batch) {
        let Some(job) = batch.left.pop_front() else { return self.conclude(batch) };
        let (part, said, tool, command, limit) = match job {
            Job::Command(part, command) => (part, say_command(&command), None, command, None),
            Job::Tool(called) if called.denied().is_some() => {
                let why = format!("not done: {}", called.denied().unwrap_or_default());
                batch.tools.push(result_of(called.call, Err(why)));
                self.batch = Some(batch);
                return;
            }
            Job::Tool(called) if !called.is_ready() && self.scales.is_some() => {
                let call = called.call.clone();
                batch.left.push_front(Job::Tool(called));
                if let Some(scales) = &self.scales {
                    batch.asking.weigh(scales.clone(), vec![call], true);
                }
                self.batch = Some(batch);
                return;
            }
            Job::Tool(called) => match plan(&*self.commands, batch.tools.len(), *called) {
                Ok((call, command, limit)) => (Part::Tool, tools::say(&call), Some(call), command, limit),
                Err((call, why)) => {
                    batch.tools.push(result_of(call, Err(why)));
                    self.batch = Some(batch);
                    return;
                }
            },
        };
        self.prepared |= part != Part::Preflight;
        let aside = errand_model::Aside { part, command: said };
        let head = format!("$ {}  ({})\n", aside.command, part.name());
        let running = Running::new(
            command::Label { part, command: aside.command.clone(), tool },
            self.commands.start(part, command),
            limit.unwrap_or(self.around.each),
        );
        batch.current = Some(running);
        self.batch = Some(batch);
        self.told.push_back(SessionEvent::Aside(Some(aside)));
        self.told.push_back(SessionEvent::Output { stream: crate::Stream::Aside, bytes: head.into_bytes() });
    }

    fn hear_command(&mut self, said: Said) {
        let Some(batch) = &mut self.batch else { return };
        let (label, verdict) = match said {
            Said::Event(event) => return self.told.push_back(event),
            Said::Over { label, verdict } => (label, verdict),
        };
        batch.current = None;
        let command::Label { part, command, tool } = label;
        if let Some(call) = tool {
            if call.name != tools::RUN && !batch.aborted && verdict.as_ref().is_err_and(|why| is_changed(why))
            {
                return batch.left.push_front(Job::Tool(Box::new(Called::changed(call))));
            }
            // Of our own program its words say it all.
            let verdict = verdict.map_err(|why| match why.split_once('\n') {
                Some((_, said)) if call.name != tools::RUN => said.to_owned(),
                _ => why,
            });
            return batch.tools.push(result_of(call, verdict));
        }
        let verdict = verdict.map(drop);
        match (part, verdict) {
            (Part::StopCheck, verdict) => {
                let (met, note) = (verdict.is_ok(), verdict.err());
                batch.checks.push(Check { what: command, met, note });
            }
            (_, Ok(())) => {}
            // Cleaning up goes on after a failure; preparing does not.
            (Part::AfterRun, Err(why)) => {
                let failed = batch.failed.get_or_insert((part, String::new()));
                let gap = if failed.1.is_empty() { "" } else { "; " };
                failed.1.push_str(&format!("{gap}{command}: {why}"));
            }
            (Part::Preflight | Part::BeforeRun | Part::Tool, Err(why)) => {
                batch.left.clear();
                batch.failed = Some((part, format!("{command}: {why}")));
            }
        }
    }

    /// Every command of the batch is over.
    fn conclude(&mut self, batch: Batch) {
        if !matches!(batch.what, What::Close(_)) {
            self.told.push_back(SessionEvent::Aside(None));
        }
        let (checks, tools) = (batch.checks, batch.tools);
        match (batch.what, batch.failed) {
            (What::Close(last), failed) => {
                if let Some((_, why)) = failed {
                    self.told.push_back(SessionEvent::WindUpFailed(format!("after_run failed: {why}")));
                } else if batch.aborted {
                    self.told.push_back(SessionEvent::WindUpFailed(self.not_wound_up()));
                }
                self.last(*last);
            }
            (What::Open, _) if batch.aborted => self.close(SessionEvent::Gone),
            (What::Open, Some((Part::Preflight, why))) => {
                self.last(SessionEvent::StartFailed(StartError::Preflight(why)));
            }
            (What::Open, Some((_, why))) => {
                self.close(SessionEvent::StartFailed(StartError::BeforeRun(why)));
            }
            (What::Open, None) => self.prepared = true,
            (What::Finish, _) => {
                let checks = if batch.aborted { vec![cut_off()] } else { checks };
                self.told.push_back(SessionEvent::Checked(checks));
                if let Some(event) = self.held.take() {
                    self.hear_work(event);
                }
            }
            // How it ended is decided elsewhere: it was told to end meanwhile.
            (What::Ended(_) | What::Turn(_), _) if batch.aborted => self.close(SessionEvent::Gone),
            (What::Ended(Ended { exit, cpu, max_rss_kib }), _) => {
                let winds_up = self.winds_up();
                let exited = SessionEvent::Exited { exit, gone: !winds_up, cpu, max_rss_kib, checks };
                if winds_up {
                    self.told.push_back(exited);
                    self.close(SessionEvent::Gone);
                } else {
                    self.last(exited);
                }
            }
            (What::Turn(TurnEnd { exit, response, cpu, max_rss_kib }), _) => {
                let response = Ok(response);
                self.told.push_back(SessionEvent::TurnEnded {
                    exit,
                    response,
                    cpu,
                    max_rss_kib,
                    checks,
                    tools,
                });
            }
        }
    }

    fn hear_work(&mut self, event: SessionEvent) {
        if self.batch.is_some() && ends_something(&event) {
            // It waits for the check of its result, or did.
            let well = matches!(&event, SessionEvent::Exited { exit, .. } | SessionEvent::TurnEnded { exit, .. } if exit.is_success());
            if !well {
                self.abort();
            }
            self.held = Some(event);
            return;
        }
        let to_check = !self.around.stop_checks.is_empty() && !self.handed_over && self.ending.is_none();
        match event {
            SessionEvent::Exited { exit, gone, cpu, max_rss_kib, checks } => {
                if to_check && exit.is_success() {
                    let ended = Ended { exit, cpu, max_rss_kib };
                    if gone {
                        self.open_batch(What::Ended(ended), &[Part::StopCheck]);
                    } else {
                        self.ended = Some(ended);
                    }
                } else if gone && !self.winds_up() {
                    self.last(SessionEvent::Exited { exit, gone, cpu, max_rss_kib, checks });
                } else {
                    self.told.push_back(SessionEvent::Exited { exit, gone: false, cpu, max_rss_kib, checks });
                    if gone {
                        self.close(SessionEvent::Gone);
                    }
                }
            }
            SessionEvent::TurnEnded { exit, response: Ok(response), cpu, max_rss_kib, .. }
                if to_check && exit.is_success() && response.status == Status::Done =>
            {
                let turn = TurnEnd { exit, response, cpu, max_rss_kib };
                self.open_batch(What::Turn(turn), &[Part::StopCheck]);
            }
            SessionEvent::TurnEnded { exit, response: Ok(response), cpu, max_rss_kib, .. }
                if !response.tool_calls.is_empty()
                    && exit.is_success()
                    && !self.handed_over
                    && self.ending.is_none() =>
            {
                let calls = response.tool_calls.clone();
                let jobs = calls.iter().cloned().map(|call| Job::Tool(Box::new(Called::new(call))));
                let turn = TurnEnd { exit, response, cpu, max_rss_kib };
                let mut batch = Batch::new(What::Turn(turn), jobs.collect());
                if let Some(scales) = &self.scales {
                    batch.asking.weigh(scales.clone(), calls, false);
                }
                self.batch = Some(batch);
            }
            turn @ SessionEvent::TurnEnded { .. } => {
                self.told.push_back(turn);
                // There will be no next one.
                if let Some(work) = self.work.as_mut().filter(|_| self.handed_over) {
                    work.end(End::Ordered);
                }
            }
            SessionEvent::Gone => match self.ended.take() {
                Some(ended) if self.ending.is_none() => {
                    self.open_batch(What::Ended(ended), &[Part::StopCheck]);
                }
                Some(_) | None => self.close(SessionEvent::Gone),
            },
            last @ (SessionEvent::Lost | SessionEvent::StartFailed(_)) => self.close(last),
            other @ (SessionEvent::Started { .. }
            | SessionEvent::Output { .. }
            | SessionEvent::Stuck { .. }
            | SessionEvent::Aside(_)
            | SessionEvent::Asks(_)
            | SessionEvent::Checked(_)
            | SessionEvent::WindUpFailed(_)) => self.told.push_back(other),
        }
    }

    fn abort(&mut self) {
        if let Some(batch) = &mut self.batch {
            batch.aborted = true;
            batch.left.clear();
            batch.asking.give_up();
            if let Some(current) = &mut batch.current {
                current.end();
            }
        }
    }

    fn winds_up(&self) -> bool {
        self.prepared && !self.around.after_run.is_empty()
    }

    /// No process of the work is left: cleans up, then tells `last`.
    fn close(&mut self, last: SessionEvent) {
        self.work = None;
        self.begin = None;
        if !self.winds_up() {
            return self.last(last);
        }
        if self.ending == Some(End::Now) {
            self.told.push_back(SessionEvent::WindUpFailed(self.not_wound_up()));
            return self.last(last);
        }
        self.open_batch(What::Close(Box::new(last)), &[Part::AfterRun]);
    }

    fn not_wound_up(&self) -> String {
        let commands: Vec<String> = self.around.after_run.iter().map(say_command).collect();
        format!("Errand had to leave before all of after_run was done: {}", commands.join("; "))
    }

    fn last(&mut self, event: SessionEvent) {
        self.told.push_back(event);
        self.work = None;
        self.over = true;
    }
}

impl Batch {
    fn new(what: What, left: VecDeque<Job>) -> Batch {
        let (checks, tools) = (Vec::new(), Vec::new());
        let asking = Asking::default();
        Batch { what, left, current: None, checks, tools, failed: None, aborted: false, asking }
    }
}

fn plan(
    commands: &dyn Commands,
    n: usize,
    called: Called,
) -> Result<(ToolCall, Command, Option<Duration>), (ToolCall, String)> {
    let Called { call, expected, .. } = called;
    match commands.plan(n, &call, expected) {
        Ok((command, limit)) => Ok((call, command, limit)),
        Err(why) => Err((call, why)),
    }
}

/// Our own program says so.
fn is_changed(why: &str) -> bool {
    why.lines().next() == Some(&format!("exit code {}", tools::CHANGED))
}

fn result_of(call: ToolCall, verdict: Result<String, String>) -> ToolResult {
    let ok = verdict.is_ok();
    let (Ok(output) | Err(output)) = verdict;
    ToolResult { id: call.id, name: call.name, ok, output }
}

fn cut_off() -> Check {
    let note = Some("it was ended before it could be checked".to_owned());
    Check { what: "stop checks".to_owned(), met: false, note }
}

/// After such an event the work, or its turn, is over.
fn ends_something(event: &SessionEvent) -> bool {
    match event {
        SessionEvent::Exited { .. }
        | SessionEvent::TurnEnded { .. }
        | SessionEvent::Gone
        | SessionEvent::Lost
        | SessionEvent::StartFailed(_) => true,
        SessionEvent::Started { .. }
        | SessionEvent::Output { .. }
        | SessionEvent::Stuck { .. }
        | SessionEvent::Aside(_)
        | SessionEvent::Asks(_)
        | SessionEvent::Checked(_)
        | SessionEvent::WindUpFailed(_) => false,
    }
}

/// What a batch looks at, or what it carries out: never both.
async fn of_batch(batch: &mut Option<Batch>) -> Heard {
    match batch {
        Some(Batch { current: Some(current), .. }) => Heard::Command(current.next().await),
        Some(batch) => Heard::Weights(batch.asking.weighed().await),
        None => std::future::pending().await,
    }
}

async fn next_of(work: &mut Option<Box<dyn Session>>) -> SessionEvent {
    match work {
        Some(work) => work.next().await,
        None => std::future::pending().await,
    }
}

async fn begun(begin: &mut Option<Starting<'static>>) -> Result<Box<dyn Session>, StartError> {
    match begin {
        Some(begin) => begin.as_mut().await,
        None => std::future::pending().await,
    }
}
