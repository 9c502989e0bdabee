//! Whether a command that a worker asks for may run without its person being asked.
//!
//! A command comes as a list of words or as a shell line. A line is read with the small grammar of [`line`]:
//! words, quotes, `|`, `&&`, `;`, redirects inside the folder. What cannot be read with certainty is never
//! matched by a rule; it asks, and says why. Every command of a line must be allowed for the line to be.
//!
//! For the caller:
//! 1. [`programs`] lists the names to look up in the worker's PATH; what is found goes into
//!    [`Place::programs`], links resolved. A rule that was bound to a program then means no other of that
//!    name.
//! 2. [`decide`] decides. [`Decision::Allowed`] lists paths that are inside the folder by their letters;
//!    whoever runs the command looks whether links lead out of it, opens beneath the folder, and asks if not.
//! 3. A refusal by the person is kept under [`key`] and handed in as [`Place::refused`]: the same request
//!    again is then refused without a question, also if it is quoted or spaced in another way.
//!
//! An agent that wraps each line (`bash -lc LINE`) is unwrapped by its adapter, which knows that habit; here
//! an interpreter that is handed its program always asks.
//!
//! The rules speak about words. What a program does by itself, with its own configuration in the folder
//! (hooks, build scripts), is the matter of isolation.

mod doubt;
mod folder;
pub mod line;
mod risk;
mod rule;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::{AskMode, Security, Workspace};
pub use doubt::{Doubt, Doubted};
use line::{Line, Redirect, Simple};
use rule::Match;
pub use rule::{Effect, Pattern, Rule};

/// What a worker wants to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// No shell reads it.
    Words(&'a [String]),
    Line(&'a str),
}

/// Where it would run.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The task's folder, absolute.
    pub folder: &'a Path,
    /// Where the command would begin, absolute.
    pub cwd: &'a Path,
    pub workspace: Workspace,
    /// What was found for each name, links resolved.
    pub programs: &'a BTreeMap<String, PathBuf>,
    /// The keys of what the person has refused in this task.
    pub refused: &'a BTreeSet<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    Allowed {
        /// The rule for each command; empty if everything may run.
        by: Vec<u32>,
        paths: Vec<Touched>,
    },
    Ask {
        why: Vec<Doubted>,
    },
    Denied {
        by: Refusal,
    },
}

/// A path that the command was allowed for, still to be looked at for links.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touched {
    pub path: PathBuf,
    /// The shell writes to it. What a program does with the paths among its words is not known.
    pub written: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    Rule(u32),
    /// Nothing may run at all.
    Security,
    /// The person has refused the same before.
    Remembered,
    /// It would be asked about, but nobody is to be asked.
    NotAsked(Vec<Doubted>),
}

/// What is wrong with a rule, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {text}")]
pub struct BadRule {
    pub column: usize,
    pub text: String,
}

impl BadRule {
    fn new(column: usize, text: impl Into<String>) -> BadRule {
        BadRule { column, text: text.into() }
    }
}

/// The programs that a request names, each once; none if it cannot be read.
pub fn programs(request: Request<'_>) -> BTreeSet<String> {
    let line = read(request).map(|line| line.commands).unwrap_or_default();
    line.into_iter().filter_map(|command| command.words.into_iter().next()).collect()
}

/// Words as a rule or a shell would spell them.
pub fn spelled(words: &[String]) -> String {
    words.iter().map(|word| line::quoted(word)).collect::<Vec<_>>().join(" ")
}

/// A text in which nothing is hidden: what would not be seen is replaced.
pub fn visible(text: &str) -> String {
    text.chars().map(|sign| if line::is_hidden(sign) { '\u{fffd}' } else { sign }).collect()
}

/// The same for requests that are the same: quoting and blanks do not count, the folder does.
pub fn key(request: Request<'_>, cwd: &Path) -> String {
    // What begins with a question mark cannot be mistaken for a command that was read: there it would be
    // quoted.
    let command = match (read(request), request) {
        (Ok(line), _) => written(&line),
        (Err(_), Request::Words(words)) => {
            format!("?words {}", words.iter().map(|word| line::quoted(word)).collect::<Vec<_>>().join(" "))
        }
        (Err(_), Request::Line(text)) => format!("?line {text}"),
    };
    format!("{} {command}", line::quoted(&cwd.display().to_string()))
}

/// The decision, by what may run in general, when the person is asked, and the rules.
///
/// | security | ask `off` | `on_miss` | `always` |
/// | --- | --- | --- | --- |
/// | `deny` | denied | denied | denied |
/// | `allowlist`, all of it listed | allowed | allowed | asked |
/// | `allowlist`, otherwise | denied | asked | asked |
/// | `full` | allowed | allowed | asked |
///
/// A rule that denies wins over all of them, and so does what the person has refused before. With such rules,
/// `full` treats what cannot be read like something that is not listed: it may be what was denied.
pub fn decide(
    request: Request<'_>,
    rules: &[Rule],
    security: Security,
    ask: AskMode,
    place: &Place<'_>,
) -> Decision {
    if security == Security::Deny {
        return Decision::Denied { by: Refusal::Security };
    }
    let line = read(request);
    if let Ok(line) = &line
        && let Some(id) = line.commands.iter().find_map(|command| denied(command, rules, place))
    {
        return Decision::Denied { by: Refusal::Rule(id) };
    }
    if place.refused.contains(&key(request, place.cwd)) {
        return Decision::Denied { by: Refusal::Remembered };
    }
    let looked = match security {
        Security::Deny | Security::Allowlist => {
            line.map_err(|doubted| vec![doubted]).and_then(|line| listed(&line, rules, place))
        }
        Security::Full => unrestricted(line, rules, place),
    };
    match (looked, ask) {
        (Ok((by, paths)), AskMode::Off | AskMode::OnMiss) => Decision::Allowed { by, paths },
        (Ok(_), AskMode::Always) => Decision::Ask {
            why: vec![Doubted::new(Doubt::Always, "Every command of this task is asked about.")],
        },
        (Err(why), AskMode::OnMiss | AskMode::Always) => Decision::Ask { why },
        (Err(why), AskMode::Off) => Decision::Denied { by: Refusal::NotAsked(why) },
    }
}

type Looked = Result<(Vec<u32>, Vec<Touched>), Vec<Doubted>>;

fn read(request: Request<'_>) -> Result<Line, Doubted> {
    match request {
        Request::Line(text) => line::read(text),
        Request::Words([]) => Err(Doubted::new(Doubt::Empty, "There is no command.")),
        Request::Words(words) => {
            if words.iter().any(|word| word.contains('\0')) {
                return Err(Doubted::new(Doubt::Control, "A word has a sign in it that ends it early."));
            }
            let command = Simple { words: words.to_vec(), redirects: Vec::new() };
            Ok(Line { commands: vec![command], joints: Vec::new() })
        }
    }
}

fn written(line: &Line) -> String {
    let mut text = String::new();
    for (n, command) in line.commands.iter().enumerate() {
        if n > 0 {
            text += &format!(" {} ", line.joints[n - 1].sign());
        }
        text += &command.words.iter().map(|word| line::quoted(word)).collect::<Vec<_>>().join(" ");
        for redirect in &command.redirects {
            text += &match redirect {
                Redirect::Read(target) => format!(" < {}", line::quoted(target)),
                Redirect::Write { target, append, errors } => {
                    let sign = if *append { ">>" } else { ">" };
                    format!(" {}{sign} {}", if *errors { "2" } else { "" }, line::quoted(target))
                }
                Redirect::Join { errors } => format!(" >&{}", if *errors { 2 } else { 1 }),
            };
        }
    }
    text
}

fn denied(command: &Simple, rules: &[Rule], place: &Place<'_>) -> Option<u32> {
    let found =
        |words: &[String]| words.first().and_then(|name| place.programs.get(name)).map(PathBuf::as_path);
    // What starts another program may have it anywhere among its words.
    let starts = if risk::starts_others(&command.words[0]) { command.words.len() } else { 1 };
    let denies = |rule: &&Rule| {
        (0..starts).any(|start| {
            let words = &command.words[start..];
            rule.denies(words, found(words)) || rule.denies(&risk::without_harmless(words), found(words))
        })
    };
    rules.iter().find(denies).map(|rule| rule.id)
}

fn unrestricted(line: Result<Line, Doubted>, rules: &[Rule], place: &Place<'_>) -> Looked {
    if rules.iter().all(|rule| rule.effect == Effect::Allow) {
        return Ok((Vec::new(), Vec::new()));
    }
    let line = line.map_err(|doubted| vec![doubted])?;
    let why: Vec<Doubted> = line.commands.iter().filter_map(|command| risky(command, place)).collect();
    if why.is_empty() { Ok((Vec::new(), Vec::new())) } else { Err(why) }
}

fn listed(line: &Line, rules: &[Rule], place: &Place<'_>) -> Looked {
    let mut by = Vec::new();
    let mut paths = Vec::new();
    let mut why = Vec::new();
    if !folder::is_within(place.cwd, place.folder) {
        why.push(Doubted::new(Doubt::Elsewhere, "It would run outside of the task's folder."));
    }
    for command in &line.commands {
        match risky(command, place).map_or_else(|| allowed(command, rules, place), Err) {
            Ok((id, touched)) => {
                by.push(id);
                paths.extend(touched.into_iter().map(|path| Touched { path, written: false }));
            }
            Err(doubted) => why.push(doubted),
        }
        for redirect in &command.redirects {
            match opened(redirect, place) {
                Ok(touched) => paths.extend(touched),
                Err(doubted) => why.push(doubted),
            }
        }
    }
    if why.is_empty() { Ok((by, paths)) } else { Err(why) }
}

fn risky(command: &Simple, place: &Place<'_>) -> Option<Doubted> {
    let found = command.words.first().and_then(|name| place.programs.get(name));
    risk::of_command(&command.words, found.map(PathBuf::as_path)).map(|text| {
        Doubted::new(Doubt::RunsOthers, format!("`{}` {text}.", line::shown(&command.words.join(" "))))
    })
}

fn allowed(command: &Simple, rules: &[Rule], place: &Place<'_>) -> Result<(u32, Vec<PathBuf>), Doubted> {
    let found = command.words.first().and_then(|name| place.programs.get(name)).map(PathBuf::as_path);
    let mut other = false;
    for rule in rules {
        match rule.allows(&command.words, found, place.folder, place.cwd) {
            Match::Yes(paths) => return Ok((rule.id, paths)),
            Match::OtherProgram => other = true,
            Match::No => {}
        }
    }
    let words = line::shown(&command.words.join(" "));
    Err(if other {
        let text = format!("`{words}` is listed, but this is another program of that name.");
        Doubted::new(Doubt::OtherProgram, text)
    } else {
        Doubted::new(Doubt::NotListed, format!("No rule allows `{words}`."))
    })
}

fn opened(redirect: &Redirect, place: &Place<'_>) -> Result<Option<Touched>, Doubted> {
    let (target, writes) = match redirect {
        Redirect::Join { .. } => return Ok(None),
        Redirect::Read(target) => (target, false),
        Redirect::Write { target, .. } => (target, true),
    };
    if target == "/dev/null" {
        return Ok(None);
    }
    let enough = match place.workspace {
        Workspace::Rw => true,
        Workspace::Ro => !writes,
        Workspace::None => false,
    };
    if !enough {
        let text =
            format!("`{}` may not be {}.", line::shown(target), if writes { "written" } else { "read" });
        return Err(Doubted::new(Doubt::Workspace, text));
    }
    match folder::inside(place.folder, place.cwd, target) {
        Ok(path) => Ok(Some(Touched { path, written: writes })),
        Err(why) => {
            let text = format!("The path `{}` of a redirect {why}.", line::shown(target));
            Err(Doubted::new(Doubt::Outside, text))
        }
    }
}
