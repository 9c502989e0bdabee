//! What the tray shows, as plain data: the same status gives the same picture.

use std::collections::BTreeMap;

use errand_base::TaskId;
use errand_wire::{EngineStatus, QuestionView, TaskRow};

use super::action::Action;

/// Longer texts are cut; the window has the rest.
const WIDTH: usize = 56;
/// Longer lists end with the window's list.
const ROWS: usize = 12;

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
    entries.extend(menu("running", "Running", status.running_tasks.iter().map(running).collect()));
    let needing = status.needing_tasks.iter().map(|task| needing(task, questions.get(&task.id)));
    entries.extend(menu("needing", "Needs you", needing.collect()));
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

fn needing(task: &TaskRow, questions: Option<&Vec<QuestionView>>) -> Entry {
    let mut children = Vec::new();
    for question in questions.into_iter().flatten().filter(|question| question.state == "open") {
        children.push(words(&question.id, &question.text));
        for option in &question.options {
            let answer = Action::Answer {
                task: task.id.clone(),
                question: question.id.clone(),
                choice: option.name.clone(),
            };
            children.push(button(&answer, &option.label));
        }
        children.push(line(&format!("after {}", question.id)));
    }
    children.push(open(task, "Open…"));
    Entry { key: task.id.to_string(), text: name(task), kind: Kind::Menu(children) }
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
    let entry = Entry { key: key.into(), text: text.into(), kind: Kind::Menu(children) };
    matches!(&entry.kind, Kind::Menu(children) if !children.is_empty()).then_some(entry)
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

/// One line without control and direction marks, not too long. `&` would underline the letter after it.
fn shorten(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let mut shown: String = line.chars().filter(|c| !hidden(*c)).take(WIDTH + 1).collect();
    if shown.chars().count() > WIDTH {
        shown = shown.chars().take(WIDTH - 1).collect::<String>().trim_end().to_owned() + "…";
    }
    shown.replace('&', "&&")
}

#[cfg(test)]
#[path = "picture_tests.rs"]
mod tests;
