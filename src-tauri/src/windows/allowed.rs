//! Which commands of the engine a window may pass on. A window that only answers can neither run nor delete.

/// By the label of the window.
pub fn may(window: &str, command: &str) -> bool {
    match window.split_once('-').map_or(window, |(kind, _)| kind) {
        "inbox" => matches!(command, "inbox" | "show" | "answer" | "status" | "focused"),
        "answer" => matches!(command, "show" | "answer" | "focused"),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use errand_wire::CommandName;

    use super::*;

    #[test]
    fn a_window_that_answers_can_do_nothing_else() {
        let of = |window: &str| {
            let all = CommandName::ALL.iter().map(|command| command.as_str());
            all.filter(|command| may(window, command)).collect::<Vec<_>>()
        };
        assert_eq!(of("inbox"), ["status", "show", "inbox", "answer", "focused"]);
        assert_eq!(of("answer-bold-falcon-427-q1"), ["show", "answer", "focused"]);
        assert_eq!(of("task-bold-falcon-427").len(), CommandName::ALL.len());
    }
}
