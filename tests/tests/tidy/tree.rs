//! The files of the tree: as git sees them, those that are new and not ignored included, or all there are.
#![expect(clippy::expect_used, reason = "without the tree there is nothing to test")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

#[derive(Debug)]
pub struct Tree {
    pub root: PathBuf,
    pub files: Vec<File>,
}

/// A text file. Its path is relative to the root and has `/` between its parts.
#[derive(Debug)]
pub struct File {
    pub path: String,
    pub text: String,
}

impl Tree {
    pub fn read() -> Self {
        // Asked at run time: a tree that was moved keeps the tests it has built.
        let package = std::env::var("CARGO_MANIFEST_DIR").expect("cargo runs the tests");
        let root = Path::new(&package).parent().expect("this package is in a folder of the root");
        let names = seen_by_git(root).unwrap_or_else(|| below(root));
        // What is no text is a picture; what cannot be read was removed and not yet committed.
        let read =
            |name: &str| Some(File { path: name.into(), text: fs::read_to_string(root.join(name)).ok()? });
        let tree = Self { root: root.into(), files: names.iter().filter_map(|name| read(name)).collect() };
        assert!(tree.find("Cargo.toml").is_some(), "this is not the root");
        tree
    }

    pub fn find(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// Empty when there is no such file, which the rules complain about where it matters.
    pub fn text(&self, path: &str) -> String {
        self.find(path).map(|file| file.text.clone()).unwrap_or_default()
    }

    pub fn texts_below(&self, folder: &str) -> String {
        self.files
            .iter()
            .filter(|file| file.path.starts_with(folder))
            .map(|file| file.text.as_str())
            .collect()
    }
}

/// None without git, or outside of a repository.
fn seen_by_git(root: &Path) -> Option<Vec<String>> {
    // The tests' HOME is empty, and with it git's list of folders that belong to another user and are trusted.
    let output = Command::new("git")
        .args(["-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let names = String::from_utf8(output.stdout).expect("paths are UTF-8");
    Some(names.split('\0').filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

/// In an unpacked archive of the sources: all but what a build leaves there.
fn below(root: &Path) -> Vec<String> {
    const BUILT: &[&str] = &[".git", "target", "node_modules", "dist", "gen", "screenshots"];
    let mut names = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("the tree can be read").flatten() {
            let path = entry.path();
            if path.is_dir() {
                let built = entry.file_name().to_str().is_some_and(|name| BUILT.contains(&name));
                open.extend((!built).then_some(path));
            } else if let Some(name) = path.strip_prefix(root).ok().and_then(Path::to_str) {
                names.push(name.replace('\\', "/"));
            }
        }
    }
    names.sort();
    names
}

impl File {
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.into(), text: text.into() }
    }

    pub fn extension(&self) -> &str {
        self.path.rsplit_once('.').map_or("", |(_, extension)| extension)
    }

    /// The line numbers, from 1, of the lines for which `is_it` holds.
    pub fn lines_where(&self, is_it: impl Fn(&str) -> bool) -> Vec<usize> {
        self.text.lines().enumerate().filter(|(_, line)| is_it(line)).map(|(index, _)| index + 1).collect()
    }

    /// This very test, whose bad examples are bad on purpose.
    pub fn is_tidy_itself(&self) -> bool {
        self.path.starts_with("tests/tests/tidy/")
    }
}
