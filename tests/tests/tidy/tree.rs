//! The files of the tree as git sees them, those that are new and not ignored included.
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
        // The tests' HOME is empty, and with it git's list of folders that belong to another user and are trusted.
        let output = Command::new("git")
            .args(["-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(root)
            .output()
            .expect("git starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let names = String::from_utf8(output.stdout).expect("paths are UTF-8");
        let names = names.split('\0').filter(|name| !name.is_empty());
        // What is no text is a picture; what cannot be read was removed and not yet committed.
        let read =
            |name: &str| Some(File { path: name.into(), text: fs::read_to_string(root.join(name)).ok()? });
        let tree = Self { root: root.into(), files: names.filter_map(read).collect() };
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
