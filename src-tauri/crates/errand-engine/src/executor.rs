//! One attempt: listens to a run, brings its output to the log and reports what matters. It knows no states and
//! takes no decisions.

use std::sync::Arc;
use std::time::Duration;

use errand_agents::{End, Session, SessionEvent, Stream};
use errand_base::{Clock, Redactor};
use errand_model::{Afterwards, Check, Death, Part, ToolResult};
use tokio::time::{Instant, sleep_until};

use crate::input::{Report, Used};
use crate::output::Flow;
use crate::run::RunShared;
use crate::text::plain_text;

/// After handing over its result, a run may take so long to leave by itself.
const MOMENT: Duration = Duration::from_secs(10);
/// So long after the last byte, what was printed of a line is shown without its end.
const LINE_PATIENCE: Duration = Duration::from_secs(1);

/// Where a run's output goes. The engine's log in earnest, a list in tests.
pub(crate) trait Sink: Send {
    /// Waits while the log cannot keep up, so that the program waits and memory does not grow.
    fn append(&mut self, stream: Stream, bytes: Vec<u8>) -> impl Future<Output = ()> + Send;
    fn started(&mut self, identity: errand_os::ProcessIdentity);
}

pub(crate) struct Attempt<S> {
    pub session: Box<dyn Session>,
    pub sink: S,
    pub shared: Arc<RunShared>,
    pub clock: Arc<dyn Clock>,
    /// After how long without a sign of life to say so.
    pub silence: Duration,
    pub redactor: Redactor,
}

/// Runs until no process of the run is left.
pub(crate) async fn attempt<S: Sink>(attempt: Attempt<S>, report: impl Fn(Report) + Send) {
    let shared = attempt.shared.clone();
    listen(attempt, report).await;
    drop(shared.stop_checking());
}

async fn listen<S: Sink>(attempt: Attempt<S>, report: impl Fn(Report) + Send) {
    let Attempt { mut session, mut sink, shared, clock, mut silence, redactor } = attempt;
    let [mut output, mut errors, mut aside] =
        [Stream::Output, Stream::Errors, Stream::Aside].map(|stream| Flow::new(stream, &redactor));
    let mut last_heard = clock.now();
    let mut deadline = Instant::now() + silence;
    let mut silent = false;
    // When to stop waiting for the end of a line: a prompt has none.
    let mut show_part: Option<Instant> = None;
    let mut leave_by: Option<Instant> = None;
    loop {
        let event = tokio::select! {
            biased;
            () = shared.end.notified() => {
                session.end(if shared.in_a_hurry() { End::Now } else { End::Ordered });
                continue;
            }
            () = shared.check.notified() => {
                session.check();
                continue;
            }
            () = shared.listen.notified() => {
                silent = false;
                deadline = Instant::now() + silence;
                continue;
            }
            () = shared.alive.notified() => {
                last_heard = clock.now();
                deadline = Instant::now() + silence;
                if std::mem::take(&mut silent) {
                    report(Report::Spoke);
                }
                continue;
            }
            () = shared.linger.notified() => {
                leave_by = Some(Instant::now() + MOMENT);
                session.handed_over();
                continue;
            }
            () = shared.prompted.notified() => {
                if let Some(next) = shared.take_prompt() {
                    silence = next.silence;
                    deadline = Instant::now() + silence;
                    silent = false;
                    session.prompt(next.request);
                }
                continue;
            }
            () = shared.ruled.notified() => {
                for ruling in shared.take_rulings() {
                    session.decide(ruling.ask, ruling.verdicts, ruling.why);
                }
                continue;
            }
            () = shared.close.notified() => return,
            event = session.next() => event,
            () = sleep_until(leave_by.unwrap_or(deadline)), if leave_by.is_some() => {
                leave_by = None;
                session.end(End::Ordered);
                continue;
            }
            () = sleep_until(show_part.unwrap_or(deadline)), if show_part.is_some() => {
                show_part = None;
                for flow in [&mut output, &mut errors, &mut aside] {
                    let part = flow.part();
                    write(&mut sink, flow.stream, part).await;
                }
                continue;
            }
            () = sleep_until(deadline), if !silent => {
                silent = true;
                report(Report::Silent { since: last_heard });
                continue;
            }
        };
        match event {
            SessionEvent::Started { identity } => {
                shared.set_pid(identity.pid);
                sink.started(identity);
            }
            SessionEvent::Output { stream, bytes } => {
                last_heard = clock.now();
                deadline = Instant::now() + silence;
                shared.heard(last_heard);
                if std::mem::take(&mut silent) {
                    report(Report::Spoke);
                }
                let flow = match stream {
                    Stream::Output => &mut output,
                    Stream::Errors => &mut errors,
                    Stream::Aside => &mut aside,
                };
                let lines = flow.push(bytes, &shared);
                write(&mut sink, stream, lines).await;
                let part = output.has_part() || errors.has_part() || aside.has_part();
                show_part = part.then(|| Instant::now() + LINE_PATIENCE);
            }
            SessionEvent::StartFailed(error) => return report(Report::StartFailed(error)),
            SessionEvent::Exited { exit, gone, cpu, max_rss_kib, checks } => {
                flush(&mut sink, &shared, &mut output, &mut errors).await;
                let used = Used { exit, cpu, max_rss_kib };
                report(Report::Exited { tail: shared.tail(), gone, used, checks: readable(checks) });
                silent = true;
                if gone {
                    return;
                }
            }
            SessionEvent::TurnEnded { exit, response, cpu, max_rss_kib, checks, tools } => {
                flush(&mut sink, &shared, &mut output, &mut errors).await;
                let used = Used { exit, cpu, max_rss_kib };
                let winds_up = shared.winds_up();
                let tools = plain_results(tools);
                let afterwards = Afterwards { checks: readable(checks), tools, winds_up };
                report(Report::TurnEnded { response, tail: shared.tail(), used, afterwards });
                // Until the next prompt there is nobody who could speak.
                silent = true;
            }
            SessionEvent::Gone => {
                flush(&mut sink, &shared, &mut output, &mut errors).await;
                return report(Report::Gone);
            }
            SessionEvent::Aside(doing) => {
                finish(&mut sink, &shared, &mut aside).await;
                // What is done beside the work has a limit of its own, and may be silent.
                match doing.as_ref().map(|doing| doing.part) {
                    Some(Part::StopCheck) => crate::failpoint::hit("while_checking"),
                    Some(Part::Tool) => crate::failpoint::hit("while_using_a_tool"),
                    Some(Part::Preflight | Part::BeforeRun | Part::AfterRun) | None => {}
                }
                silent = doing.is_some();
                last_heard = clock.now();
                deadline = Instant::now() + silence;
                shared.set_aside(doing.clone());
                report(Report::Aside(doing));
            }
            SessionEvent::Asks(approval) => {
                // It waits, and whoever waits may be silent.
                silent = true;
                report(Report::Asks(approval));
            }
            SessionEvent::Checked(checks) => shared.tell_checks(&readable(checks)),
            SessionEvent::WindUpFailed(why) => report(Report::WindUpFailed(plain_text(why.as_bytes()))),
            SessionEvent::Stuck { processes } => report(Report::Stuck { processes }),
            SessionEvent::Lost => {
                flush(&mut sink, &shared, &mut output, &mut errors).await;
                return report(Report::Lost { death: Death::SupervisorDied, tail: shared.tail() });
            }
        }
    }
}

/// What a command printed may hold anything a terminal understands.
fn readable(mut checks: Vec<Check>) -> Vec<Check> {
    for check in &mut checks {
        check.note = check.note.take().map(|note| plain_text(note.as_bytes()));
    }
    checks
}

fn plain_results(mut tools: Vec<ToolResult>) -> Vec<ToolResult> {
    for tool in &mut tools {
        tool.output = plain_text(tool.output.as_bytes());
    }
    tools
}

async fn write<S: Sink>(sink: &mut S, stream: Stream, bytes: Vec<u8>) {
    if !bytes.is_empty() {
        sink.append(stream, bytes).await;
    }
}

/// Writes what was held back. Whoever printed it has ended.
async fn finish<S: Sink>(sink: &mut S, shared: &RunShared, flow: &mut Flow) {
    let rest = flow.finish(shared);
    write(sink, flow.stream, rest).await;
}

async fn flush<S: Sink>(sink: &mut S, shared: &RunShared, output: &mut Flow, errors: &mut Flow) {
    finish(sink, shared, output).await;
    finish(sink, shared, errors).await;
}
