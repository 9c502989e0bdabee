//! What no file may say, and what some have to.

use crate::tree::File;

/// Each with the reason; they count in Rust source only.
const UNDONE: &[(&str, &str)] = &[
    ("todo!", "a stub called done is a defect"),
    ("unimplemented!", "a stub called done is a defect"),
    ("#[ignore", "a test nobody runs says nothing; delete it or make it pass"),
];

/// The folders people keep their trees in; a path below one means one machine only.
const FOLDERS: &[&str] = &["/work/", "/root/"];

/// `root` is where this tree is on this machine.
pub fn check(file: &File, root: &str) -> Vec<String> {
    if file.is_tidy_itself() {
        return Vec::new();
    }
    let mut violations = Vec::new();
    let mut complain = |lines: Vec<usize>, why: &str| {
        violations.extend(lines.into_iter().map(|line| format!("{}:{line}: {why}", file.path)));
    };
    if file.extension() == "rs" {
        for (word, why) in UNDONE {
            complain(file.lines_where(|line| line.contains(word)), &format!("`{word}`: {why}"));
        }
    }
    for folder in FOLDERS {
        complain(
            file.lines_where(|line| names_folder(line, folder)),
            &format!("a path in {folder}, on one machine"),
        );
    }
    // A root as short as `/src` would be found in any relative path.
    if root.matches('/').count() > 1 {
        complain(file.lines_where(|line| line.contains(root)), "a path on this machine");
    }
    violations
}

/// At the start of a path: `ERRAND_HOME/work/` is another folder.
fn names_folder(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|sign| sign.is_alphanumeric() || "_-./}>)$*".contains(sign))
    })
}

/// Their freshness is tested where they are made; here, that they are there at all and say what they are.
pub fn check_generated(files: &[File]) -> Vec<String> {
    let below = |folder: &'static str| files.iter().filter(move |file| file.path.starts_with(folder));
    let mut violations = Vec::new();
    for folder in ["ui/src/generated/", "tests/contract/"] {
        if below(folder).next().is_none() {
            violations.push(format!("{folder}: is not checked in"));
        }
    }
    // JSON has no place for a comment.
    for file in below("ui/src/generated/") {
        if !file.text.lines().next().is_some_and(|line| line.starts_with("// Generated ")) {
            violations.push(format!("{}: its first line does not say by what it was generated", file.path));
        }
    }
    violations
}

#[test]
fn what_is_undone_is_found() {
    for bad in ["fn a() { todo!() }", "unimplemented!(\"later\")", "#[ignore]", "#[ignore = \"slow\"]"] {
        assert_eq!(check(&File::new("a.rs", bad), "").len(), 1, "{bad}");
        assert_eq!(check(&File::new("a.md", bad), "").len(), 0, "{bad}");
    }
}

#[test]
fn a_path_of_one_machine_is_found() {
    let lines = |text: &str| check(&File::new("a.sh", text), "/srv/ana/errand").len();
    assert_eq!(lines("cd /work/ana\nls \"/root/x\"\n/srv/ana/errand/b"), 3);
    assert_eq!(lines("ERRAND_HOME/work/ID\n$dir/work/x\n./root/x\n/srv/ana"), 0);
}

#[test]
fn generated_files_that_are_missing_or_silent_are_found() {
    let made = File::new("ui/src/generated/wire.ts", "// Generated from errand-wire.\n");
    let schema = File::new("tests/contract/Task.json", "{}");
    assert_eq!(check_generated(&[made, schema]).len(), 0);
    assert_eq!(check_generated(&[]).len(), 2);
    let silent = File::new("ui/src/generated/wire.ts", "export {}\n");
    assert_eq!(check_generated(&[silent]).len(), 2);
}
