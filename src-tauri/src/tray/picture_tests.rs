use errand_base::Timestamp;
use errand_wire::{ChoiceView, KeepingAwake, Priority, ReasonView, TaskState, WireError};

use super::*;

fn task(id: &str, title: &str) -> TaskRow {
    TaskRow {
        id: TaskId::try_from(id.to_owned()).unwrap(),
        parent: None,
        title: title.into(),
        state: TaskState::Running,
        holds: Vec::new(),
        reason: ReasonView { code: "started".into(), text: "started".into() },
        outcome: "exited with 0".into(),
        command: title.into(),
        cwd: "/".into(),
        labels: Vec::new(),
        priority: Priority::Normal,
        open_questions: 0,
        created_at: Timestamp::default(),
        updated_at: Timestamp::default(),
        ended_at: None,
        archived_at: None,
    }
}

fn status() -> EngineStatus {
    EngineStatus {
        version: "0.1.0".into(),
        pid: 1,
        home: "/".into(),
        headless: false,
        paused: false,
        quitting: false,
        slots: 3,
        running: 0,
        queued: 0,
        waiting: 0,
        needs_you: 0,
        sentence: "Nothing to do".into(),
        problem: None,
        keeping_awake: None,
        running_tasks: Vec::new(),
        needing_tasks: Vec::new(),
        recent: Vec::new(),
    }
}

/// The menu as lines: indented texts, with the key of what can be clicked.
fn drawn(entries: &[Entry], indent: usize) -> String {
    let pad = "  ".repeat(indent);
    let lines = entries.iter().map(|entry| match &entry.kind {
        Kind::Words => format!("{pad}({})\n", entry.text),
        Kind::Line => format!("{pad}--\n"),
        Kind::Button => format!("{pad}{} <{}>\n", entry.text, entry.key),
        Kind::Menu(children) => format!("{pad}{}\n{}", entry.text, drawn(children, indent + 1)),
    });
    lines.collect()
}

#[test]
fn at_rest_there_is_little_to_see() {
    let picture = picture(&status(), &Questions::new());
    assert_eq!(picture.icon, Icon::Idle);
    assert_eq!(
        drawn(&picture.entries, 0),
        "(Nothing to do)\nNew task… <new>\n--\nPause all <pause-all>\nQuit <quit>\n"
    );
}

#[test]
fn work_questions_and_results_have_their_entries_and_quitting_asks_how() {
    let asking = task("calm-otter-101", "make release");
    let status = EngineStatus {
        running: 1,
        needs_you: 1,
        paused: true,
        sentence: "1 running, 1 needs you".into(),
        running_tasks: vec![task("bold-falcon-427", "cargo test")],
        needing_tasks: vec![asking.clone()],
        recent: vec![task("late-heron-300", "rsync & sync")],
        keeping_awake: Some(KeepingAwake {
            since: Timestamp::default(),
            why: "bold-falcon-427 is at work".into(),
            cannot: None,
        }),
        ..status()
    };
    let option = |name: &str, label: &str| ChoiceView { name: name.into(), label: label.into() };
    let question = QuestionView {
        id: "q1".into(),
        task: None,
        kind: "blocker".into(),
        text: "It has been silent for 30 minutes.\nWhat now?".into(),
        options: vec![option("wait", "Go on waiting"), option("stop", "Stop it")],
        open: false,
        fields: Vec::new(),
        approval: None,
        state: "open".into(),
        asked_at: Timestamp::default(),
        answered: None,
    };
    let settled = QuestionView { id: "q0".into(), state: "answered".into(), ..question.clone() };
    let questions = Questions::from([(asking.id, vec![settled, question])]);
    let picture = picture(&status, &questions);
    assert_eq!(picture.icon, Icon::NeedsYou);
    assert_eq!(
        drawn(&picture.entries, 0),
        "\
(1 running, 1 needs you)
New task… <new>
Running
  cargo test · bold-falcon-427
    Open <open:bold-falcon-427>
    Cancel <cancel:bold-falcon-427>
Needs you
  make release · calm-otter-101
    (It has been silent for 30 minutes.)
    Go on waiting <answer:calm-otter-101:q1:wait>
    Stop it <answer:calm-otter-101:q1:stop>
    --
    Open… <open:calm-otter-101>
Recent results
  rsync && sync: exited with 0 <open:late-heron-300>
--
Resume all <resume-all>
(Keeping awake: bold-falcon-427 is at work)
Quit
  Finish, then quit <quit-when-done>
  Stop now and quit <quit-now>
"
    );
}

#[test]
fn a_problem_is_said_and_shown_before_all_else() {
    let problem = WireError {
        code: errand_base::Code::DiskFull,
        message: "The disk is full.".into(),
        hint: "Free some space.".into(),
    };
    let status = EngineStatus { problem: Some(problem), needs_you: 1, ..status() };
    let picture = picture(&status, &Questions::new());
    assert_eq!(picture.icon, Icon::Error);
    assert_eq!(picture.entries[1].text, "The disk is full.");
}

#[test]
fn the_icon_says_the_most_important_state() {
    let icon = |needs_you, paused, running| icon(&EngineStatus { needs_you, paused, running, ..status() });
    assert_eq!(icon(1, true, 1), Icon::NeedsYou);
    assert_eq!(icon(0, true, 1), Icon::Paused);
    assert_eq!(icon(0, false, 1), Icon::Working);
}

#[test]
fn texts_are_one_short_line_without_hidden_marks() {
    assert_eq!(shorten("  \n one\u{202e}two\u{7}\nthree"), "onetwo");
    let long = shorten(&"ö".repeat(200));
    assert_eq!(long.chars().count(), WIDTH);
    assert!(long.ends_with('…'));
}
