//! Control groups: where the kernel keeps the processes of a run together, whatever becomes of their parents.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::Home;
use crate::os::groups as here;

/// What the engine of this process has found. A static, as a process stands in one group.
static PREPARED: OnceLock<Result<Groups, String>> = OnceLock::new();

/// Which limits hold for all processes of a run together. The others hold for each on its own, or not at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Together {
    pub cpu: bool,
    pub memory: bool,
    pub processes: bool,
}

impl Together {
    pub fn any(self) -> bool {
        self != Together::default()
    }
}

/// The place where an engine may make groups, and what they can do there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Groups {
    pub(crate) base: PathBuf,
    pub(crate) together: Together,
    pub(crate) gap: Option<String>,
}

impl Groups {
    /// In this folder of a hierarchy, without counting memory or processes.
    pub fn below(base: impl Into<PathBuf>) -> Groups {
        let together = Together { cpu: true, ..Together::default() };
        Groups { base: base.into(), together, gap: None }
    }

    pub fn base(&self) -> &Path {
        &self.base
    }

    pub fn together(&self) -> Together {
        self.together
    }

    /// Why not all of it is counted, as a half sentence.
    pub fn gap(&self) -> Option<&str> {
        self.gap.as_deref()
    }
}

/// Makes ready what an engine needs to keep its runs in groups. This process may be moved into a group of its own
/// for it. An error says in a half sentence why there are none. To be called once, before anything is started.
pub fn prepare(home: &Home) -> Result<&'static Groups, &'static str> {
    PREPARED.get_or_init(|| here::prepare(home)).as_ref().map_err(String::as_str)
}

/// The groups of the engine in this process.
pub fn prepared() -> Option<&'static Groups> {
    PREPARED.get()?.as_ref().ok()
}

/// Where engines of this home, also this one, have made groups that were not seen to be empty since.
pub fn places(home: &Home) -> Vec<PathBuf> {
    here::places(home)
}

/// After a sweep that has left nothing there.
pub fn forget_places(home: &Home) {
    here::forget(home, prepared());
}

/// What an engine has found that runs in this process, or else would find if it ran here.
pub(crate) fn look() -> Result<Groups, String> {
    PREPARED.get().cloned().unwrap_or_else(here::look)
}
