//! What the gate is told, from rows.

use errand_base::{TaskId, Timestamp};
use errand_model::gate::{Asking, Candidate, Kind, Standing, Why, World};
use errand_model::{Notify, Origin, Reason};
use errand_store::{Delivery, DeliveryState, Escalation, Reader, StoreError, Stored};

use crate::settings::Attention;

/// For so long a banner counts at most, wherever the day begins.
const COUNTED: std::time::Duration = std::time::Duration::from_secs(48 * 3_600);

pub(super) struct Facts {
    pub delivery: Delivery,
    pub candidate: Candidate,
}

/// What the gate looks at beside a delivery.
pub(super) struct Surroundings {
    pub attention: Attention,
    pub inhibited: bool,
    pub focused: Vec<TaskId>,
    pub asking: Vec<Asking>,
    pub told: Vec<Timestamp>,
}

impl Surroundings {
    pub fn read(
        reader: &Reader<'_>,
        focused: Vec<TaskId>,
        now: Timestamp,
    ) -> Result<Surroundings, StoreError> {
        let attention = Attention::from_kept(&reader.settings().all()?);
        let told = reader.deliveries().counted_since(now.minus(COUNTED))?;
        Ok(Surroundings { attention, inhibited: false, focused, asking: Vec::new(), told })
    }

    pub fn world<'a>(&'a self, candidate: &'a Candidate) -> World<'a> {
        World {
            settings: &self.attention.gate,
            zone: &self.attention.zone,
            inhibited: self.inhibited,
            focused: candidate.task.as_ref().filter(|task| self.focused.contains(task)),
            asking: &self.asking,
            told: &self.told,
        }
    }
}

impl Facts {
    pub fn of(reader: &Reader<'_>, delivery: Delivery) -> Result<Facts, StoreError> {
        let stored = match delivery.task {
            Some(seq) => reader.tasks().by_seq(seq)?,
            None => None,
        };
        let mut candidate = Candidate {
            standing: standing(delivery.state),
            attempts: delivery.attempts,
            shown_on: delivery.shown_on.clone(),
            escalated: matches!(delivery.escalation, Some(Escalation::Due | Escalation::Done)),
            ..Candidate::new(delivery.kind.into())
        };
        match &stored {
            Some(stored) => about_task(reader, stored, &delivery, &mut candidate)?,
            None if candidate.kind == Kind::Digest
                && !reader.deliveries().in_digest(delivery.id)?.is_empty() => {}
            // What it was about is gone.
            None => candidate.standing = Standing::Settled,
        }
        Ok(Facts { delivery, candidate })
    }

    /// The gate's reason that the row keeps.
    pub fn why(&self) -> Option<Why> {
        Why::from_name(&self.delivery.why)
    }
}

fn about_task(
    reader: &Reader<'_>,
    stored: &Stored,
    delivery: &Delivery,
    candidate: &mut Candidate,
) -> Result<(), StoreError> {
    let task = &stored.task;
    let is_closed = |n: u32| !task.questions.iter().any(|question| question.n == n);
    if delivery.question.is_some_and(is_closed) {
        candidate.standing = Standing::Settled;
    }
    // Its person knows the task at the top.
    let root = reader.tasks().root_of(stored.seq)?;
    candidate.is_sub_task = task.parent.is_some();
    candidate.task = Some(root.map_or_else(|| task.id.clone(), |root| root.id));
    candidate.origin = stored.origin.into();
    candidate.notify = task.policy.notify;
    candidate.priority = task.policy.priority;
    candidate.by_hand = by_hand(reader, stored)?;
    if candidate.kind == Kind::Result && task.policy.notify == Notify::Significant {
        let artifact = reader.artifacts().latest(stored.seq)?;
        candidate.significant = artifact.is_some_and(|stored| stored.artifact.notify);
    }
    Ok(())
}

/// When a person last handed it over or opened it again.
fn by_hand(reader: &Reader<'_>, stored: &Stored) -> Result<Option<Timestamp>, StoreError> {
    let Origin::Person = stored.origin;
    if stored.task.generation <= 1 {
        return Ok(Some(stored.created_at));
    }
    let rows = reader.transitions().of_task(stored.seq)?;
    let opened = rows.iter().rev().find(|row| matches!(row.reason, Reason::RetryByPerson | Reason::Message));
    Ok(Some(opened.map_or(stored.created_at, |row| row.at)))
}

fn standing(state: DeliveryState) -> Standing {
    match state {
        DeliveryState::Pending => Standing::Pending,
        DeliveryState::Held => Standing::Held,
        DeliveryState::Showing => Standing::Showing,
        DeliveryState::Shown => Standing::Shown,
        DeliveryState::Opened
        | DeliveryState::Acted
        | DeliveryState::Dismissed
        | DeliveryState::Withdrawn
        | DeliveryState::Digested
        | DeliveryState::Filed => Standing::Settled,
    }
}
