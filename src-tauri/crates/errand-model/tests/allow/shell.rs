//! Whatever is read here is split by bash into the same words.
//!
//! bash runs nothing: its PATH leads nowhere, so each command ends in the function for commands that are not
//! found, which writes down the words. The lines are made of signs that name no builtin and no path.

use std::path::Path;
use std::process::{Command, Stdio};

use errand_model::allow::line::{self, Redirect};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

const RECORD: &str = r#"
exec 9>&1
command_not_found_handle() { printf '%s\0' "$#" "$@" >&9; }
"#;

fn bash() -> Option<&'static str> {
    ["/bin/bash", "/usr/bin/bash"].into_iter().find(|path| Path::new(path).is_file())
}

/// The commands that bash would start, in no order: those of a pipe run at once.
fn split_by_bash(bash: &str, folder: &Path, line: &str) -> Vec<Vec<String>> {
    let output = Command::new(bash)
        .args(["--noprofile", "--norc", "-c"])
        .arg(format!("{RECORD}{line}\n"))
        .env_clear()
        .env("PATH", "/nowhere")
        .env("LC_ALL", "C.UTF-8")
        .current_dir(folder)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut fields = text.split_terminator('\0').map(str::to_owned);
    let mut commands = Vec::new();
    while let Some(count) = fields.next() {
        commands.push(fields.by_ref().take(count.parse().unwrap()).collect());
    }
    commands.sort();
    commands
}

/// Nothing is opened but the null device and new files in the folder of the test.
fn opens_little(redirect: &Redirect) -> bool {
    match redirect {
        Redirect::Join { .. } => true,
        Redirect::Read(target) => target == "/dev/null",
        Redirect::Write { target, .. } => {
            target == "/dev/null" || !(target.is_empty() || target.contains('/'))
        }
    }
}

fn lines() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        5 => prop::sample::select(vec!["xa", "xb", "-l", "a.b", "x1", "2", "0", "é", "x=y", "x~1", "%@+,:_"]),
        6 => prop::sample::select(vec![" ", " ", "\t", "  "]),
        3 => prop::sample::select(vec![
            "'", "\"", "\\", "''", "\"\"", "\\\\", "'a b'", "\"a b\"", "\\ ", "\\;", "'\\''", "'\\x'", "\"\\x\"", "\"\\\\\"",
            "\"\\\"\"", "\"\\$x\"", "\"\\`\"", "\"\\'\"", "'2'", "\\2", "\"1\"",
        ]),
        2 => prop::sample::select(vec![" | xc", " && xd", " ; xe", "|xc", ";xe", "&&xd", "&& ", "| ", "; "]),
        1 => prop::sample::select(vec![
            ">/dev/null ", "2>/dev/null ", " >/dev/null ", "2>&1", " 2>&1 ", " >&2", "</dev/null ", "1>/dev/null ",
            "2>>/dev/null ", ">",
        ]),
        1 => prop::sample::select(vec!["$", "`", "*", "?", "{", "}", "#", "!", "~", "^", "&", "(", ")", "\n", "="]),
    ];
    prop::collection::vec(piece, 1..12).prop_map(|pieces| format!("xq {}", pieces.concat()))
}

#[test]
fn bash_splits_what_can_be_read_into_the_same_words() {
    // Where there is no bash there is nothing to compare with.
    let Some(bash) = bash() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut runner = TestRunner::default();
    let mut compared = 0;
    let mut tried = 0;
    while compared < 500 {
        tried += 1;
        assert!(tried < 100_000, "only {compared} lines could be read");
        let text = lines().new_tree(&mut runner).unwrap().current();
        let Ok(read) = line::read(&text) else { continue };
        // What is not called `x…` might be a builtin or a path.
        let harmless = |command: &line::Simple| {
            let name = &command.words[0];
            name.starts_with('x') && !name.contains('/') && command.redirects.iter().all(opens_little)
        };
        if !read.commands.iter().all(harmless) {
            continue;
        }
        compared += 1;
        let mut ours: Vec<Vec<String>> = read.commands.into_iter().map(|command| command.words).collect();
        ours.sort();
        assert_eq!(split_by_bash(bash, folder.path(), &text), ours, "{text:?}");
    }
}

#[test]
fn bash_splits_the_lines_of_the_table_into_the_same_words() {
    let Some(bash) = bash() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (_, cases) = crate::table();
    // Redirects of the table lead to files, and some of its programs are builtins or paths.
    let plain = |line: &str| !line.contains(['>', '<']) && !line.starts_with("words ");
    let mut compared = 0;
    for case in cases.iter().filter(|case| case.expected.starts_with("allowed") && plain(&case.line)) {
        let Ok(read) = line::read(&case.line) else { continue };
        let runs = |name: &str| name.contains('/') || ["echo", "printf", "true"].contains(&name);
        if read.commands.iter().any(|command| runs(&command.words[0])) {
            continue;
        }
        let mut ours: Vec<Vec<String>> = read.commands.into_iter().map(|command| command.words).collect();
        ours.sort();
        assert_eq!(split_by_bash(bash, folder.path(), &case.line), ours, "line {}", case.number);
        compared += 1;
    }
    assert!(compared > 20, "{compared}");
}
