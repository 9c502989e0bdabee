//! States and holds as a symbol and words. The symbol is never the only sign, and neither is the colour.

use anstyle::Style;
use errand_wire::{Hold, TaskState};

use super::{ALARM, ASKS, BUSY, GOOD, QUIET};

pub fn word(state: TaskState) -> String {
    state.name().replace('_', " ")
}

/// With its symbol: `✓ completed`. A held task is shown as paused, because that is what it is to the person.
pub fn label(state: TaskState, holds: &[Hold]) -> String {
    if is_paused(state, holds) {
        format!("‖ paused, {}", word(state))
    } else {
        format!("{} {}", symbol(state), word(state))
    }
}

pub fn is_paused(state: TaskState, holds: &[Hold]) -> bool {
    !holds.is_empty() && !state.is_final()
}

pub fn symbol(state: TaskState) -> &'static str {
    match state {
        TaskState::Waiting => "◌",
        TaskState::Queued => "○",
        TaskState::Running => "●",
        TaskState::NeedsYou => "?",
        TaskState::RateLimited => "◐",
        TaskState::Sleeping => "◑",
        TaskState::Completed => "✓",
        TaskState::Failed | TaskState::TimedOut => "✗",
        TaskState::Cancelled => "–",
        TaskState::Unknown => "!",
    }
}

pub fn style(state: TaskState, holds: &[Hold]) -> Style {
    if is_paused(state, holds) {
        return QUIET;
    }
    match state {
        TaskState::Running => BUSY,
        TaskState::NeedsYou => ASKS,
        TaskState::Completed => GOOD,
        TaskState::Failed | TaskState::TimedOut | TaskState::Unknown => ALARM,
        TaskState::Waiting
        | TaskState::Queued
        | TaskState::RateLimited
        | TaskState::Sleeping
        | TaskState::Cancelled => QUIET,
    }
}

/// "paused: by you; you are offline".
pub fn why_paused(holds: &[Hold]) -> String {
    let reasons: Vec<&str> = holds
        .iter()
        .map(|hold| match hold {
            Hold::Person => "by you",
            Hold::All => "everything is paused",
            Hold::Budget => "its budget is used up",
            Hold::Offline => "there is no network",
            Hold::Quota => "the agent's quota is used up",
            Hold::Keychain => "the keychain is locked",
            Hold::AgentMissing => "its agent is not there",
        })
        .collect();
    format!("paused: {}", reasons.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_shows_until_the_end() {
        assert_eq!(label(TaskState::NeedsYou, &[]), "? needs you");
        assert_eq!(label(TaskState::Queued, &[Hold::Person]), "‖ paused, queued");
        assert_eq!(label(TaskState::Completed, &[Hold::All]), "✓ completed");
        assert_eq!(why_paused(&[Hold::Person, Hold::All]), "paused: by you; everything is paused");
    }
}
