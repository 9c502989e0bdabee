//! What a worker wants to do and may not simply do: the request, what a person says to it, and what a task remembers
//! of that.
//!
//! A request is one command, or all changes to files that one response of a worker wants. It is decided item by item;
//! a command is one item, each file is one.

use std::collections::BTreeMap;
use std::path::PathBuf;

use errand_base::Timestamp;
use serde::{Deserialize, Serialize};

use crate::BadAnswer;

/// More is not remembered for one task; what is forgotten is asked again.
const MOST_REMEMBERED: usize = 500;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Approve,
    Deny,
}

/// How far an approval reaches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    #[default]
    Once,
    /// The same in this task.
    Task,
    /// The same in this folder, in all tasks, until then.
    Until(Timestamp),
}

/// What the person says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    pub verdict: Verdict,
    pub scope: Scope,
    pub reason: Option<String>,
    /// By their paths; the others follow `verdict`.
    pub files: BTreeMap<String, Verdict>,
}

impl Decision {
    pub fn of(verdict: Verdict) -> Decision {
        Decision { verdict, scope: Scope::Once, reason: None, files: BTreeMap::new() }
    }
}

/// What becomes of a request while nobody is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unattended {
    /// The task waits for its person.
    #[default]
    Park,
    /// It is refused at once.
    Deny,
    /// What a grant allows is done, the rest is refused at once.
    Grants,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    Low,
    Medium,
    High,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileAction {
    Create,
    Modify,
    Delete,
}

/// What the person looks at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    Command {
        line: String,
        cwd: String,
        /// The files of what it starts.
        programs: Vec<String>,
    },
    /// In the order of the items.
    Files(Vec<FileChange>),
    /// Any other tool, with its arguments as JSON.
    Other(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileChange {
    pub path: String,
    pub action: FileAction,
    pub diff: String,
    /// It was too long; the rest is left out.
    pub cut: bool,
}

/// One thing that is decided by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Of a file.
    pub path: Option<String>,
    /// What is wanted, as a rule would say it.
    pub words: Vec<String>,
    /// Where its program was found, links resolved.
    pub program: Option<PathBuf>,
    /// What an approval for longer is about.
    pub key: String,
    /// And with which programs: another one of that name is not meant.
    pub programs: String,
    /// The same for requests that are the same.
    pub same: String,
    /// Everything that it is bound to.
    pub seal: String,
    /// Known before it is asked, or decided.
    pub verdict: Option<Verdict>,
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Which of its run's requests it is; none once that run is gone.
    pub ask: Option<u32>,
    pub tool: String,
    /// Half a sentence.
    pub why: String,
    pub risk: Risk,
    pub what: What,
    pub folder: PathBuf,
    pub items: Vec<Item>,
    /// What an approval for longer would allow, in words; none if only this one request can be approved.
    pub covers: Option<String>,
    pub unattended: Unattended,
}

/// What makes two open requests one for their person.
pub fn are_alike(one: &Approval, other: &Approval) -> bool {
    let same = |approval: &Approval| -> Vec<(String, String)> {
        let items = approval.items.iter().filter(|item| item.verdict.is_none());
        items.map(|item| (item.same.clone(), item.seal.clone())).collect()
    };
    one.tool == other.tool && same(one) == same(other)
}

impl Approval {
    /// What the person is asked, in one line.
    pub fn question(&self) -> String {
        match &self.what {
            What::Command { line, .. } => format!("May it run `{line}`?"),
            What::Files(files) => {
                let open = files.iter().zip(&self.items).filter(|(_, item)| item.verdict.is_none());
                let names: Vec<String> = open.map(|(file, _)| crate::allow::visible(&file.path)).collect();
                match names.as_slice() {
                    [one] => format!("May it change {one}?"),
                    several => format!("May it change {} files: {}?", several.len(), several.join(", ")),
                }
            }
            What::Other(_) => format!("May it use {}?", self.tool),
        }
    }

    /// Whether a decision fits, and how it reads.
    pub fn take(&self, decision: &Decision) -> Result<String, BadAnswer> {
        for name in decision.files.keys() {
            let known = |item: &Item| item.path.as_deref() == Some(name) && item.verdict.is_none();
            if !self.items.iter().any(known) {
                return Err(BadAnswer(format!("it does not ask about a file “{name}”")));
            }
        }
        let verdicts = self.verdicts(decision);
        let approved: Vec<&Item> = self.open_items(&verdicts, Verdict::Approve).collect();
        let denied: Vec<&Item> = self.open_items(&verdicts, Verdict::Deny).collect();
        if decision.scope != Scope::Once && approved.is_empty() {
            return Err(BadAnswer("only what is approved can be approved for longer".to_owned()));
        }
        if decision.scope != Scope::Once && self.covers.is_none() {
            return Err(BadAnswer("it can only be approved once".to_owned()));
        }
        let names = |items: &[&Item]| -> String {
            items.iter().filter_map(|item| item.path.as_deref()).collect::<Vec<_>>().join(", ")
        };
        let reach = match decision.scope {
            Scope::Once => String::new(),
            Scope::Task => " for this task".to_owned(),
            Scope::Until(moment) => format!(" until {moment}"),
        };
        let why = decision.reason.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
        Ok(match (approved.is_empty(), denied.is_empty()) {
            (_, true) => format!("approved{reach}"),
            (true, false) => format!("denied{why}"),
            (false, false) => format!("approved{reach} {}, denied {}{why}", names(&approved), names(&denied)),
        })
    }

    /// Item by item; what was known before stays.
    pub fn verdicts(&self, decision: &Decision) -> Vec<Verdict> {
        let said = |item: &Item| {
            let own = item.path.as_ref().and_then(|path| decision.files.get(path));
            item.verdict.unwrap_or(*own.unwrap_or(&decision.verdict))
        };
        self.items.iter().map(said).collect()
    }

    /// As it is kept once it is decided.
    #[must_use]
    pub fn with_verdicts(mut self, verdicts: &[Verdict]) -> Approval {
        for (item, verdict) in self.items.iter_mut().zip(verdicts) {
            item.verdict = Some(*verdict);
        }
        self
    }

    fn open_items<'a>(
        &'a self,
        verdicts: &'a [Verdict],
        wanted: Verdict,
    ) -> impl Iterator<Item = &'a Item> + 'a {
        let all = self.items.iter().zip(verdicts);
        all.filter(move |(item, verdict)| item.verdict.is_none() && **verdict == wanted).map(|(item, _)| item)
    }
}

/// What a task remembers of decisions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Consents {
    /// Approved for the task: the key and the programs.
    pub approved: Vec<(String, String)>,
    /// Denied: the same again is refused without a question, with these words.
    pub denied: Vec<(String, String)>,
    /// Approved once, while nobody waited for it any more: answers one request that is bound to the same.
    pub once: Vec<String>,
}

impl Consents {
    pub(crate) fn denial_of(&self, item: &Item) -> Option<&str> {
        self.denied.iter().find(|(same, _)| *same == item.same).map(|(_, why)| why.as_str())
    }

    pub(crate) fn covers(&self, item: &Item) -> bool {
        self.approved.iter().any(|(key, programs)| *key == item.key && *programs == item.programs)
    }

    /// Uses up an approval that nobody has come for yet.
    pub(crate) fn take_once(&mut self, item: &Item) -> bool {
        let found = self.once.iter().position(|seal| *seal == item.seal);
        found.map(|at| self.once.remove(at)).is_some()
    }

    /// `late`: nobody waits for the decision now.
    pub(crate) fn remember(
        &mut self,
        approval: &Approval,
        verdicts: &[Verdict],
        decision: &Decision,
        late: bool,
    ) {
        for item in approval.open_items(verdicts, Verdict::Deny) {
            let why = decision.reason.clone().unwrap_or_default();
            push(&mut self.denied, (item.same.clone(), why));
        }
        for item in approval.open_items(verdicts, Verdict::Approve) {
            // The latest word counts.
            self.denied.retain(|(same, _)| *same != item.same);
            if decision.scope == Scope::Task {
                push(&mut self.approved, (item.key.clone(), item.programs.clone()));
            } else if late {
                push(&mut self.once, item.seal.clone());
            }
        }
    }
}

fn push<T>(list: &mut Vec<T>, value: T) {
    if list.len() >= MOST_REMEMBERED {
        list.remove(0);
    }
    list.push(value);
}

/// A rule that its person has made for a folder and a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewGrant {
    pub folder: PathBuf,
    pub rule: String,
    /// The very program that is meant.
    pub program: Option<PathBuf>,
    pub until: Timestamp,
    pub uses: Option<u32>,
}

impl Approval {
    /// The grants that an approval until a moment makes.
    pub(crate) fn grants<'a>(
        &'a self,
        verdicts: &'a [Verdict],
        until: Timestamp,
    ) -> impl Iterator<Item = NewGrant> + 'a {
        self.open_items(verdicts, Verdict::Approve).map(move |item| NewGrant {
            folder: self.folder.clone(),
            rule: crate::allow::spelled(&item.words),
            program: item.program.clone(),
            until,
            uses: None,
        })
    }
}
