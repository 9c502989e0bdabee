//! The tools that work on files, as `errand tool FILE` carries them out: in the folder it is started in, and nowhere
//! else.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use errand_model::ToolCall;
use errand_os::Beneath;
use serde::{Deserialize, Serialize};

use super::arguments;
use crate::weigh::{Expected, seal};

const MOST_ENTRIES: usize = 1_000;
const MOST_LINES: usize = 2_000;
const LONGEST_FILE: u64 = 16 << 20;

pub(crate) enum Call {
    List(List),
    Read(ReadLines),
    Write(Write),
    Edit(Edit),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct List {
    #[serde(default)]
    path: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReadLines {
    path: PathBuf,
    #[serde(default)]
    from_line: Option<usize>,
    #[serde(default)]
    lines: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Write {
    pub path: PathBuf,
    pub text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edit {
    pub path: PathBuf,
    old: String,
    new: String,
}

impl Call {
    pub fn read(call: &ToolCall, takes: &str) -> Result<Call, String> {
        Ok(match call.name.as_str() {
            "list_files" => Call::List(arguments(call, takes)?),
            "read_file" => Call::Read(arguments(call, takes)?),
            "write_file" => Call::Write(arguments(call, takes)?),
            "edit_file" => Call::Edit(arguments(call, takes)?),
            other => return Err(format!("there is no tool “{other}” for files")),
        })
    }
}

/// What is carried out, as it stands in the file.
#[derive(Serialize, Deserialize)]
pub(crate) struct Order {
    pub call: ToolCall,
    /// What its person has looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Expected>,
}

/// Why a call was not carried out.
#[derive(Debug, PartialEq, Eq)]
pub enum Refused {
    /// The file, or the folder, is not any more what its person has looked at.
    Changed,
    Other(String),
}

impl From<String> for Refused {
    fn from(why: String) -> Refused {
        Refused::Other(why)
    }
}

/// Carries out the call in `file`, in the current folder. What to print, or why it was not done.
pub fn perform(file: &Path) -> Result<String, Refused> {
    let text = std::fs::read(file).map_err(|error| format!("the call cannot be read: {error}"))?;
    let Order { call, expected } =
        serde_json::from_slice(&text).map_err(|error| format!("the call cannot be read: {error}"))?;
    let folder = Beneath::open(Path::new(".")).map_err(|error| format!("the folder: {error}"))?;
    if let Some(expected) = expected
        && !is_still(&folder, &call, &expected)
    {
        return Err(Refused::Changed);
    }
    Ok(perform_in(&folder, &call)?)
}

/// As late as it can be looked at: what follows is one step into place.
fn is_still(folder: &Beneath, call: &ToolCall, expected: &Expected) -> bool {
    let path = match Call::read(call, "") {
        Ok(Call::Write(Write { path, .. }) | Call::Edit(Edit { path, .. })) => path,
        Ok(Call::List(_) | Call::Read(_)) | Err(_) => return false,
    };
    let before = match folder.file(&path) {
        Ok(_) => match whole(folder, &path) {
            Ok(text) => Some(seal::of_bytes(text.as_bytes())),
            Err(_) => return false,
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(_) => return false,
    };
    seal::folder(Path::new(".")) == expected.folder && before == expected.before
}

fn perform_in(folder: &Beneath, call: &ToolCall) -> Result<String, String> {
    match Call::read(call, "other arguments")? {
        Call::List(List { path }) => list(folder, &path).map_err(|error| at(&path, &error)),
        Call::Read(wanted) => read_lines(folder, &wanted),
        Call::Write(Write { path, text }) => {
            folder.write(&path, text.as_bytes()).map_err(|error| at(&path, &error))?;
            Ok(format!("{} bytes written", text.len()))
        }
        Call::Edit(edit) => change(folder, &edit),
    }
}

fn list(folder: &Beneath, path: &Path) -> io::Result<String> {
    let (entries, more) = folder.list(path, MOST_ENTRIES)?;
    let mut text = String::new();
    for entry in entries {
        let kind = if entry.is_folder { "/" } else { "" };
        let size =
            if entry.is_folder || entry.is_link { String::new() } else { format!("  {}", entry.bytes) };
        text.push_str(&format!("{}{kind}{size}\n", entry.name));
    }
    if more {
        text.push_str(&format!("… more than {MOST_ENTRIES} entries; the rest is left out\n"));
    }
    Ok(text)
}

fn read_lines(folder: &Beneath, wanted: &ReadLines) -> Result<String, String> {
    let text = whole(folder, &wanted.path)?;
    let from = wanted.from_line.unwrap_or(1).max(1);
    let most = wanted.lines.unwrap_or(MOST_LINES).min(MOST_LINES);
    let total = text.lines().count();
    let mut said: String = text.lines().skip(from - 1).take(most).map(|line| format!("{line}\n")).collect();
    let next = from.saturating_add(most);
    if total >= next {
        said.push_str(&format!("… {} more lines; from_line {next} goes on\n", total - next + 1));
    }
    Ok(said)
}

fn change(folder: &Beneath, edit: &Edit) -> Result<String, String> {
    let path = &edit.path;
    let changed = replaced(&whole(folder, path)?, edit)?;
    folder.write(path, changed.as_bytes()).map_err(|error| at(path, &error))?;
    Ok("replaced once".to_owned())
}

/// The text of a file with its one change.
pub(crate) fn replaced(text: &str, edit: &Edit) -> Result<String, String> {
    let Edit { path, old, new } = edit;
    if old.is_empty() {
        return Err("old is empty; write_file makes a new file".to_owned());
    }
    match text.matches(old.as_str()).count() {
        1 => Ok(text.replacen(old.as_str(), new, 1)),
        0 => Err(format!("{}: that text does not stand in it", path.display())),
        times => Err(format!("{}: that text stands in it {times} times; give more of it", path.display())),
    }
}

pub(crate) fn whole(folder: &Beneath, path: &Path) -> Result<String, String> {
    let file = folder.file(path).map_err(|error| at(path, &error))?;
    let mut text = Vec::new();
    file.take(LONGEST_FILE + 1).read_to_end(&mut text).map_err(|error| at(path, &error))?;
    if text.len() as u64 > LONGEST_FILE {
        return Err(format!("{}: it is longer than 16 MiB", path.display()));
    }
    String::from_utf8(text).map_err(|_| format!("{}: it is no text", path.display()))
}

fn at(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(folder: &Beneath, name: &str, arguments: serde_json::Value) -> Result<String, String> {
        perform_in(folder, &ToolCall { id: String::new(), name: name.into(), arguments })
    }

    #[test]
    fn files_are_read_in_pieces_changed_and_written() {
        let base = tempfile::tempdir().unwrap();
        let folder = Beneath::open(base.path()).unwrap();
        let at = |path: &str| serde_json::json!({ "path": path });
        let text: String = (1..=5_000).map(|n| format!("line {n}\n")).collect();
        let write = serde_json::json!({ "path": "notes/long.txt", "text": text });
        assert_eq!(done(&folder, "write_file", write), Ok(format!("{} bytes written", text.len())));
        assert_eq!(done(&folder, "list_files", serde_json::json!({})), Ok("notes/\n".to_owned()));
        let first = done(&folder, "read_file", at("notes/long.txt")).unwrap();
        assert!(first.ends_with("line 2000\n… 3000 more lines; from_line 2001 goes on\n"), "{first}");
        let last = serde_json::json!({ "path": "notes/long.txt", "from_line": 4_999 });
        assert_eq!(done(&folder, "read_file", last).unwrap(), "line 4999\nline 5000\n");

        let edit =
            |old: &str| serde_json::json!({ "path": "notes/long.txt", "old": old, "new": "changed\n" });
        assert!(done(&folder, "edit_file", edit("line 1\n")).is_ok());
        assert!(done(&folder, "edit_file", edit("line 1\n")).unwrap_err().contains("does not stand"));
        assert!(done(&folder, "edit_file", edit("line 2")).unwrap_err().contains("times"));
        assert!(done(&folder, "edit_file", edit("")).is_err());
        let text = std::fs::read_to_string(base.path().join("notes/long.txt")).unwrap();
        assert!(text.starts_with("changed\nline 2\n"));
    }

    #[test]
    fn what_is_not_there_is_no_text_or_lies_outside_is_said() {
        let base = tempfile::tempdir().unwrap();
        let folder = Beneath::open(base.path()).unwrap();
        std::fs::write(base.path().join("picture"), [0xff, 0xfe, 0]).unwrap();
        for (path, why) in [("gone", "gone: "), ("picture", "no text"), ("../x", "outside"), (".", "")] {
            let read = done(&folder, "read_file", serde_json::json!({ "path": path })).unwrap_err();
            assert!(read.contains(why), "{path}: {read}");
        }
    }
}
