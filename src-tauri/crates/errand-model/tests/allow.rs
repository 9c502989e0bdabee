//! The checked-in table `allow.table`, and what holds for every line.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "allow/properties.rs"]
mod properties;
#[path = "allow/shell.rs"]
mod shell;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use errand_model::allow::{Decision, Doubt, Effect, Place, Refusal, Request, Rule, decide, key, programs};
use errand_model::{AskMode, Security, Workspace};

const TABLE: &str = include_str!("allow.table");
pub const FOLDER: &str = "/home/ana/site";

/// A `set` of the table with all that is said about it.
#[derive(Clone)]
pub struct Set {
    pub name: String,
    pub rules: Vec<Rule>,
    security: Security,
    ask: AskMode,
    workspace: Workspace,
    cwd: PathBuf,
    programs: BTreeMap<String, PathBuf>,
}

impl Set {
    fn new(name: &str) -> Set {
        Set {
            name: name.to_owned(),
            rules: Vec::new(),
            security: Security::Allowlist,
            ask: AskMode::OnMiss,
            workspace: Workspace::Rw,
            cwd: PathBuf::from(FOLDER),
            programs: BTreeMap::new(),
        }
    }

    /// Whether the line belonged to the head of the set.
    fn take(&mut self, line: &str) -> bool {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let named = |name: &str| serde_json::Value::String(name.to_owned());
        match word {
            "security" => self.security = serde_json::from_value(named(rest)).unwrap(),
            "ask" => self.ask = serde_json::from_value(named(rest)).unwrap(),
            "workspace" => self.workspace = serde_json::from_value(named(rest)).unwrap(),
            "cwd" => self.cwd = PathBuf::from(rest),
            "found" => {
                let (name, path) = rest.split_once(' ').unwrap();
                self.programs.insert(name.to_owned(), PathBuf::from(path));
            }
            "bound" => {
                let (id, path) = rest.split_once(' ').unwrap();
                let rule = self.rules.iter_mut().find(|rule| rule.id.to_string() == id).unwrap();
                *rule = rule.clone().bound_to(path);
            }
            number if number.parse::<u32>().is_ok() => {
                let (effect, text) = rest.split_once(' ').unwrap();
                let effect = if effect == "deny" { Effect::Deny } else { Effect::Allow };
                let rule = Rule::parse(number.parse().unwrap(), effect, text);
                self.rules.push(rule.unwrap_or_else(|error| panic!("{line}: {error}")));
            }
            _ => return false,
        }
        true
    }

    pub fn decide(&self, request: Request<'_>, refused: &BTreeSet<String>) -> Decision {
        let place = Place {
            folder: Path::new(FOLDER),
            cwd: &self.cwd,
            workspace: self.workspace,
            programs: &self.programs,
            refused,
        };
        decide(request, &self.rules, self.security, self.ask, &place)
    }

    pub fn allows(&self, line: &str) -> bool {
        matches!(self.decide(Request::Line(line), &BTreeSet::new()), Decision::Allowed { .. })
    }
}

/// A line of the table that is a case.
pub struct Case {
    pub number: usize,
    pub set: usize,
    pub expected: String,
    pub line: String,
}

/// What no rule can be.
struct BadCase {
    number: usize,
    effect: Effect,
    column: usize,
    rule: String,
    says: String,
}

pub fn table() -> (Vec<Set>, Vec<Case>) {
    let (sets, cases, _) = read();
    (sets, cases)
}

fn read() -> (Vec<Set>, Vec<Case>, Vec<BadCase>) {
    let (mut sets, mut cases, mut bad) = (Vec::<Set>::new(), Vec::new(), Vec::new());
    for (n, line) in TABLE.lines().enumerate() {
        let number = n + 1;
        if line.is_empty() || line.starts_with("# ") || line == "#" {
            continue;
        }
        if let Some(name) = line.strip_prefix("set ") {
            sets.push(Set::new(name));
        } else if let Some(rest) = line.strip_prefix("refused ") {
            let (at, rest) = rest.split_once(" | ").unwrap();
            let (rule, says) = rest.rsplit_once(" | ").unwrap();
            let (effect, at) = match at.strip_prefix("deny ") {
                Some(at) => (Effect::Deny, at),
                None => (Effect::Allow, at),
            };
            let column = at.parse().unwrap();
            bad.push(BadCase { number, effect, column, rule: unescaped(rule), says: says.to_owned() });
        } else if !sets.last_mut().is_some_and(|set| set.take(line)) {
            let (expected, text) = line.split_once(" | ").unwrap_or_else(|| panic!("line {number}: {line}"));
            let set = sets.len() - 1;
            cases.push(Case { number, set, expected: expected.to_owned(), line: unescaped(text) });
        }
    }
    (sets, cases, bad)
}

/// `<U+000A>` is the sign of that number.
fn unescaped(text: &str) -> String {
    let mut parts = text.split("<U+");
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (number, rest) = part.split_once('>').unwrap();
        whole.push(char::from_u32(u32::from_str_radix(number, 16).unwrap()).unwrap());
        whole.push_str(rest);
    }
    whole
}

fn said(decision: &Decision) -> String {
    let doubts = |why: &[errand_model::allow::Doubted]| {
        why.iter().map(|doubted| doubted.doubt.name()).collect::<Vec<_>>().join(" ")
    };
    match decision {
        Decision::Allowed { by, .. } => {
            let by: Vec<String> = by.iter().map(u32::to_string).collect();
            format!("allowed {}", by.join(" ")).trim_end().to_owned()
        }
        Decision::Ask { why } => format!("asks {}", doubts(why)),
        Decision::Denied { by: Refusal::Rule(id) } => format!("denied {id}"),
        Decision::Denied { by: Refusal::Security } => "denied security".to_owned(),
        Decision::Denied { by: Refusal::Remembered } => "denied remembered".to_owned(),
        Decision::Denied { by: Refusal::NotAsked(why) } => format!("denied not_asked {}", doubts(why)),
    }
}

fn decided(set: &Set, line: &str) -> Decision {
    match line.strip_prefix("words ") {
        Some(json) => {
            let words: Vec<String> = serde_json::from_str(json).unwrap();
            set.decide(Request::Words(&words), &BTreeSet::new())
        }
        None => set.decide(Request::Line(line), &BTreeSet::new()),
    }
}

#[test]
fn every_line_is_decided_as_the_table_says() {
    let (sets, cases, _) = read();
    let mut wrong = Vec::new();
    for case in &cases {
        let decision = decided(&sets[case.set], &case.line);
        if said(&decision) != case.expected {
            wrong.push(format!(
                "{}: in {}: {:?}: {decision:?}, not {}",
                case.number, sets[case.set].name, case.line, case.expected
            ));
        }
        if let Decision::Ask { why } | Decision::Denied { by: Refusal::NotAsked(why) } = decision {
            for doubted in why {
                let text = doubted.text;
                assert!(text.ends_with('.') && text.len() < 300, "{}: {text:?}", case.number);
                assert!(!text.chars().any(char::is_control), "{}: {text:?}", case.number);
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn every_dangerous_rule_is_refused_where_it_is_wrong() {
    let mut wrong = Vec::new();
    for bad in read().2 {
        match Rule::parse(1, bad.effect, &bad.rule) {
            Ok(rule) => wrong.push(format!("{}: {:?} was taken: {rule:?}", bad.number, bad.rule)),
            Err(error) if error.column == bad.column && error.text.contains(&bad.says) => {}
            Err(error) => wrong.push(format!("{}: {:?}: {error}", bad.number, bad.rule)),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_is_as_large_and_as_hostile_as_it_is_meant_to_be() {
    let (_, cases, bad) = read();
    let hostile = cases.iter().filter(|case| !case.expected.starts_with("allowed")).count();
    assert!(
        cases.len() >= 450 && hostile >= 380 && bad.len() >= 60,
        "{} {hostile} {}",
        cases.len(),
        bad.len()
    );
    let expected: BTreeSet<&str> = cases.iter().flat_map(|case| case.expected.split(' ')).collect();
    for doubt in Doubt::ALL.into_iter().filter(|doubt| *doubt != Doubt::TooLong) {
        assert!(expected.contains(doubt.name()), "no case has {}", doubt.name());
    }
    let lines: BTreeSet<(usize, &str)> = cases.iter().map(|case| (case.set, case.line.as_str())).collect();
    assert_eq!(lines.len(), cases.len(), "a case stands there twice");
}

#[test]
fn doubts_are_named_as_in_json() {
    let names: BTreeSet<&str> = Doubt::ALL.iter().map(|doubt| doubt.name()).collect();
    assert_eq!(names.len(), Doubt::ALL.len());
    for doubt in Doubt::ALL {
        assert_eq!(serde_json::to_value(doubt).unwrap(), doubt.name());
    }
}

#[test]
fn a_program_in_the_clothes_of_a_line_is_too_long() {
    let (sets, _) = table();
    let line = format!("echo {}", "a ".repeat(9_000));
    assert_eq!(said(&decided(&sets[0], &line)), "asks too_long");
}

#[test]
fn a_refusal_is_remembered_for_the_same_request_however_it_is_written() {
    let (sets, _) = table();
    let dev = &sets[0];
    let cwd = Path::new(FOLDER);
    let refused = BTreeSet::from([key(Request::Line("git stash drop && wipe 'a b' > c.txt"), cwd)]);
    for same in [
        "git stash drop && wipe 'a b' > c.txt",
        "git  stash \"drop\"&&wipe a\\ b >c.txt ",
        "g'it' stash drop && wipe \"a b\" 1> 'c.txt'",
    ] {
        assert_eq!(said(&dev.decide(Request::Line(same), &refused)), "denied remembered", "{same}");
    }
    for other in [
        "git stash drop; wipe 'a b' > c.txt",
        "git stash drop && wipe a b > c.txt",
        "git stash drop && wipe 'a b' >> c.txt",
        "git stash drop && wipe 'a b'",
        "git stash drop",
        "git stash drop && wipe 'a b' > c.txt $(x)",
    ] {
        assert!(said(&dev.decide(Request::Line(other), &refused)).starts_with("asks"), "{other}");
    }
    let words = ["git".to_owned(), "stash".to_owned()];
    let refused = BTreeSet::from([key(Request::Words(&words), cwd)]);
    assert_eq!(said(&dev.decide(Request::Line("git stash"), &refused)), "denied remembered");
    assert_ne!(key(Request::Words(&words), cwd), key(Request::Words(&words), Path::new("/home/ana")));
    // What cannot be read is the same only letter by letter, and never the same as something that can be.
    let unread = |text: &str| key(Request::Line(text), cwd);
    assert_ne!(unread("git $(a)"), unread("git  $(a)"));
    let line = |text: &str| key(Request::Line(text), cwd);
    assert_ne!(line("line if x"), line("if x"), "one is a command, the other cannot be read");
    let nothing: [String; 0] = [];
    assert_ne!(key(Request::Words(&nothing), cwd), unread(""));
}

#[test]
fn what_was_allowed_names_the_paths_that_links_may_lead_elsewhere() {
    let (sets, _) = table();
    let line = "rm a.txt ./b && cargo test > out/x 2>/dev/null && sort < /home/ana/site/names";
    let Decision::Allowed { paths, .. } = decided(&sets[0], line) else { panic!("it is allowed") };
    let paths: Vec<(&str, bool)> =
        paths.iter().map(|touched| (touched.path.to_str().unwrap(), touched.written)).collect();
    assert_eq!(
        paths,
        [
            ("/home/ana/site/a.txt", false),
            ("/home/ana/site/./b", false),
            ("/home/ana/site/out/x", true),
            ("/home/ana/site/names", false)
        ]
    );
}

#[test]
fn the_programs_of_a_line_can_be_looked_up_first() {
    let named = |line: &str| programs(Request::Line(line)).into_iter().collect::<Vec<_>>();
    assert_eq!(named("git log | wc -l; git status && ./x"), ["./x", "git", "wc"]);
    assert!(named("git log $(x)").is_empty());
}
