//! Options of otherwise plain programs that make them start another one, read other settings, or write
//! anywhere.
//!
//! Long options count shortened, too, and short ones wherever they stand in a bundle. That asks about a few
//! harmless commands more than it must.

mod table;

use crate::allow::line::shown;
use table::{Options, TABLE};

/// The half sentence about the first word that is in the table.
pub(super) fn of(key: &str, words: &[&str], first: Option<&str>) -> Option<String> {
    let tells =
        |word: &str| format!("is told by `{}` to start something else, or to write elsewhere", shown(word));
    for options in TABLE.iter().filter(|options| options.programs.contains(&key)) {
        // tar takes its first word for options also without a dash.
        let bundle = first.filter(|word| key.ends_with("tar") && !word.starts_with('-'));
        if let Some(word) = bundle.filter(|word| word.contains(|sign| options.short.contains(sign))) {
            return Some(tells(word));
        }
        if let Some(word) = words.iter().find(|word| options.has(word)) {
            return Some(tells(word));
        }
    }
    if key == "git" && words.iter().any(|word| word.contains("::") || word.contains("://-")) {
        return Some("names a helper that it would start".to_owned());
    }
    None
}

/// Short options of git that mean something else after another verb.
pub(super) fn of_verb(key: &str, verb: &str, words: &[&str]) -> Option<String> {
    let short = match (key, verb) {
        ("git", "clone") => "uc",
        ("git", "rebase") => "xis",
        ("git", "merge" | "pull") => "s",
        ("git", "grep") => "O",
        ("git", "format-patch") => "o",
        ("git", "add") => "ie",
        _ => return None,
    };
    words.iter().find(|word| bundles(word, short)).map(|word| tells(word))
}

fn tells(word: &str) -> String {
    format!("is told by `{}` to start something else, or to write elsewhere", shown(word))
}

fn bundles(word: &str, short: &str) -> bool {
    word.strip_prefix('-')
        .is_some_and(|rest| !rest.starts_with('-') && rest.contains(|sign| short.contains(sign)))
}

impl Options {
    fn has(&self, word: &str) -> bool {
        let name = word.split('=').next().unwrap_or(word);
        let long =
            name.len() > 2 && name.starts_with("--") && self.long.iter().any(|long| long.starts_with(name));
        let sets = self.sets && !word.starts_with('-') && word.contains('=');
        self.exact.contains(&name) || long || sets || bundles(word, self.short)
    }
}
