//! Looks at tool calls before they are carried out: which are simply done, which are refused, which are to be decided
//! about; and what a decision is bound to.
//!
//! It reads the folder and the programs, so it belongs on a thread that may block.

mod files;
pub(crate) mod seal;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use errand_model::allow::{self, Decision, Doubt, Doubted, Effect, Place, Refusal, Request, Rule};
use errand_model::approval::{Approval, Item, Risk, What};
use errand_model::{AskMode, Program, Security, ToolCall};
use errand_os::Beneath;
use serde::{Deserialize, Serialize};

use crate::tools::{self, files::Call};
use files::Changes;
use seal::Seal;

/// What a file must still be when it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    pub folder: String,
    /// The hash of the old content; none where there is to be no file.
    pub before: Option<String>,
}

/// What is to be done about one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    Free,
    Refused(String),
    Ask(Asked),
}

/// A call that is to be decided about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Which of the requests, and which item of it.
    pub request: usize,
    pub item: usize,
    pub seal: String,
    pub expected: Option<Expected>,
}

/// In the order of the calls, with the requests that they make.
#[derive(Debug, Default)]
pub(crate) struct Weighed {
    pub calls: Vec<Weight>,
    pub requests: Vec<Approval>,
}

/// What is weighed against.
pub(crate) struct Scales {
    program: Program,
    rules: Vec<Rule>,
}

/// What of a call is wanted, or why it is not asked about.
enum Verdict {
    Free,
    Refused(String),
    Ask { why: String, risk: Risk },
}

impl Scales {
    /// `None` where everything is carried out as it comes.
    pub fn of(program: &Program) -> Option<Scales> {
        if program.execution.carries_out_all() {
            return None;
        }
        // They were read when the task was handed over; one that cannot be read now allows nothing.
        let rules =
            (0..).zip(&program.allow).filter_map(|(n, text)| Rule::parse(n, Effect::Allow, text).ok());
        Some(Scales { rules: rules.collect(), program: program.clone() })
    }

    pub fn weigh(&self, calls: &[ToolCall]) -> Weighed {
        let mut weighed = Weighed::default();
        let mut changes = Changes::new(&self.program.cwd);
        for call in calls {
            let weight = match tools::plan(call, &self.program.execution) {
                Err(why) => Weight::Refused(why),
                Ok(tools::Planned::Run { command, .. }) => self.command(call, &command, &mut weighed),
                Ok(tools::Planned::Files(call)) => match Call::read(&call, "other arguments") {
                    Ok(Call::List(_) | Call::Read(_)) => Weight::Free,
                    Ok(change @ (Call::Write(_) | Call::Edit(_))) => self.file(&call, &change, &mut changes),
                    Err(why) => Weight::Refused(why),
                },
            };
            weighed.calls.push(weight);
        }
        if let Some(approval) = changes.approval(&self.program) {
            // The files come last, behind the commands.
            let n = weighed.requests.len();
            for weight in &mut weighed.calls {
                if let Weight::Ask(asked) = weight
                    && asked.expected.is_some()
                {
                    asked.request = n;
                }
            }
            weighed.requests.push(approval);
        }
        weighed
    }

    fn command(&self, call: &ToolCall, words: &[String], weighed: &mut Weighed) -> Weight {
        let cwd = &self.program.cwd;
        let found = words.first().and_then(|name| find(name, cwd, &self.program.env));
        let execution = &self.program.execution;
        let (why, risk) = match self.decide(words, found.as_deref(), execution.security) {
            Verdict::Free => return Weight::Free,
            Verdict::Refused(why) => return Weight::Refused(why),
            Verdict::Ask { why, risk } => (why, risk),
        };
        let script = script(words, cwd);
        let mut programs = Seal::default();
        programs.file(found.as_deref());
        programs.file(script.as_deref());
        let programs = programs.close();
        let mut seal = Seal::default();
        seal.text(&seal::folder(cwd));
        seal.text(&cwd.display().to_string());
        words.iter().for_each(|word| seal.text(word));
        seal.text(&programs);
        let seal = seal.close();
        let key = allow::key(Request::Words(words), cwd);
        let line = allow::visible(&allow::spelled(words));
        let starts = [found.as_deref(), script.as_deref()].into_iter().flatten();
        let covers = Rule::parse(0, Effect::Allow, &allow::spelled(words))
            .is_ok()
            .then(|| format!("`{line}` in {}, with the same program", cwd.display()));
        weighed.requests.push(Approval {
            ask: None,
            tool: call.name.clone(),
            why,
            risk,
            what: What::Command {
                line,
                cwd: cwd.display().to_string(),
                programs: starts.map(|path| path.display().to_string()).collect(),
            },
            folder: seal::real(cwd),
            items: vec![Item {
                path: None,
                words: words.to_vec(),
                program: found,
                same: key.clone(),
                key,
                programs,
                seal: seal.clone(),
                verdict: None,
            }],
            covers,
            unattended: execution.unattended,
        });
        let request = weighed.requests.len() - 1;
        Weight::Ask(Asked { request, item: 0, seal, expected: None })
    }

    /// A change is looked up like a command: `write_file notes.md`. Whoever may write a file may edit it.
    fn file(&self, call: &ToolCall, change: &Call, changes: &mut Changes) -> Weight {
        let applied = match changes.apply(change) {
            Ok(applied) => applied,
            Err(why) => return Weight::Refused(why),
        };
        let execution = &self.program.execution;
        let security = match (execution.security, execution.ask) {
            (Security::Deny, AskMode::Off) => Security::Full,
            (Security::Deny, AskMode::OnMiss | AskMode::Always) => Security::Allowlist,
            (security, _) => security,
        };
        let mut verdict = Verdict::Free;
        for name in [call.name.as_str(), "write_file"] {
            let words = [name.to_owned(), applied.path.clone()];
            verdict = self.decide(&words, None, security);
            if matches!(verdict, Verdict::Free) {
                return Weight::Free;
            }
        }
        match verdict {
            Verdict::Free => Weight::Free,
            Verdict::Refused(why) => Weight::Refused(why),
            Verdict::Ask { why, risk } => Weight::Ask(changes.ask(&applied, call, why, risk)),
        }
    }

    fn decide(&self, words: &[String], found: Option<&Path>, security: Security) -> Verdict {
        let folder = &self.program.cwd;
        let name = words.first().cloned().unwrap_or_default();
        let programs: BTreeMap<String, PathBuf> =
            found.map(|found| (name, found.to_owned())).into_iter().collect();
        let place = Place {
            folder,
            cwd: folder,
            workspace: self.program.execution.workspace,
            programs: &programs,
            refused: &BTreeSet::new(),
        };
        match allow::decide(Request::Words(words), &self.rules, security, self.program.execution.ask, &place)
        {
            Decision::Allowed { paths, .. } => {
                let outside = paths.iter().find(|touched| leads_out(folder, &touched.path));
                match (outside, self.program.execution.ask) {
                    (None, _) => Verdict::Free,
                    (Some(touched), ask) => {
                        let why = format!("{} leads out of the folder", touched.path.display());
                        match ask {
                            AskMode::Off => Verdict::Refused(not_asked(&why)),
                            AskMode::OnMiss | AskMode::Always => Verdict::Ask { why, risk: Risk::High },
                        }
                    }
                }
            }
            Decision::Ask { why } => Verdict::Ask { risk: risk(&why, words, security), why: say(&why) },
            Decision::Denied { by: Refusal::Security } => {
                Verdict::Refused("this task may run no commands".to_owned())
            }
            Decision::Denied { by: Refusal::Rule(_) | Refusal::Remembered } => {
                Verdict::Refused("a rule denies it".to_owned())
            }
            Decision::Denied { by: Refusal::NotAsked(why) } => Verdict::Refused(not_asked(&say(&why))),
        }
    }
}

/// Whether a grant made for `rule` allows this item now. `folder`: the real one of both.
pub fn grant_allows(rule: &str, bound: Option<&Path>, folder: &Path, item: &Item) -> bool {
    let Ok(mut rule) = Rule::parse(0, Effect::Allow, rule) else { return false };
    if let Some(bound) = bound {
        rule = rule.bound_to(bound);
    }
    let mut ways = vec![item.words.clone()];
    if item.path.is_some() {
        ways.extend(item.path.iter().map(|path| vec!["write_file".to_owned(), path.clone()]));
    }
    ways.iter().any(|words| {
        let name = words.first().cloned().unwrap_or_default();
        let programs = item.program.clone().map(|found| (name, found)).into_iter().collect();
        let (refused, workspace) = (BTreeSet::new(), errand_model::Workspace::Rw);
        let place = Place { folder, cwd: folder, workspace, programs: &programs, refused: &refused };
        let decided = allow::decide(
            Request::Words(words),
            std::slice::from_ref(&rule),
            Security::Allowlist,
            AskMode::OnMiss,
            &place,
        );
        match decided {
            Decision::Allowed { paths, .. } => {
                item.path.is_some() || !paths.iter().any(|touched| leads_out(folder, &touched.path))
            }
            Decision::Ask { .. } | Decision::Denied { .. } => false,
        }
    })
}

fn not_asked(why: &str) -> String {
    format!("{why}, and nobody is asked")
}

fn say(why: &[Doubted]) -> String {
    let text = |doubted: &Doubted| match doubted.doubt {
        // Of a command or of a file.
        Doubt::Always => "each step of this task is asked about".to_owned(),
        _ => doubted.text.trim_end_matches('.').to_owned(),
    };
    why.iter().map(text).collect::<Vec<_>>().join("; ")
}

fn risk(why: &[Doubted], words: &[String], security: Security) -> Risk {
    if words.iter().any(|word| allow::visible(word) != *word) {
        return Risk::High;
    }
    let of = |doubted: &Doubted| match doubted.doubt {
        // A rule allows it; it is asked about because everything is.
        Doubt::Always if security == Security::Allowlist => Risk::Low,
        Doubt::Always | Doubt::NotListed => Risk::Medium,
        _ => Risk::High,
    };
    why.iter().map(of).max().unwrap_or(Risk::Medium)
}

/// Whether a link on the way leads out of the folder, or nobody can say.
fn leads_out(folder: &Path, path: &Path) -> bool {
    let Ok(inside) = path.strip_prefix(folder) else { return true };
    !Beneath::open(folder).is_ok_and(|folder| folder.holds(inside))
}

/// The file of a program, links resolved.
fn find(name: &str, cwd: &Path, env: &[(String, String)]) -> Option<PathBuf> {
    let runs = |path: &Path| {
        let found = std::fs::metadata(path).ok();
        found.is_some_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    };
    let found = if name.contains('/') {
        Some(cwd.join(name))
    } else {
        let path = env.iter().rev().find(|(variable, _)| variable == "PATH").map(|(_, path)| path.as_str());
        let folders = path.unwrap_or("/usr/local/bin:/usr/bin:/bin").split(':');
        folders.map(|folder| cwd.join(folder).join(name)).find(|path| runs(path))
    };
    found.and_then(|path| std::fs::canonicalize(path).ok())
}

/// The first file among the arguments that is a program text.
fn script(words: &[String], cwd: &Path) -> Option<PathBuf> {
    const ENDINGS: &[&str] =
        &["sh", "bash", "zsh", "fish", "py", "rb", "pl", "js", "mjs", "ts", "lua", "php", "mk"];
    let arguments = words.iter().skip(1).filter(|word| !word.starts_with('-'));
    let files = arguments.map(|word| cwd.join(word)).filter(|path| path.is_file());
    let is_script = |path: &PathBuf| {
        let named = path.extension().and_then(|ending| ending.to_str());
        named.is_some_and(|ending| ENDINGS.contains(&ending)) || seal::begins_with(path, b"#!")
    };
    files.into_iter().find(is_script).and_then(|path| std::fs::canonicalize(path).ok())
}
