//! Real processes, real signals. The test binary is its own spawner: started as `BINARY spawner`, it serves.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test without the harness, which the lints do not recognise"
)]

mod ending;
mod grouped;
mod lab;
mod losing;
mod starting;

use std::process::ExitCode;

type Test = (&'static str, fn());

/// One test after the other: some look at all open descriptors and all children of this process.
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "spawner") {
        return errand_os::serve();
    }
    if !cfg!(target_os = "linux") {
        return ExitCode::SUCCESS;
    }
    let words: Vec<&String> = arguments.iter().filter(|word| !word.starts_with('-')).collect();
    let tests: Vec<Test> = [starting::TESTS, ending::TESTS, losing::TESTS, grouped::TESTS].concat();
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

/// Every test runs twice: as on a system without control groups, and with them.
fn named_for(name: &str, grouped: bool) -> String {
    if grouped { format!("{name}_in_groups") } else { name.to_owned() }
}
