//! What an isolated program can and cannot do, tried by one. The test binary is its own spawner, its own gate, and
//! the program that tries to get out.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test without the harness, which the lints do not recognise"
)]

#[cfg(target_os = "linux")]
mod attempt;
#[cfg(target_os = "linux")]
mod ending;
#[cfg(target_os = "linux")]
#[path = "../processes/lab.rs"]
#[allow(dead_code, reason = "shared with the tests of processes, which use all of it")]
mod lab;
#[cfg(target_os = "linux")]
mod limits;
#[cfg(target_os = "linux")]
mod matrix;
#[cfg(target_os = "linux")]
mod refusing;
#[cfg(target_os = "linux")]
mod starting;
#[cfg(target_os = "linux")]
mod world;

use std::process::ExitCode;

#[cfg(target_os = "linux")]
type Test = (&'static str, fn());

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("spawner") => return errand_os::serve(),
        Some("gate") => return errand_os::gate(),
        Some("attempt") => return attempt::play(&arguments[1..]),
        Some("refused") => return refusing::play(),
        _ => {}
    }
    let words: Vec<&String> = arguments.iter().filter(|word| !word.starts_with('-')).collect();
    let tests: Vec<Test> =
        [matrix::TESTS, starting::TESTS, ending::TESTS, limits::TESTS, refusing::TESTS].concat();
    let given = |flag: &str| arguments.iter().any(|word| word == flag);
    let tests: Vec<(String, bool, fn())> = [false, true]
        .into_iter()
        .flat_map(|grouped| tests.iter().map(move |(name, test)| (named_for(name, grouped), grouped, *test)))
        .collect();
    if given("--list") {
        // A runner asks twice; named in both answers, all of them would count as ignored.
        if !given("--ignored") {
            tests.iter().for_each(|(name, ..)| println!("{name}: test"));
        }
        return ExitCode::SUCCESS;
    }
    let named = |name: &str, word: &str| if given("--exact") { name == word } else { name.contains(word) };
    for (name, grouped, test) in tests {
        if words.is_empty() || words.iter().any(|word| named(&name, word)) {
            match lab::set_in_groups(grouped) {
                Ok(()) => {
                    println!("test {name} ...");
                    test();
                }
                Err(why) => lab::with_a_hierarchy(&name, &why),
            }
        }
    }
    println!("all passed");
    ExitCode::SUCCESS
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    ExitCode::SUCCESS
}

#[cfg(target_os = "linux")]
/// Every test runs twice: as on a system without control groups, and with them.
fn named_for(name: &str, grouped: bool) -> String {
    if grouped { format!("{name}_in_groups") } else { name.to_owned() }
}
