use clap::Parser;
use errand_wire::{Notify, Priority};

use super::*;
use crate::args::{Command, Line};

fn typed(line: &[&str]) -> Run {
    let words = ["errand", "run"].iter().chain(line);
    match Line::try_parse_from(words).unwrap().command {
        Some(Command::Run(run)) => *run,
        other => panic!("{other:?}"),
    }
}

fn asked(line: &[&str]) -> Result<RunTask, Fault> {
    let own = vec![("PATH".into(), "/bin".into()), ("SECRET".into(), "s".into())];
    request(typed(line), &own, || Ok("from stdin\n".into()))
}

#[test]
fn every_flag_arrives() {
    let line = [
        "--title",
        "T",
        "--cwd",
        "/",
        "--at",
        "2026-11-30T08:00:00Z",
        "--after",
        "a",
        "--after",
        "b",
        "--label",
        "x",
        "--label",
        "y",
        "--priority",
        "urgent",
        "--key",
        "k",
        "--timeout",
        "1h30m",
        "--retries",
        "2",
        "--notify",
        "silent",
        "--env",
        "A=1",
        "--env",
        "SECRET",
        "--exclusive",
        "--agent",
        "claude",
        "--",
        "cargo",
        "build",
        "--json",
        "-v",
    ];
    let task = asked(&line).unwrap();
    assert_eq!(task.argv.unwrap(), ["cargo", "build", "--json", "-v"]);
    assert_eq!(
        (task.title.as_deref(), task.cwd.as_deref(), task.key.as_deref()),
        (Some("T"), Some("/"), Some("k"))
    );
    assert_eq!(task.at.unwrap().to_string(), "2026-11-30T08:00:00.000Z");
    assert_eq!((task.after, task.labels), (vec!["a".into(), "b".into()], vec!["x".into(), "y".into()]));
    assert_eq!((task.priority, task.notify), (Some(Priority::Urgent), Some(Notify::Silent)));
    assert_eq!((task.timeout_ms, task.retries, task.exclusive), (Some(5_400_000), Some(2), true));
    assert_eq!(
        (task.env["A"].as_str(), task.env["SECRET"].as_str(), task.env["PATH"].as_str()),
        ("1", "s", "/bin")
    );
    assert_eq!((task.brief, task.agent.as_deref()), (None, Some("claude")));
}

#[test]
fn a_program_runs_in_this_folder_with_few_variables() {
    let task = asked(&["--", "true"]).unwrap();
    assert_eq!(task.cwd.unwrap(), parse::current_folder().unwrap());
    assert_eq!(task.env.keys().collect::<Vec<_>>(), ["PATH"]);
}

#[test]
fn a_task_with_a_folder_of_its_own_takes_none_of_mine() {
    let task = asked(&["--managed", "--attach", "a", "--attach", "b", "--", "true"]).unwrap();
    assert_eq!((task.managed, task.cwd, task.staged), (true, None, None), "copies come later");
    assert_eq!(
        typed(&["--attach", "a", "--attach", "b", "--", "true"]).attach,
        ["a", "b"].map(PathBuf::from)
    );
}

#[test]
fn a_brief_takes_no_folder_and_no_variables_of_its_own() {
    let task = asked(&["tidy", "the", "--title", "Tidy", "desk"]).unwrap();
    assert_eq!((task.brief.as_deref(), task.argv, task.cwd), (Some("tidy the desk"), None, None));
    assert!(task.env.is_empty());
    assert_eq!(asked(&["-"]).unwrap().brief.as_deref(), Some("from stdin\n"));
}

#[test]
fn nothing_to_do_is_bad_usage() {
    for line in [&[][..], &["--"], &["--title", "x"], &["  "], &["--env", "NOPE", "--", "true"]] {
        assert_eq!(asked(line).unwrap_err().code, Code::BadUsage, "{line:?}");
    }
    let empty = request(typed(&["-"]), &Vec::new(), || Ok(" \n".into()));
    assert_eq!(empty.unwrap_err().message, "The brief is empty.");
}

#[test]
fn an_outcome_names_state_and_cause() {
    let mut task = crate::render::card::samples::task(errand_wire::TaskState::TimedOut);
    assert_eq!(outcome(&task), "bold-falcon-427 timed out: A slot was free.");
    task.artifact = Some(crate::render::card::samples::artifact("", "ran into its limit of 5 min"));
    task.with_gaps = true;
    assert_eq!(outcome(&task), "bold-falcon-427 timed out, with gaps: ran into its limit of 5 min");
}
