use errand_base::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::Surface;

/// What a person allows in a folder for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct GrantView {
    #[ts(type = "number")]
    pub id: i64,
    pub rule: String,
    pub folder: String,
    /// The very program that is meant; without it whichever has that name.
    pub program: Option<String>,
    #[ts(type = "string")]
    #[schemars(with = "String")]
    pub until: Timestamp,
    /// How often it may be used; without it as often as it is needed.
    pub uses: Option<u32>,
    pub used: u32,
    #[ts(type = "string | null")]
    #[schemars(with = "Option<String>")]
    pub last_used: Option<Timestamp>,
    #[ts(type = "string")]
    #[schemars(with = "String")]
    pub made_at: Timestamp,
    pub surface: Surface,
    pub state: GrantState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum GrantState {
    Valid,
    /// Its time is over.
    Over,
    UsedUp,
    Revoked,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Grants {
    /// Newest first, also those that are over.
    pub grants: Vec<GrantView>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct AddGrant {
    /// A rule as an allowlist has it: `git status`, `cargo test *`, `write_file <path>`.
    pub rule: String,
    /// A full path. It is valid for tasks in this very folder.
    pub folder: String,
    #[ts(type = "string")]
    #[schemars(with = "String")]
    pub until: Timestamp,
    #[ts(optional)]
    #[serde(default)]
    pub uses: Option<u32>,
    #[ts(optional)]
    #[serde(default)]
    pub surface: Option<Surface>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct RevokeGrant {
    #[ts(type = "number")]
    pub id: i64,
    #[ts(optional)]
    #[serde(default)]
    pub surface: Option<Surface>,
}
