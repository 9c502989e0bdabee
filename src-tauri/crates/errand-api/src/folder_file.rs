//! The file of a folder: what is to be done around tasks that run in it.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;
use std::time::Duration;

use errand_base::{Code, Fault, parse_duration};
use errand_model::{Around, Command};
use serde::Deserialize;

use crate::program;

pub(crate) const NAME: &str = ".errand.toml";
/// Nobody reads more before allowing it.
const LONGEST: u64 = 64 * 1024;
const MOST_COMMANDS: usize = 50;
const LONGEST_COMMAND: Duration = Duration::from_secs(24 * 60 * 60);

/// The file as it is written. Lists of command lines, or of lists of words.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    preflight: Vec<Line>,
    before_run: Vec<Line>,
    stop_checks: Vec<Line>,
    after_run: Vec<Line>,
    time_limit: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "a command is a text, or a list of its words")]
enum Line {
    Text(String),
    Words(Vec<String>),
}

/// The text of the folder's file, if it has one.
pub(crate) fn text(folder: &Path) -> Result<Option<String>, Fault> {
    let bad = |why: &str| Fault::new(Code::BadFolderFile, format!("{NAME} cannot be read: {why}."));
    let path = folder.join(NAME);
    // A pipe or a device would keep us waiting.
    match std::fs::metadata(&path) {
        Ok(found) if !found.is_file() => return Err(bad("it is no ordinary file")),
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(bad(&error.to_string())),
    }
    let mut text = String::new();
    let file = File::open(&path).map_err(|error| bad(&error.to_string()))?;
    let read = file.take(LONGEST + 1).read_to_string(&mut text);
    read.map_err(|error| bad(&error.to_string()))?;
    if text.len() as u64 > LONGEST {
        return Err(bad("it is longer than 64 KiB"));
    }
    Ok(Some(text))
}

/// What it asks for, or where it is wrong.
pub(crate) fn read(text: &str) -> Result<Around, Fault> {
    let written: Written = toml::from_str(text).map_err(|error| {
        let place = error.span().map(|span| place(text, span.start)).unwrap_or_default();
        Fault::new(Code::BadFolderFile, format!("{NAME}{place}: {}.", error.message().trim_end_matches('.')))
            .hint("It may hold preflight, before_run, stop_checks, after_run and time_limit.")
    })?;
    let each = match written.time_limit.as_deref() {
        None => Around::USUAL,
        Some(text) => match parse_duration(text) {
            Ok(limit) if !limit.is_zero() && limit <= LONGEST_COMMAND => limit,
            _ => {
                let text = format!("{NAME}: “{text}” is no time limit.");
                return Err(Fault::new(Code::BadFolderFile, text).hint("For example: time_limit = \"10m\"."));
            }
        },
    };
    let around = Around {
        preflight: commands(written.preflight)?,
        before_run: commands(written.before_run)?,
        stop_checks: commands(written.stop_checks)?,
        after_run: commands(written.after_run)?,
        each,
    };
    Ok(around)
}

fn commands(lines: Vec<Line>) -> Result<Vec<Command>, Fault> {
    if lines.len() > MOST_COMMANDS {
        let text = format!("{NAME} lists more than {MOST_COMMANDS} commands.");
        return Err(Fault::new(Code::BadFolderFile, text));
    }
    lines
        .into_iter()
        .map(|line| match line {
            Line::Text(text) => program::split_line(&text),
            Line::Words(words) if words.is_empty() => {
                Err(Fault::new(Code::BadFolderFile, format!("{NAME} lists a command without words.")))
            }
            Line::Words(words) => Ok(words),
        })
        .collect()
}

/// ", line 3, column 7"
fn place(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!(", line {line}, column {column}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Command {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn commands_are_lines_or_lists_of_words() {
        let around = read(
            "preflight = ['git --version']\nbefore_run = [['make', 'up now']]\nstop_checks = ['make \"a b\"']\n\
             after_run = ['make down']\ntime_limit = '90s'\n",
        )
        .unwrap();
        assert_eq!(around.preflight, [words("git --version")]);
        assert_eq!(around.before_run, [vec!["make".to_owned(), "up now".to_owned()]]);
        assert_eq!(around.stop_checks, [vec!["make".to_owned(), "a b".to_owned()]]);
        assert_eq!(around.after_run, [words("make down")]);
        assert_eq!(around.each, Duration::from_secs(90));
        let empty = read("# nothing yet\n").unwrap();
        assert!(empty.is_empty());
        assert_eq!(empty.each, Around::USUAL);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (text, place) in [
            ("stop_checks = ['make test'", "line 1"),
            ("\nstop_check = ['make test']", "line 2, column 1"),
            ("before_run = 'make up'", "line 1, column 14"),
            ("before_run = [3]", "a command is a text"),
            ("before_run = [[]]", "without words"),
            ("before_run = ['']", "no program"),
            ("before_run = ['make \"up']", "quote"),
            ("time_limit = '0s'", "no time limit"),
            ("time_limit = '2 parsecs'", "no time limit"),
            ("time_limit = '25h'", "no time limit"),
        ] {
            let fault = read(text).unwrap_err();
            assert!(fault.message.contains(place), "{text}: {}", fault.message);
            assert!(!fault.hint.is_empty());
        }
        assert!(read(&format!("before_run = [{}]", "'a',".repeat(51))).is_err());
    }

    #[test]
    fn only_an_ordinary_file_of_modest_size_is_read() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(text(folder.path()), Ok(None));
        let file = folder.path().join(NAME);
        std::fs::write(&file, "# fine").unwrap();
        assert_eq!(text(folder.path()), Ok(Some("# fine".to_owned())));
        std::fs::write(&file, "#".repeat(70_000)).unwrap();
        assert_eq!(text(folder.path()).unwrap_err().code, Code::BadFolderFile);
        std::fs::remove_file(&file).unwrap();
        std::fs::create_dir(&file).unwrap();
        assert_eq!(text(folder.path()).unwrap_err().code, Code::BadFolderFile);
    }
}
