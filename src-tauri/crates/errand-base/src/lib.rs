//! What every layer of Errand shares: time as a value, ids a person can say, the closed list of error codes, and
//! how secret values are kept out of texts. Nothing here does input or output except [`SystemClock`].

mod code;
mod fault;
mod id;
mod meaning;
mod redact;
mod secret;
mod time;
mod words;

pub use code::Code;
pub use fault::Fault;
pub use id::{BadId, RunId, TaskId, secret_word};
pub use redact::{HIDDEN, RedactedStream, Redactor, SHORTEST};
pub use secret::{Secret, Wipe};
pub use time::{
    BadTime, Clock, FakeClock, SystemClock, Timestamp, parse_duration, parse_moment, say_duration,
};
