//! Hashes over what a decision is bound to.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

#[derive(Default)]
pub(super) struct Seal(Sha256);

impl Seal {
    /// With its length, so that two texts are never one.
    pub fn text(&mut self, text: &str) {
        self.0.update((text.len() as u64).to_le_bytes());
        self.0.update(text.as_bytes());
    }

    /// Which file it is, and what it holds.
    pub fn file(&mut self, path: Option<&Path>) {
        match path {
            None => self.text("none"),
            Some(path) => {
                self.text(&path.display().to_string());
                self.text(&of_file(path).unwrap_or_else(|| "cannot be read".to_owned()));
            }
        }
    }

    pub fn close(self) -> String {
        hex(self.0)
    }
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn of_bytes(bytes: &[u8]) -> String {
    let mut hash = Sha256::default();
    hash.update(bytes);
    hex(hash)
}

fn of_file(path: &Path) -> Option<String> {
    // A pipe would keep us waiting.
    let found = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    let mut hash = Sha256::default();
    let mut file = File::open(path).ok()?.take(found.len().max(1 << 30));
    let mut part = vec![0; 1 << 16];
    loop {
        match file.read(&mut part).ok()? {
            0 => return Some(hex(hash)),
            n => hash.update(&part[..n]),
        }
    }
}

pub(super) fn begins_with(path: &Path, wanted: &[u8]) -> bool {
    let mut first = vec![0; wanted.len()];
    File::open(path).and_then(|mut file| file.read_exact(&mut first)).is_ok() && first == wanted
}

/// Which folder it is, whatever its name.
pub(crate) fn folder(path: &Path) -> String {
    match std::fs::metadata(path) {
        Ok(found) => format!("{}:{}", found.dev(), found.ino()),
        Err(_) => "none".to_owned(),
    }
}

pub(super) fn real(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}
