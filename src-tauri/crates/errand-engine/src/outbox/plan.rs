//! What a round does, decided before anything of it is done.

use errand_base::Timestamp;
use errand_model::gate::{Asking, Kind, Retimed, Verdict, Why, digest_due, gate, lost, next_at, retime};
use errand_store::DeliveryState;

use super::facts::{Facts, Surroundings};

/// What becomes of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Move {
    Show(Why),
    /// Behind the banner that stands for several questions.
    Join(Why),
    Hold {
        until: Option<Timestamp>,
        why: Why,
    },
    /// In the lists and nowhere else.
    File(Why),
    /// The person sees it as it happens.
    Seen(Why),
    Drop(Why),
    /// It was tried as often as anything is, and may have been shown.
    GiveUp(Why),
}

/// Oldest first. `service`: by its name on the bus.
pub(super) fn plan(
    due: Vec<Facts>,
    around: &mut Surroundings,
    service: &str,
    now: Timestamp,
) -> Vec<(Facts, Move)> {
    let mut moves: Vec<(Facts, Move)> = Vec::with_capacity(due.len());
    for facts in due {
        let Some(next) = decide(&facts, around, service, now) else { continue };
        match next {
            Move::Show(why) if why.counts() => around.told.push(now),
            Move::Show(_) | Move::Join(_) if stands_with_others(&facts) => {
                if let Some(task) = facts.candidate.task.clone() {
                    let together = matches!(next, Move::Join(_));
                    around.asking.push(Asking { task, since: now, together });
                }
            }
            _ => {}
        }
        moves.push((facts, next));
    }
    // Questions that were alone when they were looked at stand with those that came after them.
    if moves.iter().any(|(_, next)| matches!(next, Move::Join(_))) {
        for (facts, next) in &mut moves {
            if matches!(next, Move::Show(_)) && stands_with_others(facts) {
                *next = Move::Join(Why::QuestionsTogether);
            }
        }
    }
    moves
}

/// A calm question. An urgent one has a banner of its own.
pub(super) fn stands_with_others(facts: &Facts) -> bool {
    let candidate = &facts.candidate;
    matches!(candidate.kind, Kind::Question | Kind::Approval)
        && !candidate.escalated
        && !candidate.security
        && candidate.priority != errand_model::Priority::Urgent
}

fn decide(facts: &Facts, around: &Surroundings, service: &str, now: Timestamp) -> Option<Move> {
    let candidate = &facts.candidate;
    match lost(candidate, Some(service)) {
        Ok(()) | Err(Why::Settled) => {}
        Err(why) => {
            return (facts.delivery.state == DeliveryState::Showing).then_some(Move::GiveUp(why));
        }
    }
    let world = around.world(candidate);
    // A row that is held until a moment to come is here because a setting has changed.
    if let Some(until) = facts.delivery.until.filter(|until| now < *until)
        && !facts.why().is_some_and(leads_into_a_digest)
        && retime(until, candidate, &world, now) == Retimed::Stays
    {
        return None;
    }
    let next = match gate(candidate, &world, now) {
        Verdict::Drop { why } => Move::Drop(why),
        Verdict::Show { why } => Move::Show(why),
        Verdict::Together { why, .. } => Move::Join(why),
        Verdict::Hold { until, why } => Move::Hold { until: Some(until), why },
        Verdict::Wait { why } => Move::Hold { until: None, why },
        Verdict::Digest { why } if !around.attention.digest => Move::File(why),
        Verdict::Digest { why } => Move::Hold { until: digest_at(why, facts, around, now), why },
        // It is settled by its answer. The window was left since; nobody is interrupted by what they have seen.
        Verdict::NoBanner { why } if facts.delivery.question.is_some() => Move::Hold { until: None, why },
        Verdict::NoBanner { why } => Move::Seen(why),
    };
    let same = Move::Hold { until: facts.delivery.until, why: facts.why().unwrap_or(Why::Settled) };
    (facts.delivery.state != DeliveryState::Held || next != same).then_some(next)
}

pub(super) fn leads_into_a_digest(why: Why) -> bool {
    is_over_a_limit(why) || matches!(why, Why::Silent | Why::NotSignificant)
}

pub(super) fn is_over_a_limit(why: Why) -> bool {
    matches!(why, Why::HourLimit | Why::DayLimit)
}

/// What is only too much for this hour comes with the next room; the rest at the person's time for it.
fn digest_at(why: Why, facts: &Facts, around: &Surroundings, now: Timestamp) -> Option<Timestamp> {
    let world = around.world(&facts.candidate);
    let time = around.attention.digest_at;
    let due = match why {
        Why::Silent | Why::NotSignificant => next_at(time, now, &around.attention.zone)?,
        Why::DayLimit => next_at(time, digest_due(why, &world, now)?, &around.attention.zone)?,
        _ => return digest_due(why, &world, now),
    };
    // Not in the middle of the night, wherever that time lies.
    Some(world.settings.quiet.and_then(|quiet| quiet.end(due, world.zone)).unwrap_or(due))
}
