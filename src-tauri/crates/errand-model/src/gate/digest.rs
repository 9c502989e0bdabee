//! The limits, and what becomes of what is beyond them.

use errand_base::Timestamp;

use crate::gate::{Candidate, HOUR, Kind, Origin, Why, World, hours, muted_until, quiet_until};

/// Within an hour before or, by a clock that was set back, after; the oldest first.
pub(super) fn told_lately(world: &World<'_>, now: Timestamp) -> Vec<Timestamp> {
    let (from, to) = (now.minus(HOUR), now.plus(HOUR));
    let mut told: Vec<Timestamp> =
        world.told.iter().copied().filter(|told| from < *told && *told < to).collect();
    told.sort_unstable();
    told
}

pub(super) fn told_today(world: &World<'_>, now: Timestamp) -> usize {
    let starts = world.settings.day_starts;
    let from = hours::day_start(starts, now, world.zone);
    let to = hours::next_day(starts, now, world.zone);
    let (Some(from), Some(to)) = (from, to) else { return 0 };
    world.told.iter().filter(|told| from <= **told && **told < to).count()
}

/// When the digest comes that something was put into: as soon as the limits let it, or when the next day has
/// begun; in no quiet hours. `None` if that reason leads into no digest.
pub fn digest_due(why: Why, world: &World<'_>, now: Timestamp) -> Option<Timestamp> {
    let next_day = || hours::next_day(world.settings.day_starts, now, world.zone).unwrap_or(now);
    let due = match why {
        Why::Silent | Why::NotSignificant | Why::DayLimit => next_day(),
        Why::HourLimit => {
            let told = told_lately(world, now);
            let room = (told.len() + 1).checked_sub(world.settings.per_hour as usize);
            let leaves = room.and_then(|room| told.get(room.checked_sub(1)?));
            leaves.map_or_else(next_day, |told| told.plus(HOUR)).min(next_day())
        }
        Why::Settled
        | Why::SubTask
        | Why::WindowFocused
        | Why::Security
        | Why::Urgent
        | Why::ByHand
        | Why::Muted
        | Why::DoNotDisturb
        | Why::QuietHours
        | Why::Question
        | Why::QuestionsTogether
        | Why::DigestDue
        | Why::ShownAgain
        | Why::WithinLimit
        | Why::NoService
        | Why::OnScreen
        | Why::ShownOften => return None,
    };
    let heard = muted_until(world, due).unwrap_or(due);
    Some(quiet_until(world, heard).unwrap_or(heard))
}

/// The headline of a banner that stands for several questions.
pub fn need_you(tasks: usize) -> String {
    match tasks {
        1 => "1 task needs you".to_owned(),
        tasks => format!("{tasks} tasks need you"),
    }
}

/// A line of a digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    pub origin: Origin,
    pub results: usize,
    pub failures: usize,
    pub others: usize,
}

/// One line for each origin, in the order in which they first appear.
pub fn gather<'a>(candidates: impl IntoIterator<Item = &'a Candidate>) -> Vec<Bundle> {
    let mut bundles: Vec<Bundle> = Vec::new();
    for candidate in candidates {
        let at = bundles.iter().position(|bundle| bundle.origin == candidate.origin).unwrap_or_else(|| {
            let origin = candidate.origin.clone();
            bundles.push(Bundle { origin, results: 0, failures: 0, others: 0 });
            bundles.len() - 1
        });
        let bundle = &mut bundles[at];
        match candidate.kind {
            Kind::Result => bundle.results += 1,
            Kind::Failure => bundle.failures += 1,
            Kind::Question | Kind::Approval | Kind::Reminder | Kind::Digest | Kind::Notice => {
                bundle.others += 1
            }
        }
    }
    bundles
}
