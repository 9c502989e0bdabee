//! Places where a test may kill the process: before and after every commit, spawn and delivery.
//!
//! They exist only where debug assertions are on (so not in a release). The variable
//! `ERRAND_FAILPOINT=name` or `name:N` kills the process the first or the Nth time it comes by.

/// Every failpoint, in the order in which a task meets them.
pub const ALL: &[&str] = &[
    "before_accept_commit",
    "after_accept_commit",
    "before_start_commit",
    "after_start_commit",
    "before_spawn",
    "after_spawn",
    "while_checking",
    "while_using_a_tool",
    "before_ask_commit",
    "after_ask_commit",
    "before_subtask_commit",
    "after_subtask_commit",
    "before_turn_commit",
    "after_turn_commit",
    "before_finish_commit",
    "after_finish_commit",
    "before_end_commit",
    "after_end_commit",
    "before_showing_commit",
    "after_showing_commit",
    "after_notify",
    "after_shown_commit",
];

/// Whether this program was built with failpoints.
pub const ENABLED: bool = cfg!(debug_assertions);

#[cfg(not(debug_assertions))]
pub(crate) fn hit(_name: &str) {}

#[cfg(debug_assertions)]
pub(crate) fn hit(name: &str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static WANTED: OnceLock<Option<(String, AtomicU64)>> = OnceLock::new();
    let wanted = WANTED.get_or_init(|| {
        let text = std::env::var("ERRAND_FAILPOINT").ok()?;
        let (name, count) = match text.split_once(':') {
            Some((name, count)) => (name.to_owned(), count.parse().ok()?),
            None => (text, 1),
        };
        Some((name, AtomicU64::new(count)))
    });
    if let Some((wanted, left)) = wanted
        && wanted == name
        && left.fetch_sub(1, Ordering::SeqCst) == 1
    {
        // The hardest end there is: nothing is flushed, nothing is dropped.
        errand_os::kill_self();
    }
}
