//! What a program may do: as it is asked for, as it was agreed, and what this machine makes of it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::names::mirror;

mirror!(Security = errand_model::Security { Deny, Allowlist, Full });
mirror!(AskMode = errand_model::AskMode { Off, OnMiss, Always });
mirror!(
    /// What becomes of a request of a worker while nobody is there.
    Unattended = errand_model::approval::Unattended { Park, Deny, Grants }
);
mirror!(
    /// What may be done in the task's folder.
    Workspace = errand_model::Workspace { None, Ro, Rw }
);
mirror!(Network = errand_model::Network { On, Off });
mirror!(
    /// What keeps a program to what was agreed; `none`: it runs as the person.
    Isolation = errand_model::Isolation { None, Landlock, Bubblewrap }
);

/// What a program is to be kept from. Naming anything but `security`, `ask` and `unattended` isolates it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(default)]
pub struct Limits {
    #[ts(optional, as = "Option<_>")]
    pub isolate: bool,
    #[ts(optional)]
    pub workspace: Option<Workspace>,
    #[ts(optional)]
    pub network: Option<Network>,
    /// Of all its processes together where a control group counts, else the address space of each.
    #[ts(type = "number", optional)]
    pub memory_bytes: Option<u64>,
    /// Of all its processes together where a control group counts, else of each.
    #[ts(type = "number", optional)]
    pub cpu_ms: Option<u64>,
    #[ts(optional)]
    pub processes: Option<u32>,
    #[ts(optional)]
    pub security: Option<Security>,
    #[ts(optional)]
    pub ask: Option<AskMode>,
    #[ts(optional)]
    pub unattended: Option<Unattended>,
}

/// What was agreed on about the tool calls of a worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct ToolRules {
    pub security: Security,
    pub ask: AskMode,
    pub unattended: Unattended,
    /// The rules of the allowlist.
    pub allow: Vec<String>,
}

/// Which limits hold for all processes of a task together. The others hold for each on its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Together {
    pub cpu: bool,
    pub memory: bool,
    pub processes: bool,
}

impl From<errand_model::Together> for Together {
    fn from(together: errand_model::Together) -> Together {
        let errand_model::Together { cpu, memory, processes } = together;
        Together { cpu, memory, processes }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct IsolationView {
    pub kind: Isolation,
    pub workspace: Workspace,
    pub network: Network,
    #[ts(type = "number | null")]
    pub memory_bytes: Option<u64>,
    #[ts(type = "number | null")]
    pub cpu_ms: Option<u64>,
    pub processes: Option<u32>,
    pub together: Together,
    /// The same in words.
    pub text: String,
}

/// What can be enforced on this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct IsolationReport {
    /// What a task gets that asks for isolation.
    pub kind: Isolation,
    /// Why bubblewrap does not work here.
    pub bubblewrap_problem: Option<String>,
    /// How far the kernel's Landlock goes, as far as it is used.
    pub landlock_level: Option<u32>,
    /// Why runs are not kept in control groups.
    pub groups_problem: Option<String>,
    /// What control groups do not count here, and why.
    pub groups_gap: Option<String>,
    /// What each limit really limits.
    pub limits: BTreeMap<String, String>,
    pub rows: Vec<AttemptRow>,
    pub columns: Vec<ReachColumn>,
}

/// Something a program may try.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct AttemptRow {
    pub name: String,
    pub text: String,
}

/// What a program can do under one choice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct ReachColumn {
    pub kind: Isolation,
    pub workspace: Workspace,
    pub network: Network,
    /// Whether a task with this choice is taken.
    pub offered: bool,
    /// By the name of the row.
    pub can: BTreeMap<String, bool>,
}
