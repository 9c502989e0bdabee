//! A rule as a person writes it:
//!
//! ```text
//! git status              these words and nothing more
//! cargo test *            and any further words, also none
//! git show ?              and exactly one word that is no option
//! cat <path>              and one path inside the folder
//! rm -r <path>...         and any number of them
//! git commit -m 'a b'     quotes as in a shell
//! ```

use std::path::{Path, PathBuf};

use crate::allow::line::{Reader, shown};
use crate::allow::{BadRule, folder, risk};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    Allow,
    /// Wins over every rule that allows.
    Deny,
}

/// One place in a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    Word(String),
    /// `?`
    One,
    /// `<path>`
    Path,
    /// `<path>...`, at the end.
    Paths,
    /// `*`, at the end.
    Rest,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pub id: u32,
    pub effect: Effect,
    program: String,
    arguments: Vec<Pattern>,
    /// Where the program was when the rule was made. Another one of the same name is not meant.
    bound: Option<PathBuf>,
}

/// Whether a command is what a rule speaks of.
pub(super) enum Match {
    /// With the paths that were taken for being inside the folder.
    Yes(Vec<PathBuf>),
    No,
    /// The words fit, the program is another one.
    OtherProgram,
}

impl Rule {
    pub fn parse(id: u32, effect: Effect, text: &str) -> Result<Rule, BadRule> {
        let mut reader = Reader::new(text);
        let mut program = None;
        let mut arguments: Vec<Pattern> = Vec::new();
        let mut columns = Vec::new();
        loop {
            reader.skip_blanks();
            let column = reader.column();
            if reader.peek().is_none() {
                break;
            }
            if let Some(Pattern::Rest | Pattern::Paths) = arguments.last() {
                return Err(BadRule::new(
                    column,
                    "nothing follows `*` or `<path>...`: they stand for all the rest",
                ));
            }
            let pattern = pattern(&mut reader)?;
            match (&program, pattern) {
                (Some(_), pattern) => {
                    columns.push(column);
                    arguments.push(pattern);
                }
                (None, Pattern::Word(word)) => program = Some(named(column, word)?),
                (None, _) => {
                    let text = "a rule names one program; for all of them choose the security `full`";
                    return Err(BadRule::new(column, text));
                }
            }
        }
        let Some(program) = program else {
            return Err(BadRule::new(1, "a rule names a program and its words, such as `git status`"));
        };
        match effect {
            Effect::Allow => {
                if let Err((place, text)) = risk::of_rule(&program, &arguments) {
                    return Err(BadRule::new(place.and_then(|n| columns.get(n).copied()).unwrap_or(1), text));
                }
            }
            Effect::Deny => {
                let path = |pattern: &Pattern| matches!(pattern, Pattern::Path | Pattern::Paths);
                if let Some(n) = arguments.iter().position(path) {
                    let text = "a rule that denies does not ask where a path leads: write `?` or `*`";
                    return Err(BadRule::new(columns[n], text));
                }
            }
        }
        Ok(Rule { id, effect, program, arguments, bound: None })
    }

    /// Only this very program is meant.
    #[must_use]
    pub fn bound_to(mut self, path: impl Into<PathBuf>) -> Rule {
        self.bound = Some(path.into());
        self
    }

    pub fn program(&self) -> &str {
        &self.program
    }

    /// To allow: exactly the name that the rule has, and the program that it was made for.
    pub(super) fn allows(&self, words: &[String], found: Option<&Path>, folder: &Path, cwd: &Path) -> Match {
        let Some((program, rest)) = words.split_first() else { return Match::No };
        if self.effect != Effect::Allow || *program != self.program {
            return Match::No;
        }
        let mut paths = Vec::new();
        let mut rest = rest.iter();
        for pattern in &self.arguments {
            let fits = match pattern {
                Pattern::Word(expected) => rest.next() == Some(expected),
                Pattern::One => rest.next().is_some_and(|word| !word.starts_with('-')),
                Pattern::Path => rest.next().is_some_and(|word| take(word, folder, cwd, &mut paths)),
                Pattern::Paths => rest.by_ref().all(|word| take(word, folder, cwd, &mut paths)),
                Pattern::Rest => {
                    rest = [].iter();
                    true
                }
            };
            if !fits {
                return Match::No;
            }
        }
        if rest.next().is_some() {
            return Match::No;
        }
        // A path that is not absolute names another file in another folder.
        if cwd != folder && risk::is_from_folder(words) {
            return Match::OtherProgram;
        }
        match &self.bound {
            Some(bound) if found != Some(bound.as_path()) => Match::OtherProgram,
            _ => Match::Yes(paths),
        }
    }

    /// To deny: whatever goes by that name, wherever it lies.
    pub(super) fn denies(&self, words: &[String], found: Option<&Path>) -> bool {
        let Some((program, words)) = words.split_first() else { return false };
        if self.effect != Effect::Deny {
            return false;
        }
        let last = |name: &str| name.rsplit('/').next().unwrap_or(name).to_lowercase();
        let found_name = found.and_then(Path::file_name).map(|name| last(&name.to_string_lossy()));
        let meant = match self.program.contains('/') {
            true => *program == self.program || found == Some(Path::new(&self.program)),
            false => last(program) == last(&self.program) || found_name == Some(last(&self.program)),
        };
        let bound = self.bound.as_deref().is_some_and(|bound| found == Some(bound));
        if !meant && !bound {
            return false;
        }
        let mut rest = words.iter();
        for pattern in &self.arguments {
            let fits = match pattern {
                Pattern::Word(expected) => rest.next() == Some(expected),
                Pattern::One | Pattern::Path => rest.next().is_some(),
                Pattern::Rest | Pattern::Paths => return true,
            };
            if !fits {
                return false;
            }
        }
        rest.next().is_none()
    }
}

fn take(word: &str, folder: &Path, cwd: &Path, paths: &mut Vec<PathBuf>) -> bool {
    folder::inside(folder, cwd, word).map(|path| paths.push(path)).is_ok()
}

fn pattern(reader: &mut Reader) -> Result<Pattern, BadRule> {
    let column = reader.column();
    let special =
        [("*", Pattern::Rest), ("?", Pattern::One), ("<path>...", Pattern::Paths), ("<path>", Pattern::Path)];
    for (text, pattern) in special {
        if reader.take_alone(text) {
            return Ok(pattern);
        }
    }
    match reader.peek() {
        Some('|' | '&' | ';') => {
            return Err(BadRule::new(column, "a rule is about one command; make one rule for each"));
        }
        Some('<') => {
            return Err(BadRule::new(
                column,
                "`<path>` and `<path>...` are all that stands in angle brackets",
            ));
        }
        Some('>') => {
            return Err(BadRule::new(
                column,
                "a rule says nothing about redirects: they are looked at by themselves",
            ));
        }
        _ => {}
    }
    match reader.word() {
        Ok(word) if matches!(reader.peek(), Some('|' | '&' | ';' | '<' | '>')) => {
            let text = format!("a blank is missing after `{}`, or quotes around it", shown(&word.text));
            Err(BadRule::new(reader.column(), text))
        }
        Ok(word) => Ok(Pattern::Word(word.text)),
        Err(doubted) => {
            let stands_alone = matches!(reader.peek(), Some('*' | '?'));
            let text = match stands_alone {
                true => "`*` and `?` stand alone, for whole words; in quotes they are plain signs".to_owned(),
                false => {
                    format!("{}; in single quotes it is a plain sign", doubted.text.trim_end_matches('.'))
                }
            };
            Err(BadRule::new(reader.column(), text))
        }
    }
}

/// What can be the name of a program: nothing that a shell reads in its own way.
fn named(column: usize, word: String) -> Result<String, BadRule> {
    let plain = |sign: char| sign.is_ascii_alphanumeric() || "_-./+@".contains(sign);
    if word.split('/').any(|part| part == "..") {
        return Err(BadRule::new(column, "a program is named without `..`"));
    }
    if word.chars().all(plain)
        && word.starts_with(|sign: char| sign.is_ascii_alphanumeric() || "./_".contains(sign))
    {
        return Ok(word);
    }
    let text = format!("`{}` is not the name of a program", shown(&word));
    Err(BadRule::new(column, text))
}
