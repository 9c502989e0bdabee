//! Programs that talk to us: turns, verbs, and the socket that each run has for itself.

mod approvals;
mod around;
mod boundary;
mod forms;
mod subtasks;
mod turns;
mod verbs;

use std::path::PathBuf;

use crate::world::Home;

pub fn fixture(name: &str) -> String {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name).display().to_string()
}

pub fn hand_over(home: &Home, flags: &str, program: &[&str]) -> String {
    let args = ["run"].into_iter().chain(flags.split_whitespace());
    let said = home.run(args.chain(["--"]).chain(program.iter().copied()));
    assert_eq!(said.code, 0, "{said:?}");
    said.out.trim().to_owned()
}

/// `sh -c` with the program `errand` as `$E`.
pub fn script(home: &Home, flags: &str, script: &str) -> String {
    hand_over(home, flags, &["sh", "-c", &format!("E=$ERRAND_PROGRAM\n{script}")])
}
