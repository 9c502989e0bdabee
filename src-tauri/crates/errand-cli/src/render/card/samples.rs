//! Tasks for the tests of this crate.

use errand_base::{TaskId, Timestamp};
use errand_wire::{
    ArtifactView, ChoiceView, Isolation, IsolationView, Network, Notify, Phase, Priority, QuestionView,
    ReasonView, RunView, SubjectKind, TaskRow, TaskState, TaskView, TimelineRow, Together, Workspace,
};
use jiff::tz::TimeZone;

use crate::render::time::Now;

pub fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(&format!("2026-11-18T{text}Z")).unwrap()
}

pub fn now() -> Now {
    Now::within(at("12:00:00"), TimeZone::UTC)
}

fn reason(text: &str) -> ReasonView {
    ReasonView { code: "started".into(), text: text.into() }
}

pub fn task_row(id: &str, state: TaskState) -> TaskRow {
    TaskRow {
        id: TaskId::try_from(id.to_owned()).unwrap(),
        title: "cargo build".into(),
        state,
        holds: Vec::new(),
        parent: None,
        reason: reason("it was started"),
        outcome: String::new(),
        command: "cargo build".into(),
        cwd: "/home/ada/errand".into(),
        labels: Vec::new(),
        priority: Priority::Normal,
        open_questions: 0,
        created_at: at("11:00:00"),
        updated_at: at("11:58:00"),
        ended_at: None,
        archived_at: None,
    }
}

pub fn task(state: TaskState) -> TaskView {
    TaskView {
        id: TaskId::try_from("bold-falcon-427".to_owned()).unwrap(),
        title: "Build everything".into(),
        state,
        holds: Vec::new(),
        reason: reason("A slot was free."),
        with_gaps: false,
        generation: 1,
        created_at: at("11:00:00"),
        updated_at: at("11:58:00"),
        ended_at: None,
        archived_at: None,
        agent: "script".into(),
        profile: None,
        brief: None,
        effects: Vec::new(),
        argv: vec!["cargo".into(), "build".into()],
        command: "cargo build".into(),
        cwd: "/home/ada/errand".into(),
        labels: vec!["nightly".into()],
        priority: Priority::High,
        notify: Notify::Always,
        origin: "person".into(),
        parent: None,
        subtasks: Vec::new(),
        after: Vec::new(),
        start_at: None,
        timeout_ms: Some(5_400_000),
        retries: 0,
        isolation: isolation(),
        tool_rules: None,
        secrets: Vec::new(),
        around: Vec::new(),
        exclusive: false,
        own_folder: None,
        run: Some(RunView {
            n: 1,
            phase: Phase::Executing,
            checkpoint: "last output 40 s ago".into(),
            pid: Some(4242),
            turn: None,
            progress: None,
            percent: None,
            session: None,
            started_at: at("11:58:00"),
            ended_at: None,
            exit_code: None,
            exit_signal: None,
            last_output_at: None,
        }),
        questions: Vec::new(),
        artifact: None,
        deliveries: Vec::new(),
        why_waiting: None,
    }
}

fn isolation() -> IsolationView {
    IsolationView {
        kind: Isolation::None,
        workspace: Workspace::Rw,
        network: Network::On,
        memory_bytes: None,
        cpu_ms: None,
        processes: None,
        together: Together::default(),
        text: "none, it runs as you".into(),
    }
}

pub fn question(id: &str, options: &[(&str, &str)]) -> QuestionView {
    QuestionView {
        id: id.into(),
        task: None,
        kind: "blocker".into(),
        text: "It has been silent for 30 min.\nWhat now?".into(),
        options: options
            .iter()
            .map(|(name, label)| ChoiceView { name: (*name).into(), label: (*label).into() })
            .collect(),
        open: false,
        state: "open".into(),
        fields: Vec::new(),
        approval: None,
        asked_at: at("11:57:00"),
        answered: None,
    }
}

pub fn artifact(report: &str, outcome: &str) -> ArtifactView {
    ArtifactView {
        run: 1,
        report: report.into(),
        html: String::new(),
        format: "text".into(),
        outcome: outcome.into(),
        verification: Vec::new(),
        notify: true,
        at: at("11:59:50"),
    }
}

pub fn change(from: &str, to: &str, why: &str) -> TimelineRow {
    TimelineRow {
        cursor: 1,
        at: at("11:58:00"),
        subject: SubjectKind::Task,
        task: Some(TaskId::try_from("bold-falcon-427".to_owned()).unwrap()),
        subject_id: String::new(),
        from: from.into(),
        to: to.into(),
        reason: reason(why),
    }
}
