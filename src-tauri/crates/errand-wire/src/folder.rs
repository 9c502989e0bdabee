use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::WireError;

/// A command that is run around the work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct AroundView {
    /// `preflight`, `before_run`, `stop_check` or `after_run`.
    pub part: String,
    pub command: String,
}

/// What the file `.errand.toml` of a folder asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct FolderView {
    pub folder: String,
    /// The file as it is; none if there is no such file.
    pub text: Option<String>,
    /// Its person has allowed exactly this text.
    pub allowed: bool,
    /// Another text was allowed before.
    pub changed: bool,
    pub commands: Vec<AroundView>,
    /// How long each of them may take.
    #[ts(type = "number")]
    pub each_s: u64,
    /// Why it cannot be read.
    pub problem: Option<WireError>,
}
