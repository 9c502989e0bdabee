//! Programs that run what they are handed: no list of words can say what they will do.
//!
//! The lists are never complete, and need not be: a program runs without a question only if its person wrote
//! a rule for it. They keep a rule from allowing more than it seems to.

mod kinds;
mod options;

use std::path::Path;

use crate::allow::Pattern;
use crate::allow::line::shown;
use kinds::Kind;

/// Why the command may run something else, as the rest of a sentence. `found` is the file of the program.
pub(super) fn of_command(words: &[String], found: Option<&Path>) -> Option<String> {
    let (program, arguments) = words.split_first()?;
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let file = found.and_then(Path::file_name).map(|name| key(&name.to_string_lossy()));
    // One file that is many programs does what it is called as.
    let file = file.filter(|file| !["busybox", "toybox", "coreutils"].contains(&file.as_str()));
    of_words(&key(program), &words).or_else(|| file.and_then(|file| of_words(&file, &words)))
}

/// Whether it starts another program that stands among its words.
pub(super) fn starts_others(program: &str) -> bool {
    matches!(kinds::of(&key(program)), Kind::Never(_) | Kind::Launcher)
        || matches!(kinds::of(&key(program)), Kind::Verbs(verbs) if !verbs.launch.is_empty())
}

/// Without the options before a verb that change nothing: a rule that denies the verb means these, too.
pub(super) fn without_harmless(words: &[String]) -> Vec<String> {
    let Some((program, rest)) = words.split_first() else { return Vec::new() };
    let harmless = match kinds::of(&key(program)) {
        Kind::Verbs(verbs) => verbs.harmless,
        Kind::Never(_)
        | Kind::Interpreter
        | Kind::Launcher
        | Kind::Files
        | Kind::Exact
        | Kind::Sed
        | Kind::Plain => &[],
    };
    let rest = rest.iter().skip_while(|word| harmless.contains(&word.as_str()));
    std::iter::once(program).chain(rest).cloned().collect()
}

/// Whether what it runs depends on the folder: its own file, or the one of its program text.
pub(super) fn is_from_folder(words: &[String]) -> bool {
    let relative = |word: &str| !word.starts_with('/');
    match words {
        [program, ..] if program.contains('/') && relative(program) => true,
        [program, text, ..] => kinds::of(&key(program)) == Kind::Interpreter && relative(text),
        [..] => false,
    }
}

/// Refuses rules that would allow more than they say; with the place among the arguments.
pub(super) fn of_rule(program: &str, arguments: &[Pattern]) -> Result<(), (Option<usize>, String)> {
    let key = key(program);
    let kind = kinds::of(&key);
    let wild = |pattern: &Pattern| !matches!(pattern, Pattern::Word(_));
    let first_wild = arguments.iter().position(wild);
    let literal = |n: usize| match arguments.get(n) {
        Some(Pattern::Word(word)) if !word.starts_with('-') => Some(word.as_str()),
        _ => None,
    };
    match &kind {
        Kind::Never(why) => {
            return Err((None, format!("`{program}` {why}, so no rule can say what it may do")));
        }
        Kind::Exact if first_wild.is_some() => {
            let text = format!(
                "`{program}` can do nearly anything: write down each word, without `*`, `?` or `<path>`"
            );
            return Err((first_wild, text));
        }
        Kind::Files => {
            let unbound = |pattern: &Pattern| matches!(pattern, Pattern::One | Pattern::Rest);
            if let Some(n) = arguments.iter().position(unbound) {
                let text = format!(
                    "`{program}` would reach files outside the folder: write `<path>` or `<path>...`"
                );
                return Err((Some(n), text));
            }
        }
        Kind::Interpreter | Kind::Launcher => {
            let module = matches!(arguments.first(), Some(Pattern::Word(word)) if word == "-m");
            if literal(usize::from(module && kind == Kind::Interpreter)).is_none() {
                let text = format!(
                    "`{program}` runs what it is handed: name that right after it, as in `{program} NAME *`"
                );
                return Err((Some(0), text));
            }
        }
        Kind::Verbs(verbs) => {
            let harmless = |pattern: &&Pattern| match pattern {
                Pattern::Word(word) => verbs.harmless.contains(&word.as_str()),
                Pattern::One | Pattern::Path | Pattern::Paths | Pattern::Rest => false,
            };
            let at = arguments.iter().take_while(harmless).count();
            let Some(verb) = literal(at) else {
                if first_wild.is_none() {
                    return of_literals(&key, arguments);
                }
                let text = format!("`{program}` has commands of many kinds: name one right after it");
                return Err((Some(at), text));
            };
            if verbs.named.contains(&verb) && arguments.len() > at + 1 && literal(at + 1).is_none() {
                let text = format!("`{program} {verb}` runs what it is handed: name that right after it");
                return Err((Some(at + 1), text));
            }
            if verbs.fixed.contains(&verb) && first_wild.is_some() {
                let text =
                    format!("`{program} {verb}` brings in whatever it is told to: write down each word");
                return Err((first_wild, text));
            }
            if verbs.launch.contains(&verb) {
                return of_launched(arguments, at + 1, &format!("{program} {verb}"));
            }
        }
        Kind::Plain | Kind::Sed | Kind::Exact => {}
    }
    if kind == Kind::Launcher {
        return of_launched(arguments, 0, program);
    }
    of_literals(&key, arguments)
}

/// What follows the launcher is a rule in itself.
fn of_launched(arguments: &[Pattern], from: usize, launcher: &str) -> Result<(), (Option<usize>, String)> {
    match arguments.get(from) {
        Some(Pattern::Word(program)) if !program.starts_with('-') => of_rule(program, &arguments[from + 1..])
            .map_err(|(place, text)| (Some(place.map_or(from, |n| n + from + 1)), text)),
        _ => Err((Some(from), format!("`{launcher}` runs what it is handed: name that right after it"))),
    }
}

/// The words that the rule has of its own must pass what is looked at when it is used, or it would never
/// match.
fn of_literals(key: &str, arguments: &[Pattern]) -> Result<(), (Option<usize>, String)> {
    let words: Vec<&str> = arguments
        .iter()
        .map(|pattern| match pattern {
            Pattern::Word(word) => word.as_str(),
            // Passes as a plain word, as the script of sed and as the name of a file.
            Pattern::One | Pattern::Path | Pattern::Paths | Pattern::Rest => "0",
        })
        .collect();
    match of_words(key, &words) {
        None => Ok(()),
        Some(text) => Err((None, format!("this {text}; such a command is always asked about"))),
    }
}

fn of_words(key: &str, words: &[&str]) -> Option<String> {
    let first = words.first().copied();
    let own = match kinds::of(key) {
        Kind::Never(why) => Some(why.to_owned()),
        Kind::Interpreter => interpreted(key, words),
        Kind::Launcher => launched(words),
        Kind::Verbs(verbs) => {
            let skipped = words.iter().take_while(|word| verbs.harmless.contains(word)).count();
            match words.get(skipped).copied() {
                None => None,
                Some("--version" | "--help") if words.len() == 1 => None,
                Some(word) if word.starts_with('-') => {
                    Some(format!("is told by `{}` to work in another way", shown(word)))
                }
                Some(verb) if verbs.never.contains(&verb) => {
                    Some(format!("runs what `{verb}` is handed or set up for"))
                }
                Some(verb) if verbs.launch.contains(&verb) => launched(&words[skipped + 1..]),
                Some(verb) if verbs.named.contains(&verb) => match words.get(skipped + 1) {
                    Some(word) if word.starts_with('-') => {
                        Some(format!("is told by `{}` what to run", shown(word)))
                    }
                    _ => None,
                },
                Some(verb) => options::of_verb(key, verb, &words[skipped + 1..]),
            }
        }
        Kind::Sed => edited(words),
        Kind::Files | Kind::Exact | Kind::Plain => None,
    };
    own.or_else(|| options::of(key, words, first))
}

/// A program text, or the file of one: only a file that is named first is known.
fn interpreted(key: &str, words: &[&str]) -> Option<String> {
    match words {
        [] => Some("reads its program from what is handed to it".to_owned()),
        ["-m", module, ..] if key.starts_with("py") && !module.starts_with('-') => {
            if kinds::RUNNING_MODULES.contains(module) {
                return Some(format!("runs what `{module}` is handed"));
            }
            of_words(&self::key(module), &words[2..])
        }
        ["--version" | "-V"] => None,
        [word, ..] if word.starts_with('-') => Some(format!("is told by `{}` what to run", shown(word))),
        [word, ..] if word.contains("://") || word.starts_with("data:") || word.starts_with("/dev/") => {
            Some("runs what is not in a file here".to_owned())
        }
        [..] => None,
    }
}

fn launched(words: &[&str]) -> Option<String> {
    match words {
        [] => None,
        [word, ..] if word.starts_with('-') => Some(format!("is told by `{}` what to run", shown(word))),
        [program, rest @ ..] => {
            of_words(&self::key(program), rest).map(|why| format!("starts `{}`, which {why}", shown(program)))
        }
    }
}

/// sed can write files and run commands; `sed -n 10,20p` cannot.
fn edited(words: &[&str]) -> Option<String> {
    let flags = ["-n", "-E", "-r", "-s", "-u", "-z", "--quiet", "--silent", "--posix"];
    let mut rest = words.iter().skip_while(|word| flags.contains(word));
    let script = rest.next()?;
    let plain = |sign: char| sign.is_ascii_digit() || ",;$p dq=".contains(sign);
    if !script.chars().all(plain) {
        return Some("is handed a script that may write files or run commands".to_owned());
    }
    let option = rest.find(|word| word.starts_with('-') && word.len() > 1 && !flags.contains(word));
    option.map(|word| format!("is told by `{}` to work in another way", shown(word)))
}

/// The name that the lists have: `/usr/bin/Python3.12` is `python`, `git.exe` is `git`.
fn key(program: &str) -> String {
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program).to_lowercase();
    let endings = [".exe", ".cmd", ".bat", ".com", ".ps1"];
    let name = endings.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(&name);
    let bare = name.trim_end_matches(|sign: char| sign.is_ascii_digit() || sign == '.' || sign == '-');
    if kinds::of(name) != Kind::Plain || bare.is_empty() { name.to_owned() } else { bare.to_owned() }
}
