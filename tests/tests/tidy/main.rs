//! The rules of the tree, checked by plain reading.
//!
//! A rule is a pure function from text to violations, and is tested on a bad example beside it. Here each is
//! applied to the tree itself.

mod edges;
mod features;
mod lengths;
mod lockfile;
mod migrations;
mod sql;
mod tree;
mod words;

use std::io::Write as _;

use tree::Tree;

/// The message of a failed rule: one line for each violation, each with what to do.
#[track_caller]
fn assert_none(violations: &[String]) {
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
}

#[test]
fn files_are_short() {
    let tree = Tree::read();
    let (long, too_long) = lengths::check(&tree.files);
    for line in long {
        // Past the runner, which keeps the output of tests that pass to itself.
        writeln!(std::io::stderr(), "warning: {line}").unwrap();
    }
    assert_none(&too_long);
}

#[test]
fn crates_use_what_lies_below_them() {
    let tree = Tree::read();
    let manifests: Vec<_> = tree.files.iter().filter(|file| file.path.ends_with("Cargo.toml")).collect();
    assert!(manifests.len() > 13, "the manifests were not found");
    assert_none(&manifests.into_iter().flat_map(|file| edges::check(&file.text)).collect::<Vec<_>>());
}

#[test]
fn the_terminal_binary_has_no_gtk_and_no_webkit() {
    assert_none(&edges::check_reach(&Tree::read().text("Cargo.lock"), "errand-cli"));
}

#[test]
fn one_crate_for_each_job() {
    assert_none(&lockfile::check(&Tree::read().text("Cargo.lock")));
}

#[test]
fn migrations_are_only_ever_added() {
    let tree = Tree::read();
    let scripts = tree.files.iter().filter_map(|file| {
        let name = file.path.strip_prefix("migrations/").filter(|name| name.ends_with(".sql"))?;
        Some((name, file.text.as_str()))
    });
    let scripts: Vec<_> = scripts.collect();
    let store = tree.texts_below("src-tauri/crates/errand-store/src/");
    assert_none(&migrations::check(&scripts, &tree.text("migrations/CHECKSUMS"), &store));
}

#[test]
fn one_file_writes_the_state_of_a_task() {
    assert_none(&Tree::read().files.iter().flat_map(sql::check).collect::<Vec<_>>());
}

#[test]
fn every_feature_names_a_test_that_exists() {
    let tree = Tree::read();
    let list = tree.find("tests/features.toml").map(|file| file.text.clone()).unwrap_or_default();
    assert_none(&features::check(&list, &tree.files));
}

#[test]
fn generated_files_are_checked_in() {
    let tree = Tree::read();
    assert_none(&words::check_generated(&tree.files));
}

#[test]
fn nothing_is_left_undone_and_nothing_names_this_machine() {
    let tree = Tree::read();
    let root = tree.root.to_string_lossy().into_owned();
    assert_none(&tree.files.iter().flat_map(|file| words::check(file, &root)).collect::<Vec<_>>());
}

#[test]
fn packages_come_from_wherever_the_person_gets_them() {
    let tree = Tree::read();
    assert_none(&lockfile::check_npm(&tree.text("ui/.npmrc"), &tree.text("ui/package-lock.json")));
    assert_none(&lockfile::check_cargo(&tree.text(".cargo/config.toml"), &tree.text("Cargo.lock")));
}
