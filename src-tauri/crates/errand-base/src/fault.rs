use serde::{Deserialize, Serialize};

use crate::Code;

/// An error as a person or a script meets it: what kind, what happened, what to do next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{message}")]
pub struct Fault {
    pub code: Code,
    pub message: String,
    pub hint: String,
}

impl Fault {
    pub fn new(code: Code, message: impl Into<String>) -> Fault {
        Fault { code, message: message.into(), hint: code.hint().into() }
    }

    /// Replaces the general next step by one that fits this case.
    pub fn hint(mut self, hint: impl Into<String>) -> Fault {
        self.hint = hint.into();
        self
    }
}
