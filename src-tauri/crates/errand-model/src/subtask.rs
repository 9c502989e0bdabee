//! Sub-tasks: what a worker hands on to others, and what it knows of them.

use std::path::{Component, Path, PathBuf};

use errand_base::TaskId;
use serde::{Deserialize, Serialize};

use crate::{State, Task};

/// A task that a person handed over stands at depth 0; below this depth nobody has sub-tasks.
pub const DEEPEST: u32 = 3;
/// Sub-tasks of one task, counted anew when it is opened again.
pub const MOST_SUBTASKS: usize = 10;

const LONGEST_TITLE: usize = 200;
const LONGEST_BRIEF: usize = 256 * 1024;
const LONGEST_KEY: usize = 200;
const LONGEST_LABEL: usize = 60;
const MOST_LABELS: usize = 20;

/// A sub-task as its parent asks for it. What it may do is never asked for: that comes from its parent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SubtaskWish {
    /// Drawn by the engine, never said by a worker.
    #[serde(skip)]
    pub id: Option<TaskId>,
    pub title: Option<String>,
    /// What it is to do. With one it is a worker, too; without, it is a plain program.
    pub brief: Option<String>,
    /// The program that works on it: that of its parent, unless another one is given.
    pub argv: Option<Vec<String>>,
    /// The folder of its parent, or one inside of it.
    pub cwd: Option<PathBuf>,
    pub labels: Vec<String>,
    /// The same key and the same work again is the same sub-task.
    pub key: Option<String>,
}

impl SubtaskWish {
    /// What it is called if nobody has named it.
    pub fn name(&self) -> String {
        let given = self.title.as_deref().or(self.brief.as_deref()).unwrap_or_default();
        let line = given.lines().map(str::trim).find(|line| !line.is_empty());
        let words = || self.argv.as_deref().unwrap_or_default().join(" ");
        let name = line.map_or_else(words, str::to_owned);
        match name.chars().count() {
            0..=80 => name,
            _ => name.chars().take(79).chain(['…']).collect(),
        }
    }

    /// Says what is wrong with it, whoever asks. `folder`: that of its parent. What is right names its folder in full.
    pub fn checked(self, folder: &Path) -> Result<SubtaskWish, String> {
        let too_long = |what: &str, most: usize| Err(format!("its {what} is longer than {most} bytes"));
        if self.brief.as_deref().is_some_and(|brief| brief.trim().is_empty()) {
            return Err("its brief is empty".to_owned());
        }
        if self.argv.as_ref().is_some_and(|argv| argv.first().is_none_or(String::is_empty)) {
            return Err("its program is empty".to_owned());
        }
        if self.brief.is_none() && self.argv.is_none() {
            return Err("it has neither a brief nor a program".to_owned());
        }
        if self.argv.iter().flatten().any(|word| word.contains('\0')) {
            return Err("an argument of it holds a NUL character".to_owned());
        }
        if self.brief.as_ref().is_some_and(|brief| brief.len() > LONGEST_BRIEF) {
            return too_long("brief", LONGEST_BRIEF);
        }
        if self.title.as_ref().is_some_and(|title| title.len() > LONGEST_TITLE) {
            return too_long("title", LONGEST_TITLE);
        }
        if self.key.as_ref().is_some_and(|key| key.is_empty() || key.len() > LONGEST_KEY) {
            return Err(format!("its key has not 1 to {LONGEST_KEY} bytes"));
        }
        let is_label = |label: &String| {
            let length = label.chars().count();
            (1..=LONGEST_LABEL).contains(&length)
                && label.trim().len() == label.len()
                && !label.chars().any(char::is_control)
        };
        if self.labels.len() > MOST_LABELS || !self.labels.iter().all(is_label) {
            return Err(format!(
                "it has at most {MOST_LABELS} labels, each of 1 to {LONGEST_LABEL} characters"
            ));
        }
        let cwd = match &self.cwd {
            None => None,
            Some(cwd) => {
                Some(inside(folder, cwd).ok_or("its folder is not inside the folder of its parent")?)
            }
        };
        Ok(SubtaskWish { cwd: cwd.filter(|cwd| cwd != folder), ..self })
    }

    /// The same for the same work. It is kept in a database, so it must not change between versions.
    pub fn fingerprint(&self) -> u64 {
        let cwd = self.cwd.as_ref().map(|cwd| cwd.to_string_lossy().into_owned());
        let brief = self.brief.iter().flat_map(|brief| ["b", brief.as_str()]);
        let argv = self.argv.iter().flatten().flat_map(|word| ["a", word.as_str()]);
        let cwd = cwd.iter().flat_map(|cwd| ["c", cwd.as_str()]);
        // FNV-1a: spread well enough for work of one worker, which has nothing to gain from a collision.
        brief.chain(argv).chain(cwd).fold(0xcbf2_9ce4_8422_2325, |hash, word| {
            let ended = word.bytes().chain([0]);
            ended.fold(hash, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
        })
    }
}

/// `wanted` as a folder in `folder`, by its name alone: where links lead is seen when a program starts.
fn inside(folder: &Path, wanted: &Path) -> Option<PathBuf> {
    let rest = if wanted.is_absolute() { wanted.strip_prefix(folder).ok()? } else { wanted };
    let mut found = folder.to_owned();
    for part in rest.components() {
        match part {
            Component::Normal(name) => found.push(name),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(found)
}

/// What a task knows of a sub-task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    pub task: TaskId,
    /// The generation of the parent that asked for it.
    pub generation: u32,
    pub key: Option<String>,
    pub fingerprint: u64,
    /// `None` while it has not ended, or has not been heard of.
    pub ended: Option<State>,
}

/// Why a sub-task ends without having come to its own end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallOff {
    ParentCancelled,
    /// It failed, ran out of time, or nobody knows.
    ParentEnded,
    /// Its parent has no use for it any more.
    ByParent,
}

impl CallOff {
    /// Of the sub-tasks of a task that has ended like this.
    pub fn after(ended: State) -> CallOff {
        match ended {
            State::Cancelled => CallOff::ParentCancelled,
            State::Completed
            | State::Failed
            | State::TimedOut
            | State::Unknown
            | State::Waiting
            | State::Queued
            | State::Running
            | State::NeedsYou
            | State::RateLimited
            | State::Sleeping => CallOff::ParentEnded,
        }
    }
}

impl Task {
    /// How many sub-tasks it has that are not known to have ended.
    pub fn open_subtasks(&self) -> usize {
        self.children.iter().filter(|child| child.ended.is_none()).count()
    }

    /// Why it cannot have another sub-task, as a reason that a program can branch on.
    pub fn no_more_subtasks(&self) -> Option<&'static str> {
        let now = self.children.iter().filter(|child| child.generation == self.generation).count();
        if self.depth >= DEEPEST {
            return Some("depth_reached");
        }
        (now >= MOST_SUBTASKS).then_some("children_reached")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(cwd: &str) -> SubtaskWish {
        SubtaskWish { brief: Some("Paint it".into()), cwd: Some(cwd.into()), ..SubtaskWish::default() }
    }

    #[test]
    fn a_folder_is_inside_by_its_name_or_refused() {
        let folder = Path::new("/home/me/a");
        let cwd = |cwd: &str| wish(cwd).checked(folder).map(|wish| wish.cwd);
        for (given, found) in [
            ("", None),
            (".", None),
            ("/home/me/a", None),
            ("b", Some("/home/me/a/b")),
            ("./b/./c/", Some("/home/me/a/b/c")),
            ("/home/me/a/b", Some("/home/me/a/b")),
        ] {
            assert_eq!(cwd(given).unwrap(), found.map(PathBuf::from), "{given}");
        }
        for outside in ["..", "b/../..", "/home/me", "/home/me/ab", "/", "/home/me/a/../x"] {
            assert!(cwd(outside).is_err(), "{outside}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_words() {
        let good = wish("b");
        let bad = [
            SubtaskWish::default(),
            SubtaskWish { brief: Some(" \n".into()), ..good.clone() },
            SubtaskWish { brief: Some("x".repeat(LONGEST_BRIEF + 1)), ..good.clone() },
            SubtaskWish { argv: Some(Vec::new()), ..good.clone() },
            SubtaskWish { argv: Some(vec!["a\0b".into()]), ..good.clone() },
            SubtaskWish { title: Some("x".repeat(LONGEST_TITLE + 1)), ..good.clone() },
            SubtaskWish { key: Some(String::new()), ..good.clone() },
            SubtaskWish { labels: vec![" x".into()], ..good.clone() },
            SubtaskWish { labels: vec!["x".into(); MOST_LABELS + 1], ..good.clone() },
        ];
        for wish in bad {
            assert!(wish.clone().checked(Path::new("/")).is_err_and(|why| !why.is_empty()), "{wish:?}");
        }
        assert!(good.checked(Path::new("/")).is_ok());
    }

    #[test]
    fn other_work_has_another_fingerprint_and_the_same_keeps_its_own() {
        let words = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect());
        let wishes = [
            SubtaskWish { brief: Some("Paint".into()), ..SubtaskWish::default() },
            SubtaskWish { brief: Some("Paint".into()), argv: words(&["a", "b"]), ..SubtaskWish::default() },
            SubtaskWish { brief: Some("Paint".into()), argv: words(&["ab"]), ..SubtaskWish::default() },
            SubtaskWish { brief: Some("Paint".into()), cwd: Some("/a".into()), ..SubtaskWish::default() },
            SubtaskWish { argv: words(&["Paint"]), ..SubtaskWish::default() },
        ];
        let prints: std::collections::BTreeSet<u64> = wishes.iter().map(SubtaskWish::fingerprint).collect();
        assert_eq!(prints.len(), wishes.len());
        let named = SubtaskWish { title: Some("Red".into()), ..wishes[0].clone() };
        assert_eq!(named.fingerprint(), wishes[0].fingerprint(), "a name is no work");
        // Rows of older versions hold it.
        assert_eq!(wishes[0].fingerprint(), 0x783f_a1cb_53f4_ff97);
    }

    #[test]
    fn it_is_called_by_its_title_its_first_line_or_its_program() {
        let named = |wish: SubtaskWish| wish.name();
        assert_eq!(named(SubtaskWish { title: Some("Red".into()), ..wish("b") }), "Red");
        assert_eq!(named(SubtaskWish { brief: Some("\n Paint it \nred".into()), ..wish("b") }), "Paint it");
        let argv = Some(vec!["make".to_owned(), "-j4".to_owned()]);
        assert_eq!(named(SubtaskWish { argv, ..SubtaskWish::default() }), "make -j4");
    }
}
