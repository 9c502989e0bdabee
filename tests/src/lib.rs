//! The tests that need both binaries; see `Cargo.toml` for the list. Here: where the binaries are.
//!
//! `cargo test` does not build another package's binaries, so that `cargo xtask test` does, and tells by
//! environment variables where they are.

use std::{
    env::{self, consts::EXE_SUFFIX},
    fmt,
    path::PathBuf,
};

/// The terminal binary `errand`.
pub fn errand() -> Result<PathBuf, Missing> {
    program("ERRAND_TEST_BIN_DIR", "errand")
}

/// The desktop app `errand-desktop`, which lies beside `errand`.
pub fn errand_desktop() -> Result<PathBuf, Missing> {
    program("ERRAND_TEST_BIN_DIR", "errand-desktop")
}

/// `errand` with failpoints compiled in.
pub fn crash_errand() -> Result<PathBuf, Missing> {
    program("ERRAND_TEST_CRASH_BIN_DIR", "errand")
}

fn program(variable: &'static str, name: &str) -> Result<PathBuf, Missing> {
    let folder = env::var_os(variable).map(PathBuf::from).ok_or(Missing::Variable(variable))?;
    let file = folder.join(format!("{name}{EXE_SUFFIX}"));
    if file.is_file() { Ok(file) } else { Err(Missing::File(file)) }
}

/// A binary that is not there. Its `Debug` is the sentence, because a test unwraps it.
pub enum Missing {
    Variable(&'static str),
    File(PathBuf),
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "{name} is not set")?,
            Self::File(file) => write!(f, "{} is not built", file.display())?,
        }
        write!(f, "; this test needs the real binaries: run `cargo xtask test`")
    }
}

impl fmt::Debug for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Missing {}
