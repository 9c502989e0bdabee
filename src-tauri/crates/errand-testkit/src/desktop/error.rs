use std::{io, time::Duration};

/// What went wrong with the stage, never with the play: a test that fails with one of these has not judged Errand.
#[derive(Debug, thiserror::Error)]
pub enum DesktopError {
    #[error("`{program}` could not be started: {source}. `cargo xtask test` installs what the tests need")]
    Start { program: String, source: io::Error },

    #[error("`{program}` failed: {detail}")]
    Failed { program: String, detail: String },

    #[error("{what}: still not so after {limit:?}{detail}")]
    Late { what: String, limit: Duration, detail: String },

    #[error("there is no {what}; there is {present}")]
    Absent { what: String, present: String },

    #[error("D-Bus: {0}")]
    Bus(#[from] zbus::Error),

    #[error("WebDriver: {0}")]
    WebDriver(String),

    #[error(transparent)]
    Io(#[from] io::Error),
}

impl From<zbus::fdo::Error> for DesktopError {
    fn from(error: zbus::fdo::Error) -> Self {
        Self::Bus(error.into())
    }
}

impl From<zbus::zvariant::Error> for DesktopError {
    fn from(error: zbus::zvariant::Error) -> Self {
        Self::Bus(error.into())
    }
}

pub type Result<T, E = DesktopError> = std::result::Result<T, E>;
