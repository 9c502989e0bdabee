//! Whether a banner may have a button that allows something.

use crate::QuestionKind;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    pub kind: QuestionKind,
    /// Every character of it stands on the banner (the whole command, the whole change, all arguments), and nothing
    /// in it hides or reorders anything.
    pub readable: bool,
    /// Whoever knows what it would do says that it is harmless.
    pub low_risk: bool,
}

/// A click on a banner is quick, so it may allow only what can be read there in full and does little. Everything else
/// is looked at in its window first; saying no is always safe.
pub fn may_allow_on_banner(request: &Request) -> bool {
    match request.kind {
        QuestionKind::CommandApproval | QuestionKind::FileApproval | QuestionKind::DynamicTool => {
            request.readable && request.low_risk
        }
        // They do not ask to be allowed something.
        QuestionKind::Blocker | QuestionKind::UserInput | QuestionKind::Elicitation => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_harmless_and_can_be_read_in_full_is_allowed_with_a_click() {
        let may = |kind, readable, low_risk| may_allow_on_banner(&Request { kind, readable, low_risk });
        for kind in [QuestionKind::CommandApproval, QuestionKind::FileApproval, QuestionKind::DynamicTool] {
            assert!(may(kind, true, true), "{kind:?}");
            assert!(
                !may(kind, false, true) && !may(kind, true, false) && !may(kind, false, false),
                "{kind:?}"
            );
        }
        for kind in [QuestionKind::UserInput, QuestionKind::Blocker, QuestionKind::Elicitation] {
            assert!(!may(kind, true, true), "{kind:?}");
        }
    }
}
