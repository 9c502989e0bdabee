//! What the tray shows, as plain data: the same status gives the same picture.

use std::collections::BTreeMap;

use errand_base::TaskId;
use errand_os::text;
use errand_wire::{EngineStatus, QuestionView, TaskRow};

use super::action::Action;
use crate::quit_dialog;

/// Longer texts are cut; the window has the rest.
const WIDTH: usize = 56;
/// Longer lists end with the window's list.
const ROWS: usize = 12;
/// Of a question above its answers.
const LINES: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    Idle,
    Working,
    NeedsYou,
    Paused,
    Error,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    pub icon: Icon,
    pub tooltip: String,
    pub entries: Vec<Entry>,
}

/// `key` names an entry among its siblings and, for what can be clicked, says what the click does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub key: String,
    pub text: String,
    pub kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Words,
    Button,
    Line,
    Menu(Vec<Entry>),
}

/// The open questions of tasks that need the person.
pub type Questions = BTreeMap<TaskId, Vec<QuestionView>>;

/// Before anything is known of the engine.
pub fn starting() -> Picture {
    let text = "Errand is starting…";
    Picture {
        icon: Icon::Idle,
        tooltip: text.into(),
        entries: vec![words("status", text), line("line"), button(&Action::Quit, "Quit")],
    }
}

pub fn picture(status: &EngineStatus, questions: &Questions) -> Picture {
    let mut entries = vec![words("status", &status.sentence)];
    if let Some(problem) = &status.problem {
        entries.push(words("problem", &problem.message));
    }
    entries.push(button(&Action::New, "New task…"));
    entries.extend(needing(status, questions));
    entries.extend(menu("running", "Running", status.running_tasks.iter().map(running).collect()));
    entries.extend(menu("recent", "Recent results", status.recent.iter().map(recent).collect()));
    entries.push(line("line"));
    entries.push(button(&Action::Inbox, "Inbox"));
    entries.push(match status.paused {
        true => button(&Action::ResumeAll, "Resume all"),
        false => button(&Action::PauseAll, "Pause all"),
    });
    entries.extend(status.keeping_awake.as_ref().map(|awake| {
        let text = match &awake.cannot {
            Some(why) => format!("Cannot keep the computer awake: {why}"),
            None => format!("Keeping awake: {}", awake.why),
        };
        words("awake", &text)
    }));
    entries.push(leave(status));
    Picture { icon: icon(status), tooltip: format!("Errand: {}", status.sentence), entries }
}

fn icon(status: &EngineStatus) -> Icon {
    if status.problem.is_some() {
        Icon::Error
    } else if status.needs_you > 0 {
        Icon::NeedsYou
    } else if status.paused {
        Icon::Paused
    } else if status.running > 0 {
        Icon::Working
    } else {
        Icon::Idle
    }
}

fn running(task: &TaskRow) -> Entry {
    let children = vec![open(task, "Open"), button(&Action::Cancel(task.id.clone()), "Cancel")];
    Entry { key: task.id.to_string(), text: name(task), kind: Kind::Menu(children) }
}

fn needing(status: &EngineStatus, questions: &Questions) -> Option<Entry> {
    let mut entries = Vec::new();
    let mut hidden = status.needs_you as usize > status.needing_tasks.len();
    for task in &status.needing_tasks {
        let asked = questions.get(&task.id).into_iter().flatten();
        let open: Vec<&QuestionView> = asked.filter(|question| question.state == "open").collect();
        // Answered a moment ago; the next look knows more.
        if open.is_empty() {
            entries.push(self::open(task, &name(task)));
        }
        entries.extend(open.into_iter().map(|question| asking(task, question)));
    }
    hidden |= entries.len() > ROWS;
    entries.truncate(ROWS);
    if hidden {
        entries.extend([line("before the inbox"), button(&Action::Inbox, "All in the Inbox…")]);
    }
    menu_of("needing", "Needs you", entries)
}

/// A question, with its answers where one can see what is answered.
fn asking(task: &TaskRow, question: &QuestionView) -> Entry {
    let asked = text::line(&question.text, usize::MAX);
    let rows = wrapped(&asked.text);
    let whole = asked.whole && rows.len() <= LINES;
    let mut children: Vec<Entry> = Vec::new();
    for (n, row) in rows.iter().take(LINES).enumerate() {
        let cut = n + 1 == LINES && rows.len() > LINES;
        let row = if cut { format!("{row} …") } else { row.clone() };
        children.push(words(&format!("{} line {n}", question.id), &row));
    }
    let answers = if whole { answers(task, question) } else { None };
    let says_all = answers.is_some() && !question.open;
    children.extend(answers.unwrap_or_default());
    if !says_all {
        let action = Action::AnswerInWindow { task: task.id.clone(), question: question.id.clone() };
        children.push(button(&action, "Answer…"));
    }
    children.push(line(&format!("after {}", question.id)));
    children.push(open(task, "Open the task…"));
    let first = question.text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let text = format!("{}: {first}", shortened(&task.title, WIDTH / 2));
    Entry { key: format!("{}/{}", task.id, question.id), text: shorten(&text), kind: Kind::Menu(children) }
}

/// A button for each answer, if each can be read on one, and nothing else is wanted than one of them.
fn answers(task: &TaskRow, question: &QuestionView) -> Option<Vec<Entry>> {
    // Whatever asks to be allowed something is looked at in its window.
    if !matches!(question.kind.as_str(), "user_input" | "blocker") || !question.fields.is_empty() {
        return None;
    }
    let answer = |name: &str| Action::Answer {
        task: task.id.clone(),
        question: question.id.clone(),
        choice: name.to_owned(),
    };
    let readable = |label: &str| {
        let shown = text::line(label, WIDTH);
        shown.whole && !shown.text.is_empty()
    };
    let all = !question.options.is_empty() && question.options.iter().all(|option| readable(&option.label));
    all.then(|| question.options.iter().map(|option| button(&answer(&option.name), &option.label)).collect())
}

/// In rows of a menu's width, at words where there are any.
fn wrapped(text: &str) -> Vec<String> {
    let mut rows: Vec<String> = Vec::new();
    let mut room = 0;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let letters: Vec<char> = word.chars().collect();
        for piece in letters.chunks(WIDTH) {
            match rows.last_mut() {
                Some(row) if room > piece.len() => {
                    row.push(' ');
                    row.extend(piece);
                    room -= piece.len() + 1;
                }
                Some(_) | None => {
                    rows.push(piece.iter().collect());
                    room = WIDTH - piece.len();
                }
            }
        }
    }
    rows
}

fn recent(task: &TaskRow) -> Entry {
    let outcome = if task.outcome.is_empty() { &task.reason.text } else { &task.outcome };
    open(task, &format!("{}: {outcome}", task.title))
}

/// What is running may not be cut off by a slip of the hand.
fn leave(status: &EngineStatus) -> Entry {
    let now = button(&Action::QuitNow, "Stop now and quit");
    if status.quitting {
        return now;
    }
    if status.running == 0 {
        return button(&Action::Quit, "Quit");
    }
    if quit_dialog::EXISTS {
        return button(&Action::AskQuit, "Quit…");
    }
    let finish = button(&Action::QuitWhenDone, "Finish, then quit");
    Entry { key: "leave".into(), text: "Quit".into(), kind: Kind::Menu(vec![finish, now]) }
}

fn name(task: &TaskRow) -> String {
    shorten(&format!("{} · {}", task.title, task.id))
}

fn open(task: &TaskRow, text: &str) -> Entry {
    button(&Action::Open(task.id.clone()), text)
}

fn menu(key: &str, text: &str, mut children: Vec<Entry>) -> Option<Entry> {
    children.truncate(ROWS);
    menu_of(key, text, children)
}

/// None without anything in it.
fn menu_of(key: &str, text: &str, children: Vec<Entry>) -> Option<Entry> {
    (!children.is_empty()).then(|| Entry { key: key.into(), text: text.into(), kind: Kind::Menu(children) })
}

fn words(key: &str, text: &str) -> Entry {
    Entry { key: key.into(), text: shorten(text), kind: Kind::Words }
}

fn line(key: &str) -> Entry {
    Entry { key: key.into(), text: String::new(), kind: Kind::Line }
}

fn button(action: &Action, text: &str) -> Entry {
    Entry { key: action.key(), text: shorten(text), kind: Kind::Button }
}

/// The first line with anything in it, without what could hide or reorder the text around it.
fn shorten(text: &str) -> String {
    shortened(text, WIDTH).replace('&', "&&")
}

fn shortened(text: &str, most: usize) -> String {
    let first = text.lines().map(|line| text::line(line, most).text).find(|line| !line.is_empty());
    first.unwrap_or_default()
}

#[cfg(test)]
#[path = "picture_tests.rs"]
mod tests;
