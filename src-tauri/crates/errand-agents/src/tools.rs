//! What a worker can have done for it between two turns: its files read and written, a program run. Each call is a
//! process of its own where the run is, so the same walls hold for it.

pub(crate) mod files;

use std::path::Path;
use std::time::Duration;

use errand_model::{Command, Execution, ToolCall, Workspace};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::turn::Tool;
pub use files::{Refused, perform};

/// More in one turn is not done.
pub(crate) const MOST_CALLS: usize = 20;
/// What of its output goes into the next request.
pub(crate) const LONGEST_OUTPUT: usize = 64 * 1024;
const LONGEST_RUN: Duration = Duration::from_secs(60 * 60);

/// A call that can be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Planned {
    /// This program itself, in the folder.
    Run { command: Command, limit: Option<Duration> },
    /// Our own program, which reads the call from a file.
    Files(ToolCall),
}

struct Known {
    name: &'static str,
    takes: &'static str,
    does: &'static str,
    needs: Needs,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    ToRead,
    ToWrite,
    Nothing,
}

/// The exit code of our own program for a file that is not any more what it was to be.
pub const CHANGED: u8 = 75;

pub(crate) const RUN: &str = "run_command";

const KNOWN: &[Known] = &[
    Known {
        name: "list_files",
        takes: r#"{"path"?: "folder"}"#,
        does: "names what is in a folder",
        needs: Needs::ToRead,
    },
    Known {
        name: "read_file",
        takes: r#"{"path": "file", "from_line"?: 1, "lines"?: 2000}"#,
        does: "reads lines of a text file",
        needs: Needs::ToRead,
    },
    Known {
        name: "write_file",
        takes: r#"{"path": "file", "text": "…"}"#,
        does: "puts a whole text file in place",
        needs: Needs::ToWrite,
    },
    Known {
        name: "edit_file",
        takes: r#"{"path": "file", "old": "…", "new": "…"}"#,
        does: "replaces a text that stands in a file exactly once",
        needs: Needs::ToWrite,
    },
    Known {
        name: RUN,
        takes: r#"{"argv": ["program", "…"], "timeout_s"?: 600}"#,
        does: "runs a program in the folder; no shell reads its arguments",
        needs: Needs::Nothing,
    },
];

/// The verbs of the terminal.
const VERBS: &[(&str, &str)] = &[
    ("ask", "errand ask QUESTION: asks the person and waits"),
    ("progress", "errand progress NOTE: says how far it is"),
    ("finish", "errand finish: hands over the result"),
    ("wake", "errand wake: asks to be started again later"),
    ("effect", "errand effect WHAT: says what is done outside"),
];

/// What a worker is told it can use, and why not what it cannot: so it does not look for that.
/// `no_subtasks`: why it can begin no more of those.
pub(crate) fn catalogue(execution: &Execution, no_subtasks: Option<&'static str>) -> Vec<Tool> {
    let subtask = match no_subtasks {
        None => Tool::here("spawn_subtask", "errand subtask BRIEF: hands part of the work on", None),
        Some(reason) => Tool::missing("spawn_subtask", reason),
    };
    let verbs = VERBS.iter().map(|(name, does)| Tool::here(name, does, None));
    let known = KNOWN.iter().map(|known| match missing(known, execution) {
        None => Tool::here(known.name, known.does, Some(known.takes)),
        Some(reason) => Tool::missing(known.name, reason),
    });
    let later = [Tool::missing("web_fetch", "builtin_agent_only")];
    verbs.chain([subtask]).chain(known).chain(later).collect()
}

fn missing(known: &Known, execution: &Execution) -> Option<&'static str> {
    match (known.needs, execution.workspace) {
        (Needs::ToRead | Needs::ToWrite, Workspace::None) => Some("workspace_disabled"),
        (Needs::ToWrite, Workspace::Ro) => Some("workspace_read_only"),
        (Needs::ToRead | Needs::ToWrite | Needs::Nothing, _) => None,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RunCommand {
    argv: Vec<String>,
    #[serde(default)]
    timeout_s: Option<u64>,
}

/// What is to be done for a call, or why nothing is.
pub(crate) fn plan(call: &ToolCall, execution: &Execution) -> Result<Planned, String> {
    let Some(known) = KNOWN.iter().find(|known| known.name == call.name) else {
        let names: Vec<&str> = KNOWN.iter().map(|known| known.name).collect();
        return Err(format!("there is no tool “{}”; there are {}", call.name, names.join(", ")));
    };
    if let Some(reason) = missing(known, execution) {
        return Err(format!("it is not available here: {reason}"));
    }
    if call.name == RUN {
        let RunCommand { argv, timeout_s } = arguments(call, known.takes)?;
        if argv.first().is_none_or(String::is_empty) || argv.iter().any(|word| word.contains('\0')) {
            return Err("argv names no program".to_owned());
        }
        let limit = timeout_s.map(|seconds| Duration::from_secs(seconds.max(1)).min(LONGEST_RUN));
        return Ok(Planned::Run { command: argv, limit });
    }
    files::Call::read(call, known.takes)?;
    Ok(Planned::Files(call.clone()))
}

fn arguments<T: DeserializeOwned>(call: &ToolCall, takes: &str) -> Result<T, String> {
    let none = serde_json::Value::Object(serde_json::Map::new());
    let given = if call.arguments.is_null() { &none } else { &call.arguments };
    T::deserialize(given).map_err(|error| format!("{error}; it takes {takes}"))
}

/// A call as one line.
pub(crate) fn say(call: &ToolCall) -> String {
    let path = call.arguments.get("path").and_then(|path| path.as_str());
    let argv = call.arguments.get("argv").and_then(|argv| argv.as_array());
    let words = argv.map(|argv| argv.iter().filter_map(|word| word.as_str().map(str::to_owned)).collect());
    match (path, words) {
        (Some(path), _) => format!("{} {path}", call.name),
        (None, Some(words)) => format!("{} {}", call.name, errand_model::say_command(&words)),
        (None, None) => call.name.clone(),
    }
}

/// Where our own program finds a call.
pub(crate) fn call_file(folder: &Path, n: usize) -> std::path::PathBuf {
    folder.join(format!("tool-{n}.json"))
}

#[cfg(test)]
mod tests {
    use errand_model::Isolation;

    use super::*;

    fn call(name: &str, arguments: &str) -> ToolCall {
        let arguments = serde_json::from_str(arguments).unwrap();
        ToolCall { id: "1".into(), name: name.into(), arguments }
    }

    fn in_workspace(workspace: Workspace) -> Execution {
        Execution { isolation: Isolation::Bubblewrap, workspace, ..Execution::default() }
    }

    #[test]
    fn the_catalogue_says_why_something_is_not_there() {
        let reason_of = |execution: &Execution, name: &str| {
            let tools = catalogue(execution, None);
            let tool = tools.iter().find(|tool| tool.name == name).unwrap();
            assert_eq!(tool.available, tool.reason.is_none());
            tool.reason
        };
        for (workspace, read, write) in [
            (Workspace::Rw, None, None),
            (Workspace::Ro, None, Some("workspace_read_only")),
            (Workspace::None, Some("workspace_disabled"), Some("workspace_disabled")),
        ] {
            let execution = in_workspace(workspace);
            assert_eq!(reason_of(&execution, "read_file"), read);
            assert_eq!(reason_of(&execution, "edit_file"), write);
            assert_eq!(reason_of(&execution, "run_command"), None);
            let planned = plan(&call("write_file", r#"{"path":"a","text":""}"#), &execution);
            assert_eq!(planned.is_ok(), write.is_none(), "what is not offered is not done");
        }
        assert_eq!(reason_of(&Execution::default(), "web_fetch"), Some("builtin_agent_only"));
    }

    #[test]
    fn a_call_that_makes_no_sense_is_refused_with_what_it_takes() {
        let open = Execution::default();
        for (name, arguments, says) in [
            ("read_fil", "{}", "there are list_files"),
            ("read_file", "{}", "missing field `path`"),
            ("read_file", r#"{"path":"a","lines":"many"}"#, "it takes"),
            ("read_file", r#"{"path":"a","mode":"r"}"#, "unknown field `mode`"),
            ("run_command", r#"{"argv":[]}"#, "no program"),
            ("run_command", r#"{"argv":"ls -l"}"#, "it takes"),
            ("run_command", "null", "it takes"),
        ] {
            let why = plan(&call(name, arguments), &open).unwrap_err();
            assert!(why.contains(says), "{name} {arguments}: {why}");
        }
        let planned = plan(&call("run_command", r#"{"argv":["make"],"timeout_s":99999}"#), &open);
        let command = vec!["make".to_owned()];
        assert_eq!(planned, Ok(Planned::Run { command, limit: Some(LONGEST_RUN) }));
    }
}
