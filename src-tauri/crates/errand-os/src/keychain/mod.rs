//! Where secret values are kept: the keychain of the person's session, if there is one.

mod fake;
#[cfg(target_os = "linux")]
#[path = "linux.rs"]
mod session;
#[cfg(not(target_os = "linux"))]
#[path = "other.rs"]
mod session;

use std::future::Future;
use std::pin::Pin;

use errand_base::{Code, Fault, Secret};

pub use fake::FakeKeychain;
pub use session::SessionKeychain;

pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Closed>> + Send + 'a>>;

/// Values by name. Every call comes back within seconds, except for [`Keychain::unlock`].
pub trait Keychain: Send + Sync + 'static {
    /// Looks whether values could be read now. Asks nobody for anything.
    fn look(&self) -> Answer<'_, ()>;

    /// `None`: it keeps nothing under this name. Of a locked keychain nothing is read, and nobody is asked.
    fn get<'a>(&'a self, name: &'a str) -> Answer<'a, Option<Secret<String>>>;

    fn set<'a>(&'a self, name: &'a str, value: &'a Secret<String>) -> Answer<'a, ()>;

    /// Says whether there was something to remove.
    fn remove<'a>(&'a self, name: &'a str) -> Answer<'a, bool>;

    /// Has the keychain ask its person to open it, and waits for what they do. Only for when a person has just asked
    /// for something that needs it.
    fn unlock(&self) -> Answer<'_, ()>;
}

/// How a keychain can be. `Present` needs no explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeychainState {
    Present,
    Locked,
    Absent,
    Denied,
}

impl KeychainState {
    pub fn name(self) -> &'static str {
        match self {
            KeychainState::Present => "present",
            KeychainState::Locked => "locked",
            KeychainState::Absent => "absent",
            KeychainState::Denied => "denied",
        }
    }
}

/// Why a keychain gives and takes nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    #[error("the keychain is locked")]
    Locked,
    /// It did not answer in time. Most likely it waits for its person.
    #[error("the keychain does not answer")]
    Silent,
    #[error("there is no keychain: {0}")]
    Absent(String),
    #[error("the keychain refuses: {0}")]
    Denied(String),
}

impl Closed {
    pub fn state(&self) -> KeychainState {
        match self {
            Closed::Locked | Closed::Silent => KeychainState::Locked,
            Closed::Absent(_) => KeychainState::Absent,
            Closed::Denied(_) => KeychainState::Denied,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        let code = match self.state() {
            KeychainState::Present | KeychainState::Locked => Code::KeychainLocked,
            KeychainState::Absent => Code::KeychainAbsent,
            KeychainState::Denied => Code::KeychainDenied,
        };
        code.hint()
    }

    /// "The keychain is locked."
    pub fn sentence(&self) -> String {
        let text = self.to_string();
        let mut letters = text.chars();
        let first = letters.next().map(char::to_uppercase).into_iter().flatten();
        first.chain(letters).chain(['.']).collect()
    }
}

impl From<Closed> for Fault {
    fn from(closed: Closed) -> Fault {
        let code = match closed.state() {
            KeychainState::Present | KeychainState::Locked => Code::KeychainLocked,
            KeychainState::Absent => Code::KeychainAbsent,
            KeychainState::Denied => Code::KeychainDenied,
        };
        Fault::new(code, closed.sentence())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_to_be_closed_is_a_state_with_a_sentence_and_a_next_step() {
        let ways = [
            (Closed::Locked, KeychainState::Locked),
            (Closed::Silent, KeychainState::Locked),
            (Closed::Absent("nothing listens".into()), KeychainState::Absent),
            (Closed::Denied("dismissed".into()), KeychainState::Denied),
        ];
        for (closed, state) in ways {
            assert_eq!(closed.state(), state);
            let fault = Fault::from(closed.clone());
            assert!(fault.message.starts_with("The") && fault.message.ends_with('.'), "{}", fault.message);
            assert_eq!(fault.hint, closed.hint());
            assert_eq!(fault.code.name(), format!("keychain_{}", state.name()));
        }
    }
}
