use serde::Serialize;

/// Why something was shown, or not, or not yet. The names are stable: rows keep them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    Settled,
    SubTask,
    WindowFocused,
    Silent,
    NotSignificant,
    Security,
    Urgent,
    ByHand,
    Muted,
    DoNotDisturb,
    QuietHours,
    Question,
    QuestionsTogether,
    DigestDue,
    ShownAgain,
    WithinLimit,
    HourLimit,
    DayLimit,
    NoService,
    OnScreen,
    ShownOften,
}

impl Why {
    pub const ALL: [Why; 21] = [
        Why::Settled,
        Why::SubTask,
        Why::WindowFocused,
        Why::Silent,
        Why::NotSignificant,
        Why::Security,
        Why::Urgent,
        Why::ByHand,
        Why::Muted,
        Why::DoNotDisturb,
        Why::QuietHours,
        Why::Question,
        Why::QuestionsTogether,
        Why::DigestDue,
        Why::ShownAgain,
        Why::WithinLimit,
        Why::HourLimit,
        Why::DayLimit,
        Why::NoService,
        Why::OnScreen,
        Why::ShownOften,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Why::Settled => "settled",
            Why::SubTask => "sub_task",
            Why::WindowFocused => "window_focused",
            Why::Silent => "silent",
            Why::NotSignificant => "not_significant",
            Why::Security => "security",
            Why::Urgent => "urgent",
            Why::ByHand => "by_hand",
            Why::Muted => "muted",
            Why::DoNotDisturb => "do_not_disturb",
            Why::QuietHours => "quiet_hours",
            Why::Question => "question",
            Why::QuestionsTogether => "questions_together",
            Why::DigestDue => "digest_due",
            Why::ShownAgain => "shown_again",
            Why::WithinLimit => "within_limit",
            Why::HourLimit => "hour_limit",
            Why::DayLimit => "day_limit",
            Why::NoService => "no_service",
            Why::OnScreen => "on_screen",
            Why::ShownOften => "shown_often",
        }
    }

    pub fn from_name(name: &str) -> Option<Why> {
        Why::ALL.into_iter().find(|why| why.name() == name)
    }

    /// The answer to “why was I told, or not?”.
    pub fn sentence(self) -> &'static str {
        match self {
            Why::Settled => "It was settled before it could be shown.",
            Why::SubTask => "It belongs to a larger task, which is told as a whole.",
            Why::WindowFocused => "You were looking at the window of that task.",
            Why::Silent => "You asked not to be told of this task's results; they are in the digest.",
            Why::NotSignificant => "The result met none of the criteria you gave; it is in the digest.",
            Why::Security => "It is about the safety of your machine, so it was shown at once.",
            Why::Urgent => "It is urgent, so it was shown at once.",
            Why::ByHand => "You had started the task a short time before.",
            Why::Muted => "You had muted all notifications; it waits for the end of that.",
            Why::DoNotDisturb => "Your desktop was set to “do not disturb”; it waits for the end of that.",
            Why::QuietHours => "It came in your quiet hours and waits for their end.",
            Why::Question => "The task cannot go on without your answer.",
            Why::QuestionsTogether => {
                "Several tasks asked at nearly the same time, so one notification stands for all."
            }
            Why::DigestDue => "It sums up what was not shown one by one.",
            Why::ShownAgain => "The notification service lost it, so it was shown once more.",
            Why::WithinLimit => "There were few notifications before it.",
            Why::HourLimit => "There were many notifications within an hour; it is in the digest.",
            Why::DayLimit => "There were many notifications that day; it is in the digest.",
            Why::NoService => "No notification service was running; it waits for one.",
            Why::OnScreen => "It was shown already.",
            Why::ShownOften => "It was shown as often as anything is; it stays in the lists.",
        }
    }

    /// Whether a banner that was shown for this reason counts for the limits of an hour and a day.
    pub fn counts(self) -> bool {
        match self {
            Why::WithinLimit | Why::DigestDue => true,
            Why::Settled
            | Why::SubTask
            | Why::WindowFocused
            | Why::Silent
            | Why::NotSignificant
            | Why::Security
            | Why::Urgent
            | Why::ByHand
            | Why::Muted
            | Why::DoNotDisturb
            | Why::QuietHours
            | Why::Question
            | Why::QuestionsTogether
            | Why::ShownAgain
            | Why::HourLimit
            | Why::DayLimit
            | Why::NoService
            | Why::OnScreen
            | Why::ShownOften => false,
        }
    }
}
