//! The one place of the journeys that looks at the clock: other programs live in real time.

use std::time::Instant;

#[expect(clippy::disallowed_methods, reason = "other programs live in real time")]
pub fn now() -> Instant {
    Instant::now()
}
