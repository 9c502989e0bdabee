//! Whether a path that was written down leads into the folder, as far as its letters say. Links are looked up
//! by whoever opens the file.

use std::path::{Component, Path, PathBuf};

use crate::allow::line::is_hidden;

/// The path, or the half sentence why not. `..` is refused also where it seems to stay inside: after a link
/// it leads somewhere else than its letters say.
pub(super) fn inside(folder: &Path, cwd: &Path, word: &str) -> Result<PathBuf, &'static str> {
    if word.is_empty() {
        return Err("is empty");
    }
    if word.chars().any(is_hidden) {
        return Err("has signs that cannot be seen");
    }
    if word.starts_with(['~', '-']) {
        return Err("does not begin like a path");
    }
    // A host before a colon, a drive, a separator of another system.
    if word.contains([':', '\\']) {
        return Err("may name another machine or drive");
    }
    let path = cwd.join(word);
    let is_git = |name: &str| {
        [".git", "git~1"].iter().any(|git| name.trim_end_matches([' ', '.']).eq_ignore_ascii_case(git))
    };
    for part in Path::new(word).components() {
        match part {
            Component::ParentDir => return Err("goes up with `..`"),
            Component::Normal(name) if is_git(&name.to_string_lossy()) => {
                return Err("is where git keeps commands that it runs later");
            }
            Component::Normal(_) | Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    if is_within(&path, folder) { Ok(path) } else { Err("is outside the folder") }
}

pub(super) fn is_within(path: &Path, folder: &Path) -> bool {
    let plain =
        |path: &Path| path.is_absolute() && path.components().all(|part| part != Component::ParentDir);
    plain(path) && plain(folder) && path.starts_with(folder)
}
