//! Waiting for other programs: they send us no event, so that their state is asked for until it is right.

use std::time::{Duration, Instant};

use super::error::{DesktopError, Result};

const EVERY: Duration = Duration::from_millis(5);

/// Calls `probe` until it returns something, or `limit` is over.
pub fn until<T>(what: &str, limit: Duration, mut probe: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let start = now();
    loop {
        if let Some(found) = probe()? {
            return Ok(found);
        }
        if start.elapsed() > limit {
            return Err(late(what, limit, String::new()));
        }
        nap();
    }
}

/// The same for an asynchronous probe. An error of the last attempt is part of the message.
pub async fn eventually<T>(
    what: &str,
    limit: Duration,
    mut probe: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let mut last = String::new();
    let attempts = async {
        loop {
            match probe().await {
                Ok(Some(found)) => return found,
                Ok(None) => last.clear(),
                Err(error) => last = format!(" (last answer: {error})"),
            }
            tokio::time::sleep(EVERY).await;
        }
    };
    let outcome = tokio::time::timeout(limit, attempts).await;
    outcome.map_err(|_| late(what, limit, last))
}

fn late(what: &str, limit: Duration, detail: String) -> DesktopError {
    DesktopError::Late { what: what.into(), limit, detail }
}

#[expect(clippy::disallowed_methods, reason = "other programs live in real time")]
fn now() -> Instant {
    Instant::now()
}

#[expect(
    clippy::disallowed_methods,
    reason = "an X server tells nobody that it is up; it has to be asked again"
)]
fn nap() {
    std::thread::sleep(EVERY);
}
