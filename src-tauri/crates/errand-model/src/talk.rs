//! What a worker tells beyond its output: the turn protocol and the verbs `ask progress finish wake`.

use errand_base::Timestamp;
use serde::{Deserialize, Serialize};

use crate::approval::Consents;
use crate::question::Schema;
use crate::{Exit, Field, SubtaskWish};

/// What a task remembers of it from one turn to the next. Empty for a program that only prints.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Talk {
    /// It takes turns: it was given a brief, or has written a response. Only then is it ever started again by
    /// itself, with a note; a plain program never is.
    pub worker: bool,
    /// Turns that have ended in this generation.
    pub turns: u32,
    /// Restarts after silence since the last turn that ended in order.
    pub stalls: u32,
    /// Starts after an interruption since the last turn that ended in order.
    pub interruptions: u32,
    /// What the next turn must know before all else.
    pub note: Option<String>,
    /// What the worker made of its brief; from then on it stands for the brief.
    pub next_task: Option<String>,
    /// It wants to be started again then.
    pub wake: Option<Wake>,
    /// How often it was woken in this generation.
    pub wakes: u32,
    /// It sleeps until all its sub-tasks have ended.
    pub awaits: bool,
    /// A sub-task has ended since the last turn began.
    pub news: bool,
    /// The last word about how far it has come.
    pub checkpoint: Option<Checkpoint>,
    /// What it has done outside that cannot be undone by forgetting, or was about to do.
    pub effects: Vec<Deed>,
    /// What the person has written to it since it was handed over.
    pub messages: Vec<Message>,
    /// How many of them the turn under way was told of.
    pub told: u32,
    /// What its person has said to its requests.
    #[serde(skip_serializing_if = "is_default")]
    pub consents: Consents,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub text: String,
    /// A turn that has ended since has read it.
    #[serde(default)]
    pub read: bool,
}

/// Something that a run does to the world: a mail sent, a release published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    pub what: String,
    pub state: DeedState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeedState {
    /// It is about to do this.
    Intended,
    Done,
    /// It was cut off in between: it may have happened.
    Unknown,
}

impl DeedState {
    pub fn name(self) -> &'static str {
        match self {
            DeedState::Intended => "intended",
            DeedState::Done => "done",
            DeedState::Unknown => "unknown",
        }
    }
}

impl Talk {
    /// Writes down an intent, or that it was carried out.
    pub(crate) fn note_deed(&mut self, what: String, done: bool) {
        let open = |deed: &&mut Deed| deed.what == what && deed.state != DeedState::Done;
        match self.effects.iter_mut().rev().find(open) {
            Some(known) if done => known.state = DeedState::Done,
            Some(known) => known.state = DeedState::Intended,
            None => {
                let state = if done { DeedState::Done } else { DeedState::Intended };
                self.effects.push(Deed { what, state });
            }
        }
    }

    /// Its run was cut off: what it was about to do may have happened. Says which that are now.
    pub(crate) fn doubt_deeds(&mut self) -> Vec<&str> {
        for deed in self.effects.iter_mut().filter(|deed| deed.state == DeedState::Intended) {
            deed.state = DeedState::Unknown;
        }
        let unknown = self.effects.iter().filter(|deed| deed.state == DeedState::Unknown);
        unknown.map(|deed| deed.what.as_str()).collect()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wake {
    /// With `when_subtasks_end`: then at the latest, if it is given.
    pub at: Option<Timestamp>,
    /// As soon as all its sub-tasks have ended.
    #[serde(default)]
    pub when_subtasks_end: bool,
    pub why: String,
    /// What to tell it then.
    #[serde(default)]
    pub follow_up: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    pub note: String,
    #[serde(default)]
    pub percent: Option<u8>,
}

/// A question as a worker puts it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    #[serde(alias = "question")]
    pub text: String,
    #[serde(default)]
    pub options: Vec<String>,
    /// Any text will do, also beside the options. Without options it always will.
    #[serde(default, alias = "other")]
    pub open: bool,
    /// Several things at once, in place of options.
    #[serde(default)]
    pub fields: Vec<Field>,
    /// The same as a form in JSON schema.
    #[serde(default, skip_serializing)]
    pub schema: Option<Schema>,
    /// Its fields were a schema.
    #[serde(skip)]
    pub form: bool,
}

impl Ask {
    /// With its form as fields. An error is a sentence.
    pub fn expanded(mut self) -> Result<Ask, String> {
        if let Some(schema) = self.schema.take() {
            if !self.fields.is_empty() || !self.options.is_empty() || self.open {
                return Err("A question with a schema has no options and no fields beside it.".to_owned());
            }
            self.fields = crate::question::fields_of(&schema)?;
            self.form = true;
        }
        Ok(self)
    }
}

/// What a worker hands over at its end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finish {
    #[serde(default)]
    pub report: String,
    /// One line for lists and notifications; else the first line of the report.
    #[serde(default)]
    pub summary: Option<String>,
    /// Whether the person wants to hear of it now, if the task leaves that to the worker.
    #[serde(default)]
    pub notify: Option<bool>,
    #[serde(default)]
    pub verification: Vec<Check>,
}

/// One thing that was to be so, and whether it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    #[serde(alias = "criterion")]
    pub what: String,
    pub met: bool,
    #[serde(default)]
    pub note: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Continue,
    Done,
    Blocked,
    Failed,
}

/// What a turn leaves in its response file. Unknown fields are ignored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Response {
    pub status: Status,
    #[serde(default)]
    pub summary: String,
    #[serde(default)]
    pub report: Option<String>,
    #[serde(default)]
    pub notify: Option<bool>,
    #[serde(default)]
    pub next_task: Option<String>,
    #[serde(default)]
    pub question: Option<Ask>,
    #[serde(default)]
    pub wake: Option<WakeWish>,
    #[serde(default)]
    pub verification: Vec<Check>,
    /// Only with `continue`; the results stand in the next request.
    #[serde(default)]
    pub tool_calls: Vec<ToolCall>,
    /// What it hands on to others.
    #[serde(default)]
    pub subtasks: Vec<SubtaskWish>,
}

/// What came of a turn beside its response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Afterwards {
    /// What was looked at before its "done" is believed.
    pub checks: Vec<Check>,
    /// What it had us do.
    pub tools: Vec<ToolResult>,
    /// Something is to be done after the run: it is over only when that is.
    pub winds_up: bool,
}

/// Something that a worker wants us to do in its folder before its next turn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// Its own name for this call; given back with the result.
    #[serde(default)]
    pub id: String,
    #[serde(alias = "tool")]
    pub name: String,
    #[serde(default, alias = "args")]
    pub arguments: serde_json::Value,
}

/// What came of a tool call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolResult {
    pub id: String,
    pub name: String,
    pub ok: bool,
    /// What it printed or found, or why it was not done.
    pub output: String,
}

/// When to be woken: after so many seconds, at a time, or when its sub-tasks have ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WakeWish {
    #[serde(default)]
    pub after_s: Option<u64>,
    #[serde(default)]
    pub at: Option<Timestamp>,
    #[serde(default)]
    pub when_subtasks_end: bool,
    #[serde(default)]
    pub why: String,
    #[serde(default)]
    pub follow_up: Option<String>,
}

/// What is kept of a turn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnRecord {
    pub generation: u32,
    /// From 1 on within the generation.
    pub turn: u32,
    /// Which run of the task it belonged to.
    pub run: u32,
    pub exit: Exit,
    pub outcome: TurnOutcome,
    /// What it said of itself, or why it could not be read.
    pub summary: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<ToolResult>,
}

/// How a turn ended, for its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnOutcome {
    /// Something came of it.
    Meaningful,
    /// It went well and had nothing to tell.
    NoOp,
    /// It needs the person, or has failed.
    Escalation,
}

impl TurnOutcome {
    pub const ALL: [TurnOutcome; 3] = [TurnOutcome::Meaningful, TurnOutcome::NoOp, TurnOutcome::Escalation];

    pub fn name(self) -> &'static str {
        match self {
            TurnOutcome::Meaningful => "meaningful",
            TurnOutcome::NoOp => "no_op",
            TurnOutcome::Escalation => "escalation",
        }
    }
}

impl Response {
    pub fn outcome(&self) -> TurnOutcome {
        match self.status {
            Status::Blocked | Status::Failed => TurnOutcome::Escalation,
            Status::Continue | Status::Done if self.question.is_some() => TurnOutcome::Escalation,
            Status::Continue | Status::Done => {
                let empty = |text: &str| text.trim().is_empty();
                if self.subtasks.is_empty()
                    && self.tool_calls.is_empty()
                    && empty(&self.summary)
                    && self.report.as_deref().is_none_or(empty)
                {
                    TurnOutcome::NoOp
                } else {
                    TurnOutcome::Meaningful
                }
            }
        }
    }

    /// Its own summary, or what else says what it did.
    pub fn said(&self) -> String {
        match (self.summary.trim(), &self.question, &self.wake) {
            ("", Some(question), _) => format!("Asked: {}", question.text),
            ("", None, Some(wake)) if !wake.why.trim().is_empty() => format!("Sleeps: {}", wake.why),
            ("", None, _) if !self.subtasks.is_empty() => format!("Began {} sub-tasks", self.subtasks.len()),
            ("", None, None) if !self.tool_calls.is_empty() => {
                let names: Vec<&str> = self.tool_calls.iter().map(|call| call.name.as_str()).collect();
                format!("Used {}", names.join(", "))
            }
            (summary, _, _) => summary.to_owned(),
        }
    }

    pub fn finish(&self) -> Finish {
        Finish {
            report: self.report.clone().unwrap_or_else(|| self.summary.clone()),
            summary: Some(self.summary.clone()).filter(|summary| !summary.trim().is_empty()),
            notify: self.notify,
            verification: self.verification.clone(),
        }
    }
}
