//! Every feature that is called done names a test, and the test exists.
//!
//! ```toml
//! [R30]
//! test = "errand-engine::dispatcher::slots_never_exceed"
//! ```
//! or a list of them. A test of the interface is `ui::FILE::TITLE`.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

use crate::tree::File;

pub fn check(list: &str, files: &[File]) -> Vec<String> {
    let list: Table = match list.parse() {
        Ok(list) => list,
        Err(error) => return vec![format!("tests/features.toml cannot be read: {error}")],
    };
    let tests = tests_by_crate(files);
    let mut violations = Vec::new();
    for (key, feature) in &list {
        let named = names(feature);
        if named.is_empty() {
            violations.push(format!("tests/features.toml: {key} names no test"));
        }
        for name in named {
            let found = match name.split_once("::") {
                Some(("ui", rest)) => has_ui_test(rest, files),
                Some((package, rest)) => {
                    let last = rest.rsplit("::").next().unwrap_or(rest);
                    tests.get(package).is_some_and(|tests| tests.contains(last))
                }
                None => false,
            };
            if !found {
                violations.push(format!("tests/features.toml: {key}: there is no test `{name}`"));
            }
        }
    }
    violations
}

fn names(feature: &Value) -> Vec<&str> {
    match feature.get("test") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn tests_by_crate(files: &[File]) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut tests: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for file in files.iter().filter(|file| file.extension() == "rs") {
        let package = match file.path.strip_prefix("src-tauri/crates/") {
            Some(rest) => rest.split('/').next().unwrap_or(rest),
            None if file.path.starts_with("src-tauri/") => "errand-desktop",
            None if file.path.starts_with("tests/") => "errand-tests",
            None => continue,
        };
        tests.entry(package).or_default().extend(test_functions(&file.text));
    }
    tests
}

/// The functions with a test attribute, those inside `proptest!` included, which have it too.
fn test_functions(source: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut marked = false;
    for line in source.lines().map(str::trim) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            marked = true;
        } else if let Some(name) = function_name(line) {
            found.extend(Some(name).filter(|_| marked));
            marked = false;
        }
    }
    found
}

fn function_name(line: &str) -> Option<&str> {
    let signature = line.strip_prefix("pub ").unwrap_or(line);
    let signature = signature.strip_prefix("async ").unwrap_or(signature).strip_prefix("fn ")?;
    signature.split(['(', '<']).next()
}

/// `FILE` is the name of a test file without its endings, or its path below `ui/src` without them.
fn has_ui_test(rest: &str, files: &[File]) -> bool {
    let Some((file, title)) = rest.split_once("::") else { return false };
    let calls: Vec<String> = ["it", "test"]
        .iter()
        .flat_map(|call| ["'", "\"", "`"].map(|quote| format!("{call}({quote}{title}{quote}")))
        .collect();
    files.iter().any(|candidate| {
        let path = candidate.path.strip_prefix("ui/").and_then(|path| path.strip_suffix(".test.ts"));
        let named = path.is_some_and(|path| path == file || path.ends_with(&format!("/{file}")));
        named && calls.iter().any(|call| candidate.text.contains(call))
    })
}

#[cfg(test)]
fn example() -> [File; 3] {
    [
        File::new(
            "src-tauri/crates/errand-engine/src/dispatcher.rs",
            "fn helper() {}\n#[test]\nfn slots_never_exceed() {}\n#[tokio::test(start_paused = true)]\n\
             #[expect(x)]\nasync fn a_lost_run_is_found() {}\nfn not_a_test() {}\n",
        ),
        File::new("tests/tests/journeys/run.rs", "#[test]\nfn a_brief_is_run() {}\n"),
        File::new("ui/src/features/inbox/list.test.ts", "it(\"shows what needs you\", () => {})"),
    ]
}

#[test]
fn a_test_that_exists_is_found_wherever_it_is() {
    let list = "[R30]\ntest = \"errand-engine::dispatcher::slots_never_exceed\"\n\
                [R31]\ntest = [\"errand-engine::a_lost_run_is_found\", \"errand-tests::journeys::a_brief_is_run\"]\n\
                [R32]\ntest = \"ui::list::shows what needs you\"\n\
                [R33]\ntest = \"ui::features/inbox/list::shows what needs you\"\n";
    assert_eq!(check(list, &example()), Vec::<String>::new());
}

#[test]
fn a_test_that_does_not_exist_is_found_out() {
    let wrong = [
        "errand-engine::dispatcher::not_a_test",
        "errand-engine::dispatcher::helper",
        "errand-store::slots_never_exceed",
        "slots_never_exceed",
        "ui::list::shows what",
        "ui::other::shows what needs you",
    ];
    for name in wrong {
        assert_eq!(check(&format!("[R30]\ntest = \"{name}\"\n"), &example()).len(), 1, "{name}");
    }
    assert_eq!(check("[R30]\n", &example()).len(), 1);
    assert_eq!(check("[R30]\ntest = []\n", &example()).len(), 1);
    assert_eq!(check("R30", &example()).len(), 1);
}
