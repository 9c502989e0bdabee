//! Known secret values are taken out of everything that a run says, before anybody decides about it or writes it
//! down. Each type lists its fields, so that a new one is not forgotten.

use errand_base::Redactor;
use errand_model::approval::{Approval, FileChange, Item, What};
use errand_model::{
    Afterwards, Aside, Ask, Check, Checkpoint, Field, Finish, Response, StartError, SubtaskWish, Tail,
    ToolCall, ToolResult, WakeWish,
};

use crate::input::Report;

pub(crate) trait Redact {
    fn redact(&mut self, redactor: &Redactor);

    fn redacted(mut self, redactor: &Redactor) -> Self
    where
        Self: Sized,
    {
        self.redact(redactor);
        self
    }
}

impl Redact for String {
    fn redact(&mut self, redactor: &Redactor) {
        if let std::borrow::Cow::Owned(text) = redactor.redact(self) {
            *self = text;
        }
    }
}

impl<T: Redact> Redact for Option<T> {
    fn redact(&mut self, redactor: &Redactor) {
        self.iter_mut().for_each(|part| part.redact(redactor));
    }
}

impl<T: Redact> Redact for Vec<T> {
    fn redact(&mut self, redactor: &Redactor) {
        self.iter_mut().for_each(|part| part.redact(redactor));
    }
}

impl<T: Redact> Redact for Box<T> {
    fn redact(&mut self, redactor: &Redactor) {
        self.as_mut().redact(redactor);
    }
}

impl<T: Redact, E: Redact> Redact for Result<T, E> {
    fn redact(&mut self, redactor: &Redactor) {
        match self {
            Ok(value) => value.redact(redactor),
            Err(error) => error.redact(redactor),
        }
    }
}

impl Redact for Report {
    fn redact(&mut self, redactor: &Redactor) {
        match self {
            Report::StartFailed(error) => error.redact(redactor),
            Report::Exited { tail, gone: _, used: _, checks } => {
                tail.redact(redactor);
                checks.redact(redactor);
            }
            Report::TurnEnded { response, tail, used: _, afterwards } => {
                response.redact(redactor);
                tail.redact(redactor);
                afterwards.redact(redactor);
            }
            Report::Aside(doing) => doing.redact(redactor),
            Report::Asks(approval) => approval.redact(redactor),
            Report::WindUpFailed(why) => why.redact(redactor),
            Report::Lost { death: _, tail } => tail.redact(redactor),
            Report::Gone | Report::Stuck { .. } | Report::Silent { .. } | Report::Spoke => {}
        }
    }
}

impl Redact for StartError {
    fn redact(&mut self, redactor: &Redactor) {
        match self {
            StartError::ProgramMissing | StartError::FolderMissing => {}
            StartError::Preflight(words)
            | StartError::BeforeRun(words)
            | StartError::Credential(words)
            | StartError::Other(words) => words.redact(redactor),
        }
    }
}

impl Redact for Tail {
    fn redact(&mut self, redactor: &Redactor) {
        let Tail { output, errors, left_out: _ } = self;
        output.redact(redactor);
        errors.redact(redactor);
    }
}

impl Redact for Aside {
    fn redact(&mut self, redactor: &Redactor) {
        let Aside { part: _, command } = self;
        command.redact(redactor);
    }
}

impl Redact for Afterwards {
    fn redact(&mut self, redactor: &Redactor) {
        let Afterwards { checks, tools, winds_up: _ } = self;
        checks.redact(redactor);
        tools.redact(redactor);
    }
}

impl Redact for Approval {
    fn redact(&mut self, redactor: &Redactor) {
        let Approval { ask: _, tool, why, risk: _, what, folder: _, items, covers, unattended: _ } = self;
        tool.redact(redactor);
        why.redact(redactor);
        covers.redact(redactor);
        match what {
            What::Command { line, cwd: _, programs: _ } => line.redact(redactor),
            What::Files(files) => files.redact(redactor),
            What::Other(arguments) => arguments.redact(redactor),
        }
        let keys = |items: &[Item]| items.iter().map(|item| item.key.clone()).collect::<Vec<_>>();
        let before = keys(items);
        items.redact(redactor);
        // What is remembered for longer would cover any other value in its place.
        if before != keys(items) {
            *covers = None;
        }
    }
}

impl Redact for Item {
    fn redact(&mut self, redactor: &Redactor) {
        let Item { path, words, program: _, key, programs: _, same, seal: _, verdict: _ } = self;
        path.redact(redactor);
        words.redact(redactor);
        key.redact(redactor);
        same.redact(redactor);
    }
}

impl Redact for FileChange {
    fn redact(&mut self, redactor: &Redactor) {
        let FileChange { path, action: _, diff, cut: _ } = self;
        path.redact(redactor);
        diff.redact(redactor);
    }
}

impl Redact for Check {
    fn redact(&mut self, redactor: &Redactor) {
        let Check { what, met: _, note } = self;
        what.redact(redactor);
        note.redact(redactor);
    }
}

impl Redact for ToolResult {
    fn redact(&mut self, redactor: &Redactor) {
        let ToolResult { id, name, ok: _, output } = self;
        id.redact(redactor);
        name.redact(redactor);
        output.redact(redactor);
    }
}

impl Redact for ToolCall {
    fn redact(&mut self, redactor: &Redactor) {
        // By now it is carried out, and nobody reads with what any more.
        let ToolCall { id, name, arguments } = self;
        id.redact(redactor);
        name.redact(redactor);
        *arguments = serde_json::Value::Null;
    }
}

impl Redact for Response {
    fn redact(&mut self, redactor: &Redactor) {
        let Response {
            status: _,
            summary,
            report,
            notify: _,
            next_task,
            question,
            wake,
            verification,
            tool_calls,
            subtasks,
        } = self;
        summary.redact(redactor);
        report.redact(redactor);
        next_task.redact(redactor);
        question.redact(redactor);
        wake.redact(redactor);
        verification.redact(redactor);
        tool_calls.redact(redactor);
        subtasks.redact(redactor);
    }
}

impl Redact for SubtaskWish {
    fn redact(&mut self, redactor: &Redactor) {
        // A sub-task has the credentials of its parent in its environment; it needs none in its words.
        let SubtaskWish { id: _, title, brief, argv, cwd: _, labels, key } = self;
        title.redact(redactor);
        brief.redact(redactor);
        argv.redact(redactor);
        labels.redact(redactor);
        key.redact(redactor);
    }
}

impl Redact for Field {
    fn redact(&mut self, redactor: &Redactor) {
        let Field {
            name,
            label,
            kind: _,
            options,
            open: _,
            required: _,
            secret: _,
            default,
            min: _,
            max: _,
            values,
            format: _,
        } = self;
        name.redact(redactor);
        label.redact(redactor);
        options.redact(redactor);
        values.redact(redactor);
        default.redact(redactor);
    }
}

impl Redact for Ask {
    fn redact(&mut self, redactor: &Redactor) {
        // A schema has become fields before anything is kept.
        let Ask { text, options, open: _, fields, schema: _, form: _ } = self;
        text.redact(redactor);
        options.redact(redactor);
        fields.redact(redactor);
    }
}

impl Redact for Finish {
    fn redact(&mut self, redactor: &Redactor) {
        let Finish { report, summary, notify: _, verification } = self;
        report.redact(redactor);
        summary.redact(redactor);
        verification.redact(redactor);
    }
}

impl Redact for WakeWish {
    fn redact(&mut self, redactor: &Redactor) {
        let WakeWish { after_s: _, at: _, when_subtasks_end: _, why, follow_up } = self;
        why.redact(redactor);
        follow_up.redact(redactor);
    }
}

impl Redact for Checkpoint {
    fn redact(&mut self, redactor: &Redactor) {
        let Checkpoint { note, percent: _ } = self;
        note.redact(redactor);
    }
}
