//! Whether a banner may have a button that allows something.

/// What is asked for, by the name of the question's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    pub kind: &'a str,
    /// Every character of it stands on the banner (the whole command, the whole change, all arguments), and nothing
    /// in it hides or reorders anything.
    pub readable: bool,
    /// Whoever knows what it would do says that it is harmless.
    pub low_risk: bool,
}

/// A click on a banner is quick, so it may allow only what can be read there in full and does little. Everything else
/// is looked at in its window first; saying no is always safe.
pub fn may_allow_on_banner(request: &Request<'_>) -> bool {
    match request.kind {
        "command_approval" | "file_approval" | "dynamic_tool" => request.readable && request.low_risk,
        // Not a kind that asks to be allowed something, or one that is not known here.
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_harmless_and_can_be_read_in_full_is_allowed_with_a_click() {
        let may = |kind, readable, low_risk| may_allow_on_banner(&Request { kind, readable, low_risk });
        for kind in ["command_approval", "file_approval", "dynamic_tool"] {
            assert!(may(kind, true, true), "{kind}");
            assert!(!may(kind, false, true) && !may(kind, true, false) && !may(kind, false, false), "{kind}");
        }
        for kind in ["user_input", "blocker", "", "Command_Approval", "something_new"] {
            assert!(!may(kind, true, true), "{kind}");
        }
    }
}
