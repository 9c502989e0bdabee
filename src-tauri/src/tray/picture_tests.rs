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
        "(Nothing to do)\nNew task… <new>\n--\nInbox <inbox>\nPause all <pause-all>\nQuit <quit>\n"
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
Needs you
  make release: It has been silent for 30 minutes.
    (It has been silent for 30 minutes. What now?)
    Go on waiting <answer:calm-otter-101:q1:wait>
    Stop it <answer:calm-otter-101:q1:stop>
    --
    Open the task… <open:calm-otter-101>
Running
  cargo test · bold-falcon-427
    Open <open:bold-falcon-427>
    Cancel <cancel:bold-falcon-427>
Recent results
  rsync && sync: exited with 0 <open:late-heron-300>
--
Inbox <inbox>
Resume all <resume-all>
(Keeping awake: bold-falcon-427 is at work)
Quit… <ask-quit>
"
    );
}

fn asked(text: &str, options: &[&str]) -> QuestionView {
    QuestionView {
        id: "q1".into(),
        task: None,
        kind: "user_input".into(),
        text: text.into(),
        options: options
            .iter()
            .map(|name| ChoiceView { name: (*name).into(), label: (*name).into() })
            .collect(),
        open: false,
        fields: Vec::new(),
        approval: None,
        state: "open".into(),
        asked_at: Timestamp::default(),
        answered: None,
    }
}

/// The menu of one question, without its head.
fn drawn_of(question: QuestionView) -> String {
    let Kind::Menu(children) = asking(&task("calm-otter-101", "release"), &question).kind else { panic!() };
    drawn(&children, 0)
}

#[test]
fn an_answer_is_offered_only_where_question_and_answer_can_be_read_in_full() {
    let end = "--\nOpen the task… <open:calm-otter-101>\n";
    let in_window = format!("Answer… <answer-in-window:calm-otter-101:q1>\n{end}");
    let simple = drawn_of(asked("Which?", &["Red"]));
    assert_eq!(simple, format!("(Which?)\nRed <answer:calm-otter-101:q1:Red>\n{end}"));
    // Any text will do, beside what is offered.
    let other = drawn_of(QuestionView { open: true, ..asked("Which?", &["Red"]) });
    assert_eq!(other, format!("(Which?)\nRed <answer:calm-otter-101:q1:Red>\n{in_window}"));
    let field = errand_wire::FieldView::default();
    for question in [
        asked("Which?", &[]),
        asked("Wh\u{202e}ich?", &["Red"]),
        asked(&"many words ".repeat(30), &["Red"]),
        asked("Which?", &["Red", &"long".repeat(20)]),
        asked("Which?", &["Red", "B\u{200b}lue"]),
        QuestionView { fields: vec![field], ..asked("Which?", &[]) },
        QuestionView { kind: "command_approval".into(), ..asked("rm -rf build?", &["approve", "deny"]) },
        QuestionView { kind: "something_new".into(), ..asked("Which?", &["Red"]) },
    ] {
        let drawn = drawn_of(question.clone());
        assert!(drawn.ends_with(&in_window) && !drawn.contains("<answer:"), "{question:?}\n{drawn}");
    }
}

#[test]
fn more_questions_than_the_menu_has_room_for_are_in_the_inbox() {
    let tasks: Vec<TaskRow> = (0..20).map(|n| task(&format!("calm-otter-{}", 100 + n), "release")).collect();
    let questions: Questions =
        tasks.iter().map(|task| (task.id.clone(), vec![asked("Which?", &["Red"])])).collect();
    let all = |count: usize, needs_you| {
        let needing_tasks = tasks[..count].to_vec();
        let entry = needing(&EngineStatus { needs_you, needing_tasks, ..status() }, &questions).unwrap();
        let Kind::Menu(children) = entry.kind else { panic!() };
        (children.len(), children.last().unwrap().key.clone())
    };
    assert_eq!(all(ROWS, 12).0, ROWS);
    assert_eq!(all(ROWS + 1, 13), (ROWS + 2, "inbox".to_owned()));
    assert_eq!(all(3, 40), (5, "inbox".to_owned()));
}

#[test]
fn long_texts_are_wrapped_and_keep_every_letter() {
    let text = format!("short {} then {}", "x".repeat(130), "words and words ".repeat(6));
    let rows = wrapped(&text);
    assert!(rows.iter().all(|row| row.chars().count() <= WIDTH), "{rows:?}");
    let letters = |text: &str| text.replace(' ', "");
    assert_eq!(letters(&rows.concat()), letters(&text));
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
