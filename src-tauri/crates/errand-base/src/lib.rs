//! What every layer of Errand shares: time as a value, ids a person can say, and the closed list of error
//! codes. Nothing here does input or output except [`SystemClock`].

mod code;
mod fault;
mod id;
mod time;
mod words;

pub use code::Code;
pub use fault::Fault;
pub use id::{BadId, RunId, TaskId, secret_word};
pub use time::{
    BadTime, Clock, FakeClock, SystemClock, Timestamp, parse_duration, parse_moment, say_duration,
};
