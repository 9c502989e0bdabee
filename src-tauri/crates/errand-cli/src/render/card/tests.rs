use errand_wire::{Hold, Phase, TaskState};

use super::samples::{artifact, at, change, now, question, task};
use super::*;

fn shown(task: &TaskView, history: &[TimelineRow]) -> String {
    card(task, history, Look::PLAIN, &now())
}

#[test]
fn a_running_task() {
    let history =
        [change("", "queued", "You handed it over."), change("queued", "running", "A slot was free.")];
    let expected = "\
bold-falcon-427  Build everything
● running  2 min ago
A slot was free.

Command     cargo build
Folder      /home/ada/errand
Isolation   none, it runs as you
Made        11:00:00 by person
Run         1, for 2 min, process 4242, last output 40 s ago
Labels      nightly
Priority    high
Time limit  1 h 30 min

History
  11:58:00  queued  You handed it over.
  11:58:00  queued → running  A slot was free.
";
    assert_eq!(shown(&task(TaskState::Running), &history), expected);
}

#[test]
fn a_question_brings_the_commands_that_answer_it() {
    let mut task = task(TaskState::NeedsYou);
    task.questions = vec![question("q1", &[("keep", "Keep waiting"), ("stop it", "Stop")])];
    let text = shown(&task, &[]);
    let expected = "\
Question q1  3 min ago
  It has been silent for 30 min.
  What now?
  errand answer bold-falcon-427 --choose keep       Keep waiting
  errand answer bold-falcon-427 --choose 'stop it'  Stop
";
    assert!(text.contains(expected), "{text}");

    task.questions.push(question("q2", &[]));
    let text = shown(&task, &[]);
    assert!(text.contains("--question q1 --choose keep"), "{text}");
    assert!(text.contains("errand answer bold-falcon-427 --question q2 'YOUR ANSWER'"), "{text}");
}

#[test]
fn a_result_shows_its_outcome_and_the_end_of_a_long_output() {
    let mut task = task(TaskState::Failed);
    task.ended_at = Some(at("11:59:50"));
    task.run = task.run.map(|run| RunView {
        phase: Phase::Over,
        ended_at: Some(at("11:59:50")),
        exit_code: Some(101),
        ..run
    });
    let report: String = (1..=25).map(|n| format!("line {n}\n")).collect();
    task.artifact = Some(artifact(&report, "exit code 101 after 1 min 50 s"));
    let text = shown(&task, &[]);
    assert!(text.contains("✗ failed  10 s ago\n"), "{text}");
    assert!(text.contains("Run         1, took 1 min 50 s, exit code 101\n"), "{text}");
    assert!(text.contains("exit code 101 after 1 min 50 s  10 s ago\n  … 5 lines before; `errand log bold-falcon-427` shows all\n  line 6\n"), "{text}");
    assert!(text.ends_with("  line 25\n"), "{text}");
}

#[test]
fn a_pause_and_a_wait_are_explained_once() {
    let mut task = task(TaskState::Queued);
    task.holds = vec![Hold::Person];
    task.run = None;
    task.why_waiting = Some("All 3 slots are taken.".into());
    let text = shown(&task, &[]);
    assert!(
        text.contains(
            "‖ paused, queued  2 min ago\nA slot was free.\npaused: by you\nAll 3 slots are taken.\n"
        ),
        "{text}"
    );
    task.why_waiting = Some("by you".into());
    assert_eq!(shown(&task, &[]).matches("by you").count(), 1);
    task.why_waiting = Some(task.reason.text.clone());
    assert_eq!(shown(&task, &[]).matches("A slot was free.").count(), 1);
}

#[test]
fn nothing_a_task_says_commands_the_terminal() {
    let mut task = task(TaskState::NeedsYou);
    let nasty = "x\u{1b}]0;owned\u{7}\u{9b}2J\u{202e}y";
    task.title = nasty.into();
    task.reason.text = nasty.into();
    task.command = nasty.into();
    task.questions = vec![question("q1", &[(nasty, nasty)])];
    task.questions[0].text = nasty.into();
    task.artifact = Some(artifact(nasty, nasty));
    let text = shown(&task, &[change("a", "b", nasty)]);
    assert!(!text.chars().any(|c| c != '\n' && (c.is_control() || c == '\u{202e}')), "{text:?}");
}

#[test]
fn words_for_a_shell_stay_one_word() {
    assert_eq!(
        ["keep", "", "it's", "a b", "$(x)"].map(shell_word),
        ["keep", "''", "'it'\\''s'", "'a b'", "'$(x)'"]
    );
}
