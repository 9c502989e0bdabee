//! From what a person typed to a program that can be started: split without a shell, found, with its folder and
//! environment, or refused with a sentence.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use errand_base::{Code, Fault};
use errand_model::Program;

/// What every program gets if the caller has it; all else must be named.
const ALWAYS: &[&str] = &["PATH", "HOME", "LANG", "TERM", "TZ", "TMPDIR"];
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Splits a program line at spaces and quotes. No shell reads it.
pub(crate) fn split_line(line: &str) -> Result<Vec<String>, Fault> {
    if line.contains('\0') {
        return Err(Fault::new(Code::BadUsage, "The program line holds a NUL character."));
    }
    let words = shlex::split(line).ok_or_else(|| {
        Fault::new(Code::BadUsage, "A quote is opened and not closed.")
            .hint("Close the quote, or put a \\ before it.")
    })?;
    if words.is_empty() {
        return Err(Fault::new(Code::BadUsage, "There is no program in it.")
            .hint("Type a program and its arguments."));
    }
    Ok(words)
}

/// What a shell would do with this line and Errand does not.
pub(crate) fn shell_note(line: &str) -> Option<String> {
    let mut quoted = None;
    let mut escaped = false;
    let mut previous = ' ';
    for c in line.chars() {
        let plain = quoted.is_none() && !escaped;
        match c {
            '\\' if !escaped && quoted != Some('\'') => escaped = true,
            '\'' | '"' if !escaped && quoted.is_none() => quoted = Some(c),
            '\'' | '"' if !escaped && quoted == Some(c) => quoted = None,
            '|' | '>' | '<' | ';' | '&' | '*' | '$' | '`' if plain => return Some(note_on(c)),
            '~' if plain && previous.is_whitespace() => return Some(note_on(c)),
            _ => escaped = false,
        }
        previous = c;
    }
    None
}

fn note_on(c: char) -> String {
    format!("“{c}” is passed on as it is: no shell reads this line. With a shell: sh -c '…'")
}

/// The folder to run in, which must exist.
pub(crate) fn folder(cwd: Option<&str>) -> Result<PathBuf, Fault> {
    let path = match cwd {
        Some(text) if text == "~" || text.starts_with("~/") => {
            let rest = text.trim_start_matches('~').trim_start_matches('/');
            home_folder().join(rest)
        }
        Some(text) if !text.is_empty() => PathBuf::from(text),
        Some(_) | None => home_folder(),
    };
    if !path.is_absolute() {
        let text = format!("“{}” is not a full path.", path.display());
        return Err(Fault::new(Code::FolderMissing, text).hint("Give the folder from / on."));
    }
    if !path.is_dir() {
        return Err(Fault::new(Code::FolderMissing, format!("There is no folder “{}”.", path.display())));
    }
    Ok(path)
}

pub(crate) fn home_folder() -> PathBuf {
    std::env::var_os("HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .unwrap_or_else(|| "/".into())
}

/// The environment of a program: what the caller sent, or the engine's own for callers that have none.
pub(crate) fn environment(sent: BTreeMap<String, String>) -> Result<Vec<(String, String)>, Fault> {
    let mut env: BTreeMap<String, String> = BTreeMap::new();
    for name in ALWAYS {
        if let Ok(value) = std::env::var(name) {
            env.insert((*name).to_owned(), value);
        }
    }
    env.entry("PATH".to_owned()).or_insert_with(|| DEFAULT_PATH.to_owned());
    for (name, value) in sent {
        let fits = !name.is_empty() && !name.contains(['=', '\0']) && !value.contains('\0');
        if !fits {
            return Err(Fault::new(Code::BadUsage, format!("“{name}” cannot be an environment variable.")));
        }
        // Errand's own variables tell a program which run it belongs to; nobody else sets them.
        if name.starts_with("ERRAND_") {
            return Err(Fault::new(Code::BadUsage, format!("{name} is set by Errand itself.")));
        }
        env.insert(name, value);
    }
    Ok(env.into_iter().collect())
}

/// The variables that credentials go into.
pub(crate) fn secrets(
    sent: BTreeMap<String, String>,
    env: &BTreeMap<String, String>,
) -> Result<Vec<(String, String)>, Fault> {
    for name in sent.keys() {
        if name.is_empty() || name.contains(['=', '\0']) {
            return Err(Fault::new(Code::BadUsage, format!("“{name}” cannot be an environment variable.")));
        }
        if name.starts_with("ERRAND_") || ALWAYS.contains(&name.as_str()) {
            return Err(Fault::new(Code::BadUsage, format!("{name} cannot be a credential.")));
        }
        if env.contains_key(name) {
            return Err(Fault::new(Code::BadUsage, format!("{name} is given twice, once as a credential.")));
        }
    }
    Ok(sent.into_iter().collect())
}

/// Finds the program, so that a slip of the finger is told at once and leaves no task behind.
pub(crate) fn find(argv: &[String], cwd: &Path, env: &[(String, String)]) -> Result<PathBuf, Fault> {
    let Some(name) = argv.first().filter(|name| !name.is_empty()) else {
        return Err(Fault::new(Code::BadUsage, "There is no program to run."));
    };
    if argv.iter().any(|word| word.contains('\0')) {
        return Err(Fault::new(Code::BadUsage, "An argument holds a NUL character."));
    }
    let path = env.iter().find(|(name, _)| name == "PATH").map_or(DEFAULT_PATH, |(_, value)| value.as_str());
    errand_os::find_program(name, path, cwd)
        .ok_or_else(|| Fault::new(Code::ProgramMissing, format!("There is no program “{name}”.")))
}

/// The program as one line that could be typed again.
pub(crate) fn one_line(program: &Program) -> String {
    errand_engine::one_line(&program.argv)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_split_at_spaces_and_quotes_only() {
        let words = split_line(r#"grep -r "two words" 'and $HOME' a\ b *.rs"#).unwrap();
        assert_eq!(words, ["grep", "-r", "two words", "and $HOME", "a b", "*.rs"]);
        for bad in ["", "   ", "echo 'open", "a\0b", "# only a comment"] {
            assert_eq!(split_line(bad).unwrap_err().code, Code::BadUsage, "{bad:?}");
        }
    }

    #[test]
    fn what_only_a_shell_does_is_said() {
        for line in
            ["ls | wc", "echo $HOME", "make; make test", "cat *.rs", "ls ~/x", "a > b", "a & b", "echo `id`"]
        {
            assert!(shell_note(line).is_some(), "{line}");
        }
        for line in
            ["ls -l", "echo 'a | b'", r"echo a\|b", "git log --oneline", "echo a~b", r#"echo "x > y""#]
        {
            assert_eq!(shell_note(line), None, "{line}");
        }
    }

    #[test]
    fn programs_and_folders_that_do_not_exist_are_refused() {
        let env = environment(BTreeMap::new()).unwrap();
        let argv = ["no-such-program-anywhere".to_owned()];
        assert_eq!(find(&argv, Path::new("/"), &env).unwrap_err().code, Code::ProgramMissing);
        assert!(find(&["sh".to_owned()], Path::new("/"), &env).is_ok());
        assert_eq!(folder(Some("/no/such/folder")).unwrap_err().code, Code::FolderMissing);
        assert_eq!(folder(Some("relative")).unwrap_err().code, Code::FolderMissing);
        assert_eq!(folder(Some("/")).unwrap(), Path::new("/"));
    }

    #[test]
    fn nobody_sets_the_variables_of_errand() {
        let sent = BTreeMap::from([("ERRAND_RUN".to_owned(), "forged".to_owned())]);
        assert_eq!(environment(sent).unwrap_err().code, Code::BadUsage);
        let sent = BTreeMap::from([("COLOUR".to_owned(), "blue".to_owned())]);
        let env = environment(sent).unwrap();
        assert!(env.contains(&("COLOUR".to_owned(), "blue".to_owned())));
        assert!(env.iter().any(|(name, _)| name == "PATH"));
    }

    #[test]
    fn the_one_line_can_be_typed_again() {
        let argv = ["echo", "two words", "it's", "$HOME"].map(str::to_owned).to_vec();
        let program = Program {
            argv: argv.clone(),
            cwd: "/".into(),
            env: Vec::new(),
            within: None,
            secrets: Vec::new(),
            brief: None,
            execution: Default::default(),
            allow: Vec::new(),
            around: Default::default(),
        };
        assert_eq!(split_line(&one_line(&program)).unwrap(), argv);
    }
}
