//! The order of things around a run, with commands and work that do what they are told.

use std::sync::{Arc, Mutex};

use errand_model::StartError;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::*;
use crate::Stream;

/// Commands and work that have been started, in that order.
#[derive(Clone, Default)]
struct Lab(Arc<Mutex<Vec<Started>>>);

#[derive(Clone)]
struct Started {
    name: String,
    say: UnboundedSender<SessionEvent>,
    ended: Arc<Mutex<bool>>,
}

struct Scripted {
    said: UnboundedReceiver<SessionEvent>,
    ended: Arc<Mutex<bool>>,
}

impl Session for Scripted {
    fn next(&mut self) -> Pin<Box<dyn Future<Output = SessionEvent> + Send + '_>> {
        Box::pin(async { self.said.recv().await.unwrap_or(SessionEvent::Lost) })
    }

    fn prompt(&mut self, _turn: Box<Request>) {}

    fn end(&mut self, _how: End) {
        *self.ended.lock().unwrap() = true;
    }
}

impl Lab {
    fn session(&self, name: &str) -> Box<dyn Session> {
        let (say, said) = unbounded_channel();
        let ended = Arc::new(Mutex::new(false));
        self.0.lock().unwrap().push(Started { name: name.to_owned(), say, ended: ended.clone() });
        Box::new(Scripted { said, ended })
    }

    fn names(&self) -> Vec<String> {
        self.0.lock().unwrap().iter().map(|started| started.name.clone()).collect()
    }

    fn latest(&self) -> Started {
        self.0.lock().unwrap().last().unwrap().clone()
    }

    fn named(&self, name: &str) -> Started {
        self.0.lock().unwrap().iter().rev().find(|started| started.name == name).unwrap().clone()
    }
}

impl Started {
    fn says(&self, event: SessionEvent) -> &Started {
        self.say.send(event).unwrap();
        self
    }

    fn exits(&self, code: i32) -> &Started {
        self.says(exited(code, true))
    }

    fn was_told_to_end(&self) -> bool {
        *self.ended.lock().unwrap()
    }
}

impl Commands for Lab {
    fn plan(
        &self,
        _n: usize,
        call: &ToolCall,
        _: Option<Expected>,
    ) -> Result<(Command, Option<Duration>), String> {
        match call.name.as_str() {
            "unknown" => Err("there is no such tool".to_owned()),
            name => Ok((vec![name.to_owned()], Some(Duration::from_secs(5)))),
        }
    }

    fn start(&self, part: Part, command: Command) -> Starting<'static> {
        let session = self.session(&format!("{} {}", part.name(), command.join(" ")));
        Box::pin(async move { Ok(session) })
    }
}

fn exited(code: i32, gone: bool) -> SessionEvent {
    let (cpu, checks) = (Duration::ZERO, Vec::new());
    SessionEvent::Exited { exit: Exit::Code(code), gone, cpu, max_rss_kib: 0, checks }
}

fn turn_ended(json: &str) -> SessionEvent {
    let response = serde_json::from_str(json).map(Box::new).map_err(|error| error.to_string());
    let (checks, tools) = (Vec::new(), Vec::new());
    SessionEvent::TurnEnded {
        exit: Exit::Code(0),
        response,
        cpu: Duration::ZERO,
        max_rss_kib: 0,
        checks,
        tools,
    }
}

fn printed(text: &str) -> SessionEvent {
    SessionEvent::Output { stream: Stream::Output, bytes: text.as_bytes().to_vec() }
}

fn around() -> Around {
    let one = |line: &str| vec![line.split(' ').map(str::to_owned).collect()];
    Around {
        preflight: one("git --version"),
        before_run: one("make up"),
        stop_checks: one("make test"),
        after_run: one("make down"),
        each: Duration::from_secs(60),
    }
}

fn only(part: Part) -> Around {
    let all = around();
    let kept = |of: Part| if of == part { all.of(of).to_vec() } else { Vec::new() };
    Around {
        preflight: kept(Part::Preflight),
        before_run: kept(Part::BeforeRun),
        stop_checks: kept(Part::StopCheck),
        after_run: kept(Part::AfterRun),
        each: all.each,
    }
}

fn guarded(lab: &Lab, around: Around) -> Guarded {
    let inner = lab.clone();
    let begin = Box::pin(async move { Ok(inner.session("work")) });
    Guarded::new(around, Box::new(lab.clone()), begin)
}

fn begun(lab: &Lab, around: Around) -> Guarded {
    Guarded::begun(around, Box::new(lab.clone()), lab.session("work"))
}

/// The next event that is not about the way there.
async fn next(guarded: &mut Guarded) -> SessionEvent {
    loop {
        match guarded.next().await {
            SessionEvent::Aside(_) | SessionEvent::Output { stream: Stream::Aside, .. } => {}
            event => return event,
        }
    }
}

/// Lets it go on until it waits for somebody else.
async fn settle(guarded: &mut Guarded) {
    for _ in 0..20 {
        let next = std::pin::pin!(guarded.next());
        match futures_now(next).await {
            Some(SessionEvent::Aside(_) | SessionEvent::Output { stream: Stream::Aside, .. }) => {}
            Some(event) => panic!("it says {event:?}"),
            None => return,
        }
    }
    panic!("it does not come to rest");
}

async fn futures_now<T>(mut future: Pin<&mut impl Future<Output = T>>) -> Option<T> {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(match future.as_mut().poll(context) {
            std::task::Poll::Ready(value) => Some(value),
            std::task::Poll::Pending => None,
        })
    })
    .await
}

#[tokio::test]
async fn everything_comes_in_its_order_and_success_waits_for_the_checks() {
    let lab = Lab::default();
    let mut run = guarded(&lab, around());
    settle(&mut run).await;
    for (name, code) in [("preflight git --version", 0), ("before_run make up", 0)] {
        assert_eq!(lab.latest().name, name);
        lab.latest().exits(code);
        settle(&mut run).await;
    }
    assert_eq!(lab.latest().name, "work");
    lab.latest().says(printed("half")).says(exited(0, false));
    assert!(matches!(next(&mut run).await, SessionEvent::Output { stream: Stream::Output, .. }));
    settle(&mut run).await;
    assert_eq!(lab.latest().name, "work", "nothing is checked while something of it is left");
    lab.latest().says(SessionEvent::Gone);
    settle(&mut run).await;
    assert_eq!(lab.latest().name, "stop_check make test");
    lab.latest().exits(0);
    match next(&mut run).await {
        SessionEvent::Exited { exit: Exit::Code(0), gone: false, checks, .. } => {
            assert_eq!(checks, [Check { what: "make test".into(), met: true, note: None }]);
        }
        other => panic!("{other:?}"),
    }
    settle(&mut run).await;
    lab.named("after_run make down").exits(0);
    assert!(matches!(next(&mut run).await, SessionEvent::Gone));
    assert!(futures_now(std::pin::pin!(run.next())).await.is_none(), "nothing follows");
}

#[tokio::test]
async fn what_is_missing_stops_the_start_and_leaves_nothing_to_clean_up() {
    let lab = Lab::default();
    let mut run = guarded(&lab, around());
    settle(&mut run).await;
    lab.latest().says(printed("no git here\n")).exits(127);
    match next(&mut run).await {
        SessionEvent::StartFailed(StartError::Preflight(why)) => {
            assert!(why.contains("git --version") && why.contains("127") && why.contains("no git"), "{why}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(lab.names(), ["preflight git --version"]);
}

#[tokio::test]
async fn what_was_begun_is_cleaned_up_also_when_preparing_failed() {
    let lab = Lab::default();
    let mut run = guarded(&lab, around());
    settle(&mut run).await;
    lab.latest().exits(0);
    settle(&mut run).await;
    lab.latest().exits(2);
    settle(&mut run).await;
    assert_eq!(lab.latest().name, "after_run make down");
    lab.latest().says(printed("no such network\n")).exits(1);
    match next(&mut run).await {
        SessionEvent::WindUpFailed(why) => assert!(why.contains("make down: exit code 1"), "{why}"),
        other => panic!("{other:?}"),
    }
    assert!(matches!(next(&mut run).await, SessionEvent::StartFailed(StartError::BeforeRun(_))));
    assert!(!lab.names().contains(&"work".to_owned()));
}

#[tokio::test]
async fn a_failed_check_is_told_with_its_last_words_and_a_failed_exit_is_not_checked() {
    let lab = Lab::default();
    let mut run = begun(&lab, only(Part::StopCheck));
    lab.named("work").exits(0);
    settle(&mut run).await;
    lab.latest().says(printed("2 tests failed\n")).exits(101);
    match next(&mut run).await {
        SessionEvent::Exited { gone: true, checks, .. } => {
            let note = checks[0].note.clone().unwrap_or_default();
            assert!(!checks[0].met && note.contains("101") && note.contains("2 tests failed"), "{note}");
        }
        other => panic!("{other:?}"),
    }
    let lab = Lab::default();
    let mut run = begun(&lab, only(Part::StopCheck));
    lab.named("work").exits(3);
    assert!(matches!(next(&mut run).await, SessionEvent::Exited { exit: Exit::Code(3), gone: true, .. }));
    assert_eq!(lab.names(), ["work"]);
}

#[tokio::test]
async fn only_a_turn_that_says_done_is_checked() {
    let lab = Lab::default();
    let mut run = begun(&lab, only(Part::StopCheck));
    lab.named("work").says(turn_ended(r#"{"status":"continue"}"#));
    assert!(matches!(next(&mut run).await, SessionEvent::TurnEnded { checks, .. } if checks.is_empty()));
    lab.named("work").says(turn_ended(r#"{"status":"done"}"#));
    settle(&mut run).await;
    lab.latest().exits(1);
    assert!(matches!(next(&mut run).await, SessionEvent::TurnEnded { checks, .. } if !checks[0].met));
}

#[tokio::test]
async fn a_result_is_checked_beside_the_work_and_its_end_waits_for_that() {
    let lab = Lab::default();
    let mut run = begun(&lab, only(Part::StopCheck));
    run.check();
    run.check();
    settle(&mut run).await;
    lab.named("work").says(printed("still here"));
    assert!(matches!(next(&mut run).await, SessionEvent::Output { stream: Stream::Output, .. }));
    lab.named("work").exits(0);
    settle(&mut run).await;
    lab.named("stop_check make test").exits(0);
    assert!(matches!(next(&mut run).await, SessionEvent::Checked(checks) if checks[0].met));
    run.handed_over();
    settle(&mut run).await;
    // Its exit came before the word that its result is written down, so it is looked at once more.
    lab.latest().exits(0);
    assert!(matches!(next(&mut run).await, SessionEvent::Exited { gone: true, .. }));

    let lab = Lab::default();
    let mut run = begun(&lab, only(Part::StopCheck));
    run.handed_over();
    lab.named("work").exits(0);
    assert!(matches!(next(&mut run).await, SessionEvent::Exited { gone: true, .. }));
    assert_eq!(lab.names(), ["work"]);
}

#[tokio::test]
async fn an_end_cuts_preparing_and_checking_off_and_cleans_up() {
    let lab = Lab::default();
    let mut run = guarded(&lab, around());
    settle(&mut run).await;
    lab.latest().exits(0);
    settle(&mut run).await;
    run.end(End::Ordered);
    assert!(lab.latest().was_told_to_end());
    lab.latest().exits(143);
    settle(&mut run).await;
    assert_eq!(lab.latest().name, "after_run make down");
    run.end(End::Ordered);
    assert!(!lab.latest().was_told_to_end(), "a second cancel does not stop the cleaning up");
    lab.latest().exits(0);
    assert!(matches!(next(&mut run).await, SessionEvent::Gone));

    let lab = Lab::default();
    let mut run = begun(&lab, only(Part::StopCheck));
    lab.named("work").exits(0);
    settle(&mut run).await;
    run.end(End::Ordered);
    lab.latest().exits(143);
    assert!(matches!(next(&mut run).await, SessionEvent::Gone), "an unfinished check is no verdict");
}

#[tokio::test]
async fn whoever_must_leave_at_once_says_what_was_left_undone() {
    let lab = Lab::default();
    let mut run = begun(&lab, only(Part::AfterRun));
    run.end(End::Now);
    assert!(lab.named("work").was_told_to_end());
    lab.named("work").says(exited(143, true));
    assert!(matches!(next(&mut run).await, SessionEvent::Exited { gone: false, .. }));
    assert!(matches!(next(&mut run).await, SessionEvent::WindUpFailed(why) if why.contains("make down")));
    assert!(matches!(next(&mut run).await, SessionEvent::Gone));
    assert_eq!(lab.names(), ["work"]);
}

#[tokio::test]
async fn a_run_that_is_lost_is_cleaned_up_before_it_is_told() {
    let lab = Lab::default();
    let mut run = begun(&lab, around());
    lab.named("work").says(SessionEvent::Lost);
    settle(&mut run).await;
    lab.named("after_run make down").exits(0);
    assert!(matches!(next(&mut run).await, SessionEvent::Lost));
}

#[tokio::test(start_paused = true)]
async fn a_command_that_takes_too_long_is_ended_and_counts_as_failed() {
    let lab = Lab::default();
    let mut run = begun(&lab, only(Part::StopCheck));
    lab.named("work").exits(0);
    settle(&mut run).await;
    tokio::time::advance(Duration::from_secs(61)).await;
    settle(&mut run).await;
    assert!(lab.latest().was_told_to_end());
    lab.latest().exits(0);
    match next(&mut run).await {
        SessionEvent::Exited { checks, .. } => {
            let note = checks[0].note.clone().unwrap_or_default();
            assert!(!checks[0].met && note.contains("took longer than 1 min"), "{note}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn tools_are_used_one_after_the_other_and_their_results_come_with_the_turn() {
    let lab = Lab::default();
    let mut run = begun(&lab, Around::default());
    lab.named("work").says(turn_ended(
        r#"{"status":"continue","tool_calls":[{"id":"a","name":"list_files"},{"name":"unknown"},
            {"id":"c","name":"run_command"}]}"#,
    ));
    settle(&mut run).await;
    lab.named("tool list_files").says(printed("notes\n")).exits(0);
    settle(&mut run).await;
    tokio::time::advance(Duration::from_secs(6)).await;
    settle(&mut run).await;
    assert!(lab.named("tool run_command").was_told_to_end(), "a call has a limit of its own");
    lab.latest().says(printed("half\n")).exits(0);
    let SessionEvent::TurnEnded { tools, checks, response: Ok(_), .. } = next(&mut run).await else {
        panic!("the turn did not end");
    };
    assert!(checks.is_empty());
    let told: Vec<(&str, bool, &str)> =
        tools.iter().map(|tool| (tool.id.as_str(), tool.ok, tool.output.as_str())).collect();
    assert_eq!(
        told,
        [
            ("a", true, "notes\n"),
            ("", false, "there is no such tool"),
            ("c", false, "took longer than 5 s\nhalf")
        ]
    );
}
