//! What nobody has come for becomes urgent, once.

use errand_agents::herald::Message;
use errand_base::{TaskId, Timestamp, say_duration};
use errand_model::gate::{MOST_SHOWINGS, Verdict, Why, gate};
use errand_model::{DeliveryKind, Reason};
use errand_os::NotifierStatus;
use errand_store::{Delivery, Escalation, Reader, StoreError};
use serde_json::json;

use super::facts::{Facts, Surroundings};
use super::round::as_new;
use super::{Outbox, record};

enum Next {
    At(Timestamp),
    Now,
    Never,
}

/// What the person's program is told.
struct Errand {
    delivery: i64,
    message: Message,
}

impl Outbox {
    /// Says when the next one is due.
    pub(super) async fn escalate(&self) -> Result<Option<Timestamp>, StoreError> {
        if !*self.escalates.borrow() {
            return Ok(None);
        }
        let now = self.clock.now();
        let focused = self.screen().focused();
        let inhibited = matches!(self.notifier.status(), NotifierStatus::Ready { inhibited: true, .. });
        let running = self.being_told().clone();
        let (overdue, unfinished, next) = self
            .store
            .read(move |reader| {
                let around = Surroundings { inhibited, ..Surroundings::read(reader, focused, now)? };
                let (mut overdue, mut unfinished, mut next) = (Vec::new(), Vec::new(), None);
                for delivery in reader.deliveries().unattended()? {
                    if delivery.escalation == Some(Escalation::Due) {
                        // An engine died before the program had ended.
                        if !running.contains(&delivery.id) {
                            unfinished.extend(errand(reader, &delivery, &around, now)?);
                        }
                        continue;
                    }
                    let facts = Facts::of(reader, delivery)?;
                    match due(&facts, &around, now) {
                        Next::Never => {}
                        Next::At(at) => next = next.map_or(Some(at), |known: Timestamp| Some(known.min(at))),
                        Next::Now => {
                            let errand = errand(reader, &facts.delivery, &around, now)?;
                            let after = around.attention.escalate_after.unwrap_or_default();
                            overdue.push((facts.delivery, errand, after));
                        }
                    }
                }
                Ok((overdue, unfinished, next))
            })
            .await?;
        for (delivery, errand, after) in overdue {
            let id = delivery.id;
            let to = if errand.is_some() { Escalation::Due } else { Escalation::Done };
            // However often it was shown, the program and the lists are still there.
            let again = delivery.attempts < MOST_SHOWINGS;
            let text = format!("Nobody came for {}", say_duration(after));
            let taken = self
                .store
                .write(move |tx| {
                    let taken = tx.deliveries().escalate(id, to, again, now)?;
                    if taken && let Some(after) = tx.deliveries().get(id)? {
                        record(tx, &after, delivery.state, Reason::Escalated, &text, now)?;
                    }
                    Ok(taken)
                })
                .await?;
            if let Some(errand) = errand.filter(|_| taken) {
                self.send(errand);
            }
        }
        for errand in unfinished {
            self.send(errand);
        }
        Ok(next)
    }

    fn send(&self, errand: Errand) {
        let Errand { delivery: id, message } = errand;
        self.being_told().insert(id);
        let outbox = self.clone();
        tokio::spawn(async move {
            let told = outbox.herald.tell(message).await;
            let now = outbox.clock.now();
            let written = outbox
                .store
                .write(move |tx| {
                    tx.deliveries().escalated(id)?;
                    if let Err(why) = told
                        && let Some(delivery) = tx.deliveries().get(id)?
                    {
                        let text = format!("The program of notify_program did not tell it: {why}");
                        record(tx, &delivery, delivery.state, Reason::EscalationFailed, &text, now)?;
                    }
                    Ok(())
                })
                .await;
            if let Err(error) = written {
                tracing::warn!(%error, "an escalation was not written down");
            }
            outbox.being_told().remove(&id);
        });
    }

    /// Escalating was switched on: what is old already is not what the person means.
    pub(super) async fn waive(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.store
            .write(move |tx| {
                let around = Surroundings::read(tx, Vec::new(), now)?;
                for delivery in tx.deliveries().unattended()? {
                    let facts = Facts::of(tx, delivery)?;
                    if facts.delivery.escalation.is_none() && matches!(due(&facts, &around, now), Next::Now) {
                        tx.deliveries().escalate(facts.delivery.id, Escalation::Waived, false, now)?;
                    }
                }
                Ok(())
            })
            .await
    }
}

/// It was calm once: the time runs from when it was shown, or could not be because nothing shows anything.
fn due(facts: &Facts, around: &Surroundings, now: Timestamp) -> Next {
    let Some(after) = around.attention.escalate_after else { return Next::Never };
    let candidate = as_new(&facts.candidate);
    if facts.candidate.standing == errand_model::gate::Standing::Settled {
        return Next::Never;
    }
    let told_at = match gate(&candidate, &around.world(&candidate), now) {
        Verdict::Drop { .. } => return Next::Never,
        // They look at it, or do not want to be disturbed by anything that they have not seen yet.
        Verdict::NoBanner { .. } => return Next::Never,
        Verdict::Wait { .. } if facts.delivery.shown_at.is_none() => return Next::Never,
        // It is not told yet because the person wants it so.
        Verdict::Hold { until, .. } if facts.delivery.shown_at.is_none() => {
            return Next::At(until.plus(after));
        }
        Verdict::Wait { .. }
        | Verdict::Hold { .. }
        | Verdict::Show { .. }
        | Verdict::Together { .. }
        | Verdict::Digest { .. } => {
            let held_on_purpose = matches!(facts.why(), Some(Why::QuietHours | Why::Muted));
            let from = facts.delivery.until.filter(|_| held_on_purpose);
            facts.delivery.shown_at.or(from).unwrap_or(facts.delivery.created_at)
        }
    };
    let at = told_at.plus(after);
    if at <= now { Next::Now } else { Next::At(at) }
}

fn errand(
    reader: &Reader<'_>,
    delivery: &Delivery,
    around: &Surroundings,
    now: Timestamp,
) -> Result<Option<Errand>, StoreError> {
    let Some(argv) = around.attention.program.clone() else { return Ok(None) };
    let Some(seq) = delivery.task else { return Ok(None) };
    let Some(stored) = reader.tasks().by_seq(seq)? else { return Ok(None) };
    let task: TaskId = stored.task.id.clone();
    let question = stored.task.questions.iter().find(|question| Some(question.n) == delivery.question);
    let (text, options) = match question {
        Some(question) => {
            let choices = question.choices.iter().map(|choice| choice.name().to_owned());
            (question.text.clone(), choices.chain(question.options.iter().cloned()).collect())
        }
        None => (stored.outcome.clone().unwrap_or_else(|| stored.task.reason_text.clone()), Vec::new()),
    };
    let document = json!({
        "event": "escalated",
        "delivery": delivery.id,
        "kind": delivery.kind.name(),
        "task": task,
        "title": stored.title,
        "state": stored.task.state.name(),
        "question": delivery.question.filter(|_| delivery.kind == DeliveryKind::Question).map(|n| format!("q{n}")),
        "text": text,
        "options": options,
        "created_at": delivery.created_at,
        "shown_at": delivery.shown_at,
        "at": now,
    });
    let document = format!("{document}\n");
    Ok(Some(Errand { delivery: delivery.id, message: Message { task, argv, document } }))
}
