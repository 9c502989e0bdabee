use std::collections::BTreeMap;

use errand_base::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What is to be decided before it is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct ApprovalView {
    /// As its worker calls it: `run_command`, `write_file`, `edit_file`, or the name of another tool.
    pub tool: String,
    /// Why it is not simply done, half a sentence.
    pub why: String,
    pub binding: Binding,
    pub risk: Risk,
    pub command: Option<CommandView>,
    /// More than one where a worker wants to change several at once. Each can be decided by itself.
    pub files: Vec<FileChangeView>,
    /// Of any other tool, as JSON over several lines.
    pub arguments: Option<String>,
    /// What an approval for the task, or until a moment, would allow, in words. Without it only this one request
    /// can be approved.
    pub covers: Option<String>,
    /// How many open requests of other tasks are identical.
    pub alike: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum Binding {
    /// Exactly this is done, or it is asked again.
    Bound,
    /// The agent does it itself; it is looked at again when it is allowed.
    Checked,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    Low,
    Medium,
    High,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct CommandView {
    /// As it could be typed.
    pub line: String,
    pub cwd: String,
    /// The files of the programs that it starts.
    pub programs: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct FileChangeView {
    /// Inside the task's folder.
    pub path: String,
    pub action: FileAction,
    /// In the unified form.
    pub diff: String,
    /// It was too long; the rest is left out.
    pub cut: bool,
    /// Once it is decided.
    pub verdict: Option<Verdict>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum FileAction {
    Create,
    Modify,
    Delete,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Approve,
    Deny,
}

/// How far an approval reaches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// This one request.
    #[default]
    Once,
    /// The same in this task.
    Task,
    /// The same in this folder, in all tasks, until a moment.
    Until,
}

/// What the person says to a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Decision {
    pub verdict: Verdict,
    /// Once if it is not said.
    #[ts(optional)]
    #[serde(default)]
    pub scope: Option<Scope>,
    /// With the scope `until`.
    #[ts(type = "string", optional)]
    #[schemars(with = "Option<String>")]
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// Told to the worker.
    #[ts(optional)]
    #[serde(default)]
    pub reason: Option<String>,
    /// By their paths; the others follow `verdict`.
    #[ts(type = "Record<string, Verdict>", optional)]
    #[serde(default)]
    pub files: BTreeMap<String, Verdict>,
    /// The same for the identical requests of other tasks.
    #[ts(optional, as = "Option<_>")]
    #[serde(default)]
    pub alike: bool,
}
