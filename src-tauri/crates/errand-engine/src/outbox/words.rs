//! What a notification says.

use errand_model::{DeliveryKind, Hold, Reason, State};
use errand_os::Banner;
use errand_store::{DeliveryState, StoreError, WriteTx};

/// The banner of a delivery, from its rows as they are now; `None` if there is nothing left to tell.
pub(super) fn banner(tx: &mut WriteTx<'_>, id: i64) -> Result<Option<Banner>, StoreError> {
    let Some(delivery) = tx.deliveries().get(id)? else { return Ok(None) };
    let Some(seq) = delivery.task else { return Ok(None) };
    let Some(stored) = tx.tasks().by_seq(seq)? else { return Ok(None) };
    let task = &stored.task.id;
    let title = shorten(&stored.title, 60);
    let outcome = stored.outcome.clone().unwrap_or_else(|| stored.task.reason_text.clone());
    let (headline, body) = match delivery.kind {
        DeliveryKind::Result => (format!("Done: {title}"), outcome),
        DeliveryKind::Failure => (format!("{}: {title}", ending(stored.task.state)), outcome),
        DeliveryKind::Question => {
            let open = stored.task.questions.iter().find(|question| Some(question.n) == delivery.question);
            let Some(question) = open else { return Ok(None) };
            // Its person knows the task at the top.
            let root = tx.tasks().root_of(seq)?.filter(|root| root.seq != seq);
            let (task, title) = match root {
                Some(root) => (root.id, format!("{}: {title}", shorten(&root.title, 60))),
                None => (task.clone(), title),
            };
            (format!("Errand asks in {task}"), format!("{title}\n{}", question.text))
        }
        DeliveryKind::Notice => {
            let rows = tx.transitions().of_task(seq)?;
            let notice = rows.iter().rev().find(|row| {
                matches!(row.reason, Reason::AfterRunFailed | Reason::WillNotStop | Reason::HeldForKeychain)
            });
            match notice {
                Some(row) if row.reason == Reason::AfterRunFailed => {
                    (format!("Not cleaned up: {title}"), row.text.clone())
                }
                Some(_) if stored.task.holds.contains(Hold::Keychain) => {
                    (format!("Waits for a credential: {title}"), stored.task.reason_text.clone())
                }
                Some(_) | None => (format!("Processes of {task} will not stop"), title),
            }
        }
    };
    let urgent = delivery.kind == DeliveryKind::Question;
    Ok(Some(super::banner_of(id, headline, body, urgent)))
}

/// A line of the timeline about a delivery.
pub(super) fn said(kind: DeliveryKind, state: DeliveryState) -> &'static str {
    match (state, kind) {
        (DeliveryState::Shown, DeliveryKind::Question) => "The question was shown",
        (DeliveryState::Shown, DeliveryKind::Result | DeliveryKind::Failure | DeliveryKind::Notice) => {
            "Shown"
        }
        (DeliveryState::Opened | DeliveryState::Acted, _) => "Opened by the person",
        (DeliveryState::Dismissed, _) => "Closed by the person",
        (DeliveryState::Withdrawn, _) => "Withdrawn, because it is settled",
        (DeliveryState::Pending | DeliveryState::Held | DeliveryState::Showing, _) => "Waits to be shown",
    }
}

fn ending(state: State) -> &'static str {
    match state {
        State::TimedOut => "Out of time",
        State::Unknown => "Interrupted",
        State::Failed => "Failed",
        // Reopened since: the failure is still news.
        State::Completed
        | State::Cancelled
        | State::Waiting
        | State::Queued
        | State::Running
        | State::NeedsYou
        | State::RateLimited
        | State::Sleeping => "Failed before",
    }
}

fn shorten(text: &str, most: usize) -> String {
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() <= most {
        return line.to_owned();
    }
    let cut: String = line.chars().take(most - 1).collect();
    format!("{cut}…")
}
