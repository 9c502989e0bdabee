//! Rows as the wire shows them.

use errand_base::{TaskId, Timestamp, say_duration};
use errand_engine::{ATTACHMENTS_VARIABLE, RunShared, Telling};
use errand_model::{Choice, Exit, Field, FieldKind, Format, Part, QuestionKind, Surface, Talk};
use errand_os::WorkFolders;
use errand_store::{
    Change, Cleanup, Delivery, QuestionRow, QuestionState, Row, RunPhase, RunRow, Stored, StoredArtifact,
    SubjectKind,
};
use errand_wire as wire;

use super::approvals::{self, Alike};
use super::below::Below;
use super::deliveries::delivery;
use super::folder::commands_of;
use crate::isolation;
use crate::markdown::safe_html;
use crate::program::one_line;

/// Everything that a task's view is made of, read in one moment.
pub(super) struct Whole {
    pub stored: Stored,
    pub run: Option<RunRow>,
    pub questions: Vec<QuestionRow>,
    pub below: Below,
    pub artifact: Option<StoredArtifact>,
    pub deliveries: Vec<Delivery>,
    pub paused: bool,
    pub alike: Alike,
}

/// What only the engine knows: the live run and why a queued task waits.
pub(super) struct Now<'a> {
    pub at: Timestamp,
    pub live: Option<&'a RunShared>,
    pub why: Option<String>,
    pub telling: Telling,
    pub folders: &'a WorkFolders,
}

pub(super) fn task(whole: Whole, now: Now<'_>) -> wire::TaskView {
    let Whole { stored, run, questions, below, artifact, deliveries, paused, alike } = whole;
    let model = stored.task;
    let title = stored.title;
    let errand_model::Work::Program(program) = &stored.work;
    let mut holds: Vec<wire::Hold> = model.holds.iter().map(Into::into).collect();
    if paused && !model.state.is_final() {
        holds.push(wire::Hold::All);
    }
    wire::TaskView {
        title: title.clone(),
        state: model.state.into(),
        holds,
        reason: reason(model.reason.name(), &model.reason_text),
        with_gaps: artifact.as_ref().is_some_and(|stored| stored.artifact.with_gaps())
            && model.state == errand_model::State::Completed,
        generation: model.generation,
        created_at: stored.created_at,
        updated_at: stored.updated_at,
        ended_at: stored.ended_at,
        archived_at: stored.archived_at,
        agent: "script".to_owned(),
        profile: None,
        brief: program.brief.clone(),
        argv: program.argv.clone(),
        command: one_line(program),
        cwd: program.cwd.display().to_string(),
        labels: stored.labels,
        priority: model.policy.priority.into(),
        notify: model.policy.notify.into(),
        origin: "person".to_owned(),
        parent: model.parent.as_ref().map(ToString::to_string),
        after: model.after.iter().map(|dependency| dependency.task.clone()).collect(),
        start_at: model.start_at,
        timeout_ms: model.policy.timeout.map(|limit| u64::try_from(limit.as_millis()).unwrap_or(u64::MAX)),
        retries: model.policy.retries,
        run: run.map(|run| run_view(run, &model.talk, &now)),
        isolation: isolation::view(&program.execution),
        tool_rules: approvals::rules(&program.execution, &program.allow),
        secrets: program
            .secrets
            .iter()
            .map(|(variable, credential)| wire::SecretView {
                variable: variable.clone(),
                credential: credential.clone(),
            })
            .collect(),
        around: commands_of(&program.around),
        exclusive: model.policy.lease.is_some(),
        own_folder: stored.cleanup.map(|cleanup| own_folder(cleanup, &model.id, program, now.folders)),
        questions: questions
            .into_iter()
            .map(|row| question(row, &alike))
            .chain(below.questions(&alike))
            .collect(),
        subtasks: below.views(),
        effects: model
            .talk
            .effects
            .into_iter()
            .map(|deed| wire::EffectView { what: deed.what, state: deed.state.name().to_owned() })
            .collect(),
        artifact: artifact.map(artifact_view),
        deliveries: deliveries
            .into_iter()
            .map(|row| delivery(row, Some((&model.id, &title)), &now.telling))
            .collect(),
        why_waiting: now.why,
        id: model.id,
    }
}

fn own_folder(
    cleanup: Cleanup,
    task: &TaskId,
    program: &errand_model::Program,
    folders: &WorkFolders,
) -> wire::OwnFolderView {
    let attached = program.env.iter().any(|(name, _)| name == ATTACHMENTS_VARIABLE);
    let (cleanup, error) = match cleanup {
        Cleanup::None => (wire::Cleanup::None, None),
        Cleanup::Pending => (wire::Cleanup::Pending, None),
        Cleanup::Removed => (wire::Cleanup::Removed, None),
        Cleanup::Failed(error) => (wire::Cleanup::Failed, Some(error)),
    };
    wire::OwnFolderView {
        path: folders.folder(task).display().to_string(),
        attachments: attached.then(|| folders.attachments(task).display().to_string()),
        cleanup,
        error,
    }
}

fn run_view(run: RunRow, talk: &Talk, now: &Now<'_>) -> wire::RunView {
    let last_output_at = now.live.and_then(RunShared::last_output).or(run.last_output_at);
    let (exit_code, exit_signal) = match run.exit {
        Some(Exit::Code(code)) => (Some(code), None),
        Some(Exit::Signal(signal)) => (None, Some(signal)),
        None => (None, None),
    };
    let phase = match run.phase {
        RunPhase::Starting => wire::Phase::Starting,
        RunPhase::Executing => wire::Phase::Executing,
        RunPhase::Ending => wire::Phase::Ending,
        RunPhase::Over => wire::Phase::Over,
    };
    let at_work = run.phase != RunPhase::Over;
    // A turn that has ended is not the one that its run is in, also while the run is wound up.
    let aside = now.live.and_then(RunShared::aside).filter(|_| at_work);
    let takes_turns = at_work && run.phase != RunPhase::Ending;
    let in_turn = takes_turns && !aside.as_ref().is_some_and(|aside| aside.part == Part::AfterRun);
    let turn = talk.worker.then_some(if in_turn { talk.turns + 1 } else { talk.turns.max(1) });
    let said = now.live.and_then(RunShared::checkpoint).or_else(|| talk.checkpoint.clone());
    let (progress, percent) = said.map(|said| (said.note, said.percent.map(u32::from))).unzip();
    let percent = percent.flatten();
    let doing = match aside {
        Some(aside) => aside.phrase(),
        None => checkpoint(phase, run.started_at, last_output_at, now.at),
    };
    let doing = if at_work { with_progress(turn, progress.as_deref(), percent, doing) } else { doing };
    wire::RunView {
        n: run.n,
        phase,
        checkpoint: doing,
        turn,
        progress,
        percent,
        pid: run.pid.or_else(|| now.live.and_then(RunShared::pid)),
        session: None,
        started_at: run.started_at,
        ended_at: run.ended_at,
        exit_code,
        exit_signal,
        last_output_at,
    }
}

/// "turn 3, 40 %: waiting for tests; executing for …"
fn with_progress(turn: Option<u32>, note: Option<&str>, percent: Option<u32>, doing: String) -> String {
    let mut words = Vec::new();
    words.extend(turn.map(|turn| format!("turn {turn}")));
    match (percent, note) {
        (Some(percent), Some(note)) => words.push(format!("{percent} %: {note}")),
        (None, Some(note)) => words.push(note.to_owned()),
        (Some(percent), None) => words.push(format!("{percent} %")),
        (None, None) => {}
    }
    words.push(doing);
    words.join(", ")
}

/// "executing for 3 min, last output 40 s ago"
fn checkpoint(phase: wire::Phase, started: Timestamp, heard: Option<Timestamp>, now: Timestamp) -> String {
    let age = say_duration(now.since(started));
    match (phase, heard) {
        (wire::Phase::Starting, _) => "starting".to_owned(),
        (wire::Phase::Executing, Some(heard)) => {
            format!("executing for {age}, last output {} ago", say_duration(now.since(heard)))
        }
        (wire::Phase::Executing, None) => format!("executing for {age}, no output yet"),
        (wire::Phase::Ending, _) => "its processes are being ended".to_owned(),
        (wire::Phase::Over, _) => "over".to_owned(),
    }
}

pub(super) fn question(row: QuestionRow, alike: &Alike) -> wire::QuestionView {
    let alike = alike.get(&(row.task, row.n)).copied().unwrap_or_default();
    let answered = row.settled_at.filter(|_| row.state == QuestionState::Answered).map(|at| wire::Answered {
        choice: row.choice,
        by: row.surface.map_or("you", Surface::phrase).to_owned(),
        at,
        surface: row.surface.map(Into::into),
    });
    wire::QuestionView {
        id: format!("q{}", row.n),
        task: None,
        kind: match row.kind {
            QuestionKind::Blocker => "blocker",
            QuestionKind::UserInput => "user_input",
            QuestionKind::Elicitation => "elicitation",
            QuestionKind::CommandApproval => "command_approval",
            QuestionKind::FileApproval => "file_approval",
            QuestionKind::DynamicTool => "dynamic_tool",
        }
        .to_owned(),
        text: row.text,
        options: row.choices.into_iter().map(choice).chain(row.options.into_iter().map(option)).collect(),
        open: row.open,
        fields: row.fields.into_iter().map(field).collect(),
        approval: row.approval.map(|approval| approvals::view(&approval, alike)),
        state: match row.state {
            QuestionState::Open => "open",
            QuestionState::Answered => "answered",
            QuestionState::Withdrawn => "withdrawn",
        }
        .to_owned(),
        asked_at: row.asked_at,
        answered,
    }
}

fn field(field: Field) -> wire::FieldView {
    let label = field.label().to_owned();
    let Field {
        name,
        label: _,
        kind,
        options,
        open,
        required,
        secret,
        default,
        min,
        max,
        values: _,
        format: _,
    } = field;
    let kind = match kind {
        FieldKind::Text => wire::FieldKind::Text,
        FieldKind::Integer => wire::FieldKind::Integer,
        FieldKind::Number => wire::FieldKind::Number,
        FieldKind::Flag => wire::FieldKind::Flag,
    };
    wire::FieldView { name, label, kind, options, open, required: Some(required), secret, default, min, max }
}

fn option(option: String) -> wire::ChoiceView {
    wire::ChoiceView { name: option.clone(), label: option }
}

fn choice(choice: Choice) -> wire::ChoiceView {
    wire::ChoiceView { name: choice.name().to_owned(), label: choice.label().to_owned() }
}

fn artifact_view(stored: StoredArtifact) -> wire::ArtifactView {
    let artifact = stored.artifact;
    wire::ArtifactView {
        run: stored.n,
        html: safe_html(&artifact.report),
        report: artifact.report,
        format: match artifact.format {
            Format::Text => "text",
            Format::Markdown => "markdown",
        }
        .to_owned(),
        outcome: artifact.outcome,
        notify: artifact.notify,
        verification: artifact
            .verification
            .into_iter()
            .map(|check| wire::CheckView { what: check.what, met: check.met, note: check.note })
            .collect(),
        at: stored.at,
    }
}

pub(super) fn row(row: Row, paused: bool) -> wire::TaskRow {
    let mut holds: Vec<wire::Hold> = row.holds.iter().map(Into::into).collect();
    if paused && !row.state.is_final() {
        holds.push(wire::Hold::All);
    }
    wire::TaskRow {
        id: row.id,
        parent: row.parent,
        title: row.title,
        state: row.state.into(),
        holds,
        outcome: row.outcome.unwrap_or_else(|| row.reason_text.clone()),
        reason: reason(row.reason.name(), &row.reason_text),
        command: row.command,
        cwd: row.cwd,
        labels: row.labels,
        priority: row.priority.into(),
        open_questions: row.open_questions,
        created_at: row.created_at,
        updated_at: row.updated_at,
        ended_at: row.ended_at,
        archived_at: row.archived_at,
    }
}

pub(crate) fn timeline_row(change: Change) -> wire::TimelineRow {
    let task: Option<TaskId> = change.task;
    wire::TimelineRow {
        cursor: change.seq,
        at: change.at,
        subject: match change.subject {
            SubjectKind::Task => wire::SubjectKind::Task,
            SubjectKind::Run => wire::SubjectKind::Run,
            SubjectKind::Question => wire::SubjectKind::Question,
            SubjectKind::Delivery => wire::SubjectKind::Delivery,
            SubjectKind::Settings => wire::SubjectKind::Settings,
        },
        task,
        subject_id: change.subject_id,
        from: change.from,
        to: change.to,
        reason: reason(change.reason.name(), &change.text),
    }
}

fn reason(code: &str, text: &str) -> wire::ReasonView {
    wire::ReasonView { code: code.to_owned(), text: text.to_owned() }
}
