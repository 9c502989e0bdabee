//! `errand wait` and its exit codes.

use crate::world::{Home, background, finish};

#[test]
fn the_exit_code_says_what_came_of_it() {
    let home = Home::new();
    let good = home.sh("", "true");
    let bad = home.sh("", "false");
    let both = home.run(["wait", good.as_str(), bad.as_str()]);
    assert_eq!(both.code, 1, "{both:?}");
    assert_eq!(home.run(["wait", &good]).code, 0);
    assert_eq!(home.run(["wait", &bad]).code, 1);

    let asks = home.sh(&format!("--after {bad}"), "true");
    let asked = home.run(["wait", &asks]);
    assert_eq!(asked.code, 3, "{asked:?}");
    assert!(asked.err.contains(&format!("errand answer {asks} --choose run_anyway")), "{}", asked.err);

    let gate = home.fifo("gate");
    let long = home.sh("", &format!("echo begun; read x < {}", gate.display()));
    home.wait_for(&long, "has printed", |task| task["run"]["last_output_at"].is_string());
    let given_up = home.run(["wait", "--timeout", "1s", &long]);
    assert_eq!((given_up.code, given_up.out.contains(&long)), (7, true), "{given_up:?}");
    assert!(given_up.err.contains("running") && given_up.err.contains("output"), "{}", given_up.err);
    home.open(&gate);
    assert_eq!(home.run(["wait", &long]).code, 0);
    home.quit();
}

#[test]
fn a_wait_through_questions_goes_on_until_the_end() {
    let home = Home::new();
    let bad = home.sh("", "false");
    home.ended(&[&bad]);
    let asks = home.sh(&format!("--after {bad}"), "true");
    home.wait_for_state(&asks, "needs_you");
    let waits = background(home.command(["wait", "--through-questions", &asks]));
    home.ok(&format!("answer {asks} --choose run_anyway"));
    assert_eq!(finish(waits).code, 0);
    home.quit();
}

#[test]
fn without_an_engine_there_is_nothing_to_wait_for() {
    let home = Home::new();
    let said = home.run(["wait", "bold-falcon-427"]);
    assert_eq!(said.code, 5, "{said:?}");
    assert!(!home.root().join("data").exists(), "who only asks leaves no database");
}
