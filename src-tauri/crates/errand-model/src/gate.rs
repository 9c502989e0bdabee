//! Whether the person is told now, later, in a digest, or not at all.
//!
//! [`gate`] decides about one delivery, in this order: settled, part of a larger task, window in front, the
//! task's own policy, urgent, muted, “do not disturb”, awaited, quiet hours, question, limits. Everything has a [`Why`] with a
//! name for the row and a sentence for “why was I (not) told”.
//!
//! For the outbox:
//! 1. A round takes the unsettled rows, oldest first, and asks [`lost`] whether each is to be shown at all on
//!    the service that is there now. Without a service all rows wait.
//! 2. It asks [`gate`] about each of the others, with what changes in between: after a [`Verdict::Show`]
//!    whose reason [`Why::counts`], the moment joins [`World::told`]; after a question, the task joins
//!    [`World::asking`].
//! 3. `Show` becomes `showing` and then `shown`, with the name of the reason in the row. `Together` does the
//!    same and replaces the banners of the questions that are on the screen by one that says [`need_you`];
//!    each row keeps its state and its question, and once a single one is open again, that is what the banner
//!    shows. `Hold` becomes `held`; the outbox sets one alarm for the earliest `until`. `Wait` is held without one. `NoBanner` settles a
//!    result as opened, and leaves a question to its answer. `Drop` withdraws. `Digest` is held until
//!    [`digest_due`]; then a digest row is made of what [`gather`] brings together, and the rows in it are
//!    settled with it.
//! 4. When a setting or the zone changes, [`retime`] says what becomes of each held row.
//!
//! [`World::told`] are the times at which rows became `shown` with a reason that counts; the timeline has
//! both. A question of a sub-task is asked in the name of its root: its candidate carries the root's id.

mod allowing;
mod digest;
mod hours;
mod why;

use std::collections::BTreeSet;
use std::time::Duration;

use errand_base::{TaskId, Timestamp};
use jiff::tz::TimeZone;

use crate::{DeliveryKind, Notify, Priority};
pub use allowing::{Request, may_allow_on_banner};
pub use digest::{Bundle, digest_due, gather, need_you};
pub use hours::{BadHours, Quiet, TimeOfDay, next_at};
pub use why::Why;

/// For so long a person who has started something is taken to wait for it.
pub const BY_HAND: Duration = Duration::from_secs(30 * 60);
/// Questions of several tasks within it are one interruption.
pub const TOGETHER: Duration = Duration::from_secs(60);
/// How often something is shown at most, however often a service forgets it.
pub const MOST_SHOWINGS: u32 = 3;
const HOUR: Duration = Duration::from_secs(3_600);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Question,
    Approval,
    Result,
    Failure,
    Reminder,
    Digest,
    Notice,
}

impl From<DeliveryKind> for Kind {
    fn from(kind: DeliveryKind) -> Kind {
        match kind {
            DeliveryKind::Question => Kind::Question,
            DeliveryKind::Result => Kind::Result,
            DeliveryKind::Failure => Kind::Failure,
            DeliveryKind::Notice => Kind::Notice,
            DeliveryKind::Digest => Kind::Digest,
        }
    }
}

/// How far the row has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    Pending,
    Held,
    /// It may be on the screen: a crash came between showing and writing that down.
    Showing,
    Shown,
    /// Answered, opened, dismissed or withdrawn, wherever that was.
    Settled,
}

/// Who started the task; what comes of the same origin stands together in a digest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Origin {
    #[default]
    Person,
    Schedule(String),
    Trigger(String),
    Task(String),
    Client(String),
}

impl From<crate::Origin> for Origin {
    fn from(origin: crate::Origin) -> Origin {
        match origin {
            crate::Origin::Person => Origin::Person,
        }
    }
}

/// A delivery with what its task says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub kind: Kind,
    pub standing: Standing,
    /// How often it was shown, or tried.
    pub attempts: u32,
    /// The service it was last shown on.
    pub shown_on: Option<String>,
    /// A notice may be about none.
    pub task: Option<TaskId>,
    pub is_sub_task: bool,
    pub origin: Origin,
    /// When a person last handed the task over, or set it going again.
    pub by_hand: Option<Timestamp>,
    pub notify: Notify,
    /// What the agent said of its result, by the person's criteria.
    pub significant: bool,
    pub priority: Priority,
    /// It was calm once and nobody came.
    pub escalated: bool,
    /// About the safety of the machine or of its secrets.
    pub security: bool,
}

impl Candidate {
    pub fn new(kind: Kind) -> Candidate {
        Candidate {
            kind,
            standing: Standing::Pending,
            attempts: 0,
            shown_on: None,
            task: None,
            is_sub_task: false,
            origin: Origin::Person,
            by_hand: None,
            notify: Notify::Always,
            significant: false,
            priority: Priority::Normal,
            escalated: false,
            security: false,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    pub quiet: Option<Quiet>,
    /// The person wants to hear nothing until then.
    pub muted_until: Option<Timestamp>,
    pub per_hour: u32,
    pub per_day: u32,
    pub day_starts: TimeOfDay,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { quiet: None, muted_until: None, per_hour: 3, per_day: 12, day_starts: TimeOfDay::FOUR }
    }
}

/// A question that is on the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asking {
    pub task: TaskId,
    pub since: Timestamp,
    /// Its banner stands for several.
    pub together: bool,
}

/// What is looked at beside the delivery.
#[derive(Clone, Copy, Debug)]
pub struct World<'a> {
    pub settings: &'a Settings,
    pub zone: &'a TimeZone,
    /// The person has told their desktop to show nothing for now, for how long nobody knows.
    pub inhibited: bool,
    /// The task whose window the person looks at.
    pub focused: Option<&'a TaskId>,
    pub asking: &'a [Asking],
    /// When the banners were shown that count; those of the last two days are enough, in any order.
    pub told: &'a [Timestamp],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Drop {
        why: Why,
    },
    NoBanner {
        why: Why,
    },
    Show {
        why: Why,
    },
    /// One banner stands for the questions of so many tasks, this one included.
    Together {
        tasks: usize,
        why: Why,
    },
    Hold {
        until: Timestamp,
        why: Why,
    },
    /// Not now, and nobody knows until when: it is asked anew when that changes.
    Wait {
        why: Why,
    },
    Digest {
        why: Why,
    },
}

impl Verdict {
    pub fn why(self) -> Why {
        match self {
            Verdict::Drop { why }
            | Verdict::NoBanner { why }
            | Verdict::Show { why }
            | Verdict::Together { why, .. }
            | Verdict::Hold { why, .. }
            | Verdict::Wait { why }
            | Verdict::Digest { why } => why,
        }
    }
}

pub fn gate(candidate: &Candidate, world: &World<'_>, now: Timestamp) -> Verdict {
    if candidate.standing == Standing::Settled {
        return Verdict::Drop { why: Why::Settled };
    }
    if let Some(why) = left_out(candidate) {
        return Verdict::Drop { why };
    }
    if candidate.task.is_some() && candidate.task.as_ref() == world.focused {
        return Verdict::NoBanner { why: Why::WindowFocused };
    }
    if let Some(why) = filed(candidate) {
        return Verdict::Digest { why };
    }
    if let Some(why) = at_any_time(candidate) {
        return Verdict::Show { why };
    }
    if let Some(until) = muted_until(world, now) {
        return Verdict::Hold { until, why: Why::Muted };
    }
    if world.inhibited {
        return Verdict::Wait { why: Why::DoNotDisturb };
    }
    if is_awaited(candidate, now) {
        return Verdict::Show { why: Why::ByHand };
    }
    if let Some(until) = quiet_until(world, now) {
        return Verdict::Hold { until, why: Why::QuietHours };
    }
    match candidate.kind {
        Kind::Question | Kind::Approval => asked(candidate, world, now),
        Kind::Digest => Verdict::Show { why: Why::DigestDue },
        Kind::Result | Kind::Failure | Kind::Reminder | Kind::Notice => limited(candidate, world, now),
    }
}

/// Sub-tasks are never told by themselves. What asks or warns is, or nobody would hear of it.
fn left_out(candidate: &Candidate) -> Option<Why> {
    let told_by_the_root = match candidate.kind {
        Kind::Result | Kind::Failure | Kind::Reminder => !candidate.security,
        Kind::Question | Kind::Approval | Kind::Digest | Kind::Notice => false,
    };
    (candidate.is_sub_task && told_by_the_root).then_some(Why::SubTask)
}

/// The task's own policy. It is about results: questions, failures, notices and warnings always leave.
fn filed(candidate: &Candidate) -> Option<Why> {
    if candidate.security {
        return None;
    }
    match (candidate.kind, candidate.notify) {
        (Kind::Result, Notify::Silent) => Some(Why::Silent),
        (Kind::Result, Notify::Significant) => (!candidate.significant).then_some(Why::NotSignificant),
        (Kind::Result, Notify::Always) => None,
        (
            Kind::Question | Kind::Approval | Kind::Failure | Kind::Reminder | Kind::Digest | Kind::Notice,
            _,
        ) => None,
    }
}

/// At night, too, while all is muted, and beyond all limits.
fn at_any_time(candidate: &Candidate) -> Option<Why> {
    if candidate.security {
        return Some(Why::Security);
    }
    (candidate.priority == Priority::Urgent || candidate.escalated).then_some(Why::Urgent)
}

/// At night, too, but not by somebody who has just muted all. A failure is a result like another one for who waits
/// for it.
fn is_awaited(candidate: &Candidate, now: Timestamp) -> bool {
    matches!(candidate.kind, Kind::Result | Kind::Failure)
        && candidate.by_hand.is_some_and(|since| now.since(since) < BY_HAND)
}

fn muted_until(world: &World<'_>, now: Timestamp) -> Option<Timestamp> {
    world.settings.muted_until.filter(|until| now < *until)
}

fn quiet_until(world: &World<'_>, now: Timestamp) -> Option<Timestamp> {
    world.settings.quiet.and_then(|quiet| quiet.end(now, world.zone))
}

/// Questions of several tasks in quick succession are one banner, and what comes while that stands joins it.
/// A second question of the same task is not another interruption of another kind: it has its own banner.
fn asked(candidate: &Candidate, world: &World<'_>, now: Timestamp) -> Verdict {
    let burst = |asking: &&Asking| asking.together || now.since(asking.since) < TOGETHER;
    let mut tasks: BTreeSet<Option<&TaskId>> =
        world.asking.iter().filter(burst).map(|asking| Some(&asking.task)).collect();
    tasks.insert(candidate.task.as_ref());
    match tasks.len() {
        0 | 1 => Verdict::Show { why: Why::Question },
        tasks => Verdict::Together { tasks, why: Why::QuestionsTogether },
    }
}

fn limited(candidate: &Candidate, world: &World<'_>, now: Timestamp) -> Verdict {
    // It had its turn already; that a service forgot it is no reason to count it twice.
    if matches!(candidate.standing, Standing::Showing | Standing::Shown) {
        return Verdict::Show { why: Why::ShownAgain };
    }
    if digest::told_today(world, now) >= world.settings.per_day as usize {
        return Verdict::Digest { why: Why::DayLimit };
    }
    if digest::told_lately(world, now).len() >= world.settings.per_hour as usize {
        return Verdict::Digest { why: Why::HourLimit };
    }
    Verdict::Show { why: Why::WithinLimit }
}

/// What a changed setting makes of something that is held until `until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retimed {
    Stays,
    Until(Timestamp),
    /// Nothing holds it any more: the gate decides anew.
    Due,
}

pub fn retime(until: Timestamp, candidate: &Candidate, world: &World<'_>, now: Timestamp) -> Retimed {
    match gate(candidate, world, now) {
        Verdict::Hold { until: again, .. } if again == until => Retimed::Stays,
        Verdict::Hold { until, .. } => Retimed::Until(until),
        Verdict::Drop { .. }
        | Verdict::NoBanner { .. }
        | Verdict::Show { .. }
        | Verdict::Together { .. }
        | Verdict::Wait { .. }
        | Verdict::Digest { .. } => Retimed::Due,
    }
}

/// Whether it must still be shown: it never was on the service that is there now, and not too often
/// elsewhere. The error says why not.
pub fn lost(candidate: &Candidate, service: Option<&str>) -> Result<(), Why> {
    let again = || if candidate.attempts < MOST_SHOWINGS { Ok(()) } else { Err(Why::ShownOften) };
    if candidate.standing == Standing::Settled {
        return Err(Why::Settled);
    }
    let Some(service) = service else { return Err(Why::NoService) };
    match candidate.standing {
        // Never shown: no number of vain attempts makes it told.
        Standing::Pending | Standing::Held => Ok(()),
        Standing::Showing => again(),
        Standing::Shown if candidate.shown_on.as_deref() == Some(service) => Err(Why::OnScreen),
        Standing::Shown => again(),
        Standing::Settled => Err(Why::Settled),
    }
}
