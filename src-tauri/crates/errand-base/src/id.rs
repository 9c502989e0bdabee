use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::time::Timestamp;
use crate::words::{ADJECTIVES, ANIMALS};

/// The name of a task that a person can say and type, such as `bold-falcon-427`. Always lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TaskId(std::sync::Arc<str>);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is not a task id; ids look like bold-falcon-427")]
pub struct BadId(String);

impl TaskId {
    /// A fresh id. There are a few million of them, so the store still checks that it is free.
    pub fn random() -> TaskId {
        let bits = Uuid::new_v4().as_u128();
        let pick = |bits: u128, len: usize| (bits % len as u128) as usize;
        let adjective = ADJECTIVES[pick(bits & 0xffff_ffff, ADJECTIVES.len())];
        let animal = ANIMALS[pick(bits >> 96, ANIMALS.len())];
        let number = 100 + pick((bits >> 32) & 0xffff_ffff, 900);
        TaskId(format!("{adjective}-{animal}-{number}").into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A typed id or the beginning of one: case and surrounding space do not matter.
    pub fn normalise(typed: &str) -> Result<String, BadId> {
        let text = typed.trim().to_ascii_lowercase();
        let fits = !text.is_empty()
            && text.len() <= 64
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if fits { Ok(text) } else { Err(BadId(typed.chars().take(64).collect())) }
    }
}

impl TryFrom<String> for TaskId {
    type Error = BadId;

    fn try_from(text: String) -> Result<TaskId, BadId> {
        TaskId::normalise(&text).map(|text| TaskId(text.into()))
    }
}

impl From<TaskId> for String {
    fn from(id: TaskId) -> String {
        id.0.as_ref().into()
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One attempt at a task. It is also the nonce that marks the run's processes, so it is never guessed or reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(Uuid);

impl RunId {
    pub fn random() -> RunId {
        RunId(Uuid::new_v4())
    }

    /// A fresh id that sorts after those of before, so that the rows of runs that are alive stand together.
    pub fn new(now: Timestamp) -> RunId {
        let chance = Uuid::new_v4().as_u128().to_be_bytes();
        let mut bytes = [0; 10];
        bytes.copy_from_slice(&chance[6..]);
        let millis = u64::try_from(now.as_millis()).unwrap_or(0);
        RunId(uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid())
    }

    pub const fn from_u128(value: u128) -> RunId {
        RunId(Uuid::from_u128(value))
    }

    pub fn parse(text: &str) -> Option<RunId> {
        Uuid::parse_str(text).ok().map(RunId)
    }
}

/// A word that nobody can guess, from the system's source of chance.
pub fn secret_word() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.simple().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_back_whatever_the_case() {
        for _ in 0..200 {
            let id = TaskId::random();
            assert_eq!(TaskId::try_from(id.as_str().to_uppercase()), Ok(id.clone()));
            assert_eq!(id.as_str().split('-').count(), 3, "{id}");
        }
    }

    #[test]
    fn ids_of_runs_differ_and_sort_by_time() {
        let at = |millis| RunId::new(Timestamp::from_millis(millis));
        assert!(at(1_795_000_000_000) < at(1_795_000_000_001));
        assert_ne!(at(5), at(5));
    }

    #[test]
    fn what_is_not_an_id_is_refused() {
        for bad in ["", "a b", "ü", "../x", &"x".repeat(65)] {
            assert!(TaskId::normalise(bad).is_err(), "{bad}");
        }
    }
}
