//! What looks like a key and stands where it will be written down.

/// How keys of well-known services begin.
const BEGINNINGS: &[&str] = &[
    "sk-",
    "sk_live_",
    "rk_live_",
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "xapp-",
    "AKIA",
    "ASIA",
    "AIza",
    "hf_",
    "npm_",
    "pypi-",
    "dop_v1_",
    "SG.",
    "eyJhbGciOi",
    "-----BEGIN ",
];
const ENDINGS: &[&str] = &["_KEY", "_TOKEN", "_SECRET", "_PASSWORD", "_PASSWD", "_CREDENTIALS"];
const NAMES: &[&str] = &["KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD"];
/// A beginning with little behind it is something else.
const SHORTEST_KEY: usize = 16;

/// Sentences about variables and texts that should be credentials. They name the place and not the value.
pub(crate) fn notes<'a>(
    env: impl IntoIterator<Item = (&'a str, &'a str)>,
    argv: &[String],
    brief: Option<&str>,
) -> Vec<String> {
    let say = |what: &str| {
        format!(
            "{what} looks like a key, and is written to the database. \
             `errand credential set NAME` and `--secret VARIABLE=NAME` keep it out."
        )
    };
    let env = env.into_iter().filter(|(name, value)| {
        let name = name.to_ascii_uppercase();
        let named = ENDINGS.iter().any(|ending| name.ends_with(ending)) || NAMES.contains(&name.as_str());
        (named && !value.is_empty()) || is_key(value)
    });
    let mut notes: Vec<String> = env.map(|(name, _)| say(&format!("The value of {name}"))).collect();
    if argv.iter().any(|word| holds_key(word)) {
        notes.push(say("A word of the program line"));
    }
    if brief.is_some_and(holds_key) {
        notes.push(say("A word of the brief"));
    }
    notes
}

fn holds_key(text: &str) -> bool {
    text.contains("-----BEGIN ")
        || text.split(|c: char| c.is_whitespace() || "=\"',:;()".contains(c)).any(is_key)
}

fn is_key(word: &str) -> bool {
    word.len() >= SHORTEST_KEY && BEGINNINGS.iter().any(|beginning| word.starts_with(beginning))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_known_by_their_names_and_beginnings() {
        let env = [
            ("PATH", "/usr/bin"),
            ("API_KEY", "x"),
            ("openai_api_key", "x"),
            ("TOKEN", "y"),
            ("EMPTY_TOKEN", ""),
            ("KEYBOARD", "us"),
            ("OTHER", "ghp_0123456789abcdef"),
            ("SHORT", "sk-no"),
        ];
        let notes = notes(env, &[], None);
        let named: Vec<&str> = notes.iter().map(|note| note.split(' ').nth(4).unwrap_or_default()).collect();
        assert_eq!(named.len(), 4, "{notes:?}");
        assert!(notes.iter().all(|note| !note.contains("ghp_")), "{notes:?}");
    }

    #[test]
    fn so_are_those_in_a_line_or_a_brief() {
        let line = |word: &str| notes([], &[word.to_owned()], None).len();
        assert_eq!(line("--token=sk-0123456789abcdef"), 1);
        assert_eq!(line("task-sk-0123456789abcdef"), 0);
        assert_eq!(line("sk-ip"), 0);
        assert_eq!(notes([], &[], Some("Use ghp_0123456789abcdef for it")).len(), 1);
        assert_eq!(notes([], &[], Some("Ask for the password first")).len(), 0);
    }
}
