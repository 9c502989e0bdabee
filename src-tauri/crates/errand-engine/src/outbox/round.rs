//! One look at the rows, and what follows from it.

use errand_base::Timestamp;
use errand_model::gate::{Candidate, MOST_SHOWINGS, Standing, Why};
use errand_model::{DeliveryKind, Reason};
use errand_os::{Banner, NotifierStatus};
use errand_store::{Delivery, DeliveryState, NewDelivery, StoreError, WriteTx};

use super::facts::{Facts, Surroundings};
use super::plan::{Move, is_over_a_limit, leads_into_a_digest, plan, stands_with_others};
use super::screen::OnScreen;
use super::{Outbox, record, settle_why, words};
use crate::failpoint;
use crate::settings::Attention;

/// What is decided upon in one round; then it looks at what was settled meanwhile, and goes on.
const ROUND: usize = 64;

/// The notification service of a round.
#[derive(Clone)]
struct Service {
    /// On the bus; another one after a restart.
    owner: String,
    name: String,
    inhibited: bool,
}

struct Looked {
    moves: Vec<(Facts, Move)>,
    /// What the next digest is made of, if it is time for one.
    digest: Vec<Delivery>,
    attention: Attention,
    more: bool,
}

impl Outbox {
    /// Says when the next one is to be, if nothing happens before.
    pub(super) async fn round(&self) -> Result<Option<Timestamp>, StoreError> {
        let status = self.notifier.status();
        if let NotifierStatus::Ready { owner, .. } = &status {
            self.screen().on(owner);
        }
        self.refresh().await?;
        let escalation = self.escalate().await?;
        let NotifierStatus::Ready { owner, name, inhibited, .. } = status else { return Ok(escalation) };
        let service = Service { owner, name, inhibited };
        let again = std::mem::take(&mut self.screen().again);
        let looked = match self.decide(&service, again).await {
            Ok(looked) => looked,
            Err(error) => {
                self.screen().again |= again;
                return Err(error);
            }
        };
        let Looked { moves, digest, attention, mut more } = looked;
        if !digest.is_empty() {
            self.sum_up(digest).await?;
            more = true;
        }
        let (quiet, loud): (Vec<_>, Vec<_>) =
            moves.into_iter().partition(|(_, next)| !matches!(next, Move::Show(_) | Move::Join(_)));
        self.put_aside(quiet).await?;
        let mut joining = Vec::new();
        for (facts, next) in loud {
            // What a service does not take waits for the next change, or this would go round for ever.
            match next {
                Move::Show(why) => more &= self.show(facts, why, &service, &attention).await?,
                _ => joining.push(facts),
            }
        }
        if !joining.is_empty() {
            more &= self.join(joining, &service).await?;
        }
        // One that was behind the common banner may have become urgent.
        self.refresh_together().await?;
        if more {
            self.look();
        }
        let now = self.clock.now();
        let held = self.store.read(move |reader| reader.deliveries().next_until(now)).await?;
        Ok([escalation, held].into_iter().flatten().min())
    }

    async fn decide(&self, service: &Service, again: bool) -> Result<Looked, StoreError> {
        let now = self.clock.now();
        let (owner, inhibited) = (service.owner.clone(), service.inhibited);
        let (focused, asking) = {
            let screen = self.screen();
            (screen.focused(), screen.asking())
        };
        self.store
            .read(move |reader| {
                let mut around = Surroundings::read(reader, focused, now)?;
                around.inhibited = inhibited;
                around.asking = asking.into_iter().map(|(_, asking)| asking).collect();
                let mut due = Vec::new();
                let mut later = Vec::new();
                let mut digest = Vec::new();
                for delivery in reader.deliveries().due_on(&owner, MOST_SHOWINGS)? {
                    if delivery.state != DeliveryState::Held {
                        due.push(delivery);
                        continue;
                    }
                    let why = Why::from_name(&delivery.why);
                    let for_digest = around.attention.digest && why.is_some_and(leads_into_a_digest);
                    match delivery.until {
                        Some(until) if now < until && !again => {
                            if for_digest && why.is_some_and(is_over_a_limit) {
                                digest.push((false, delivery));
                            }
                        }
                        Some(until) if until <= now && for_digest => digest.push((true, delivery)),
                        None if why == Some(Why::WindowFocused) && !again => {}
                        Some(_) | None => later.push(delivery),
                    }
                }
                // What was never tried comes before what a service has refused.
                let more = due.len() > ROUND;
                due.truncate(ROUND);
                let mut digest: Vec<Delivery> = if digest.iter().any(|(is_due, _)| *is_due) {
                    digest.into_iter().map(|(_, delivery)| delivery).collect()
                } else {
                    Vec::new()
                };
                // A digest of one thing says less than the thing itself, if there is room for it now.
                if let [only] = digest.as_slice()
                    && Why::from_name(&only.why).is_some_and(is_over_a_limit)
                {
                    later.append(&mut digest);
                }
                due.extend(later);
                let facts = due.into_iter().map(|delivery| Facts::of(reader, delivery));
                let facts = facts.collect::<Result<Vec<Facts>, StoreError>>()?;
                let moves = plan(facts, &mut around, &owner, now);
                Ok(Looked { moves, digest, attention: around.attention, more })
            })
            .await
    }

    /// What is not shown now, in one transaction.
    async fn put_aside(&self, moves: Vec<(Facts, Move)>) -> Result<(), StoreError> {
        if moves.is_empty() {
            return Ok(());
        }
        let now = self.clock.now();
        self.store
            .write(move |tx| {
                for (facts, next) in moves {
                    put_aside(tx, facts, next, now)?;
                }
                Ok(())
            })
            .await
    }

    /// Makes a digest of these; it then goes through the gate like everything else.
    async fn sum_up(&self, members: Vec<Delivery>) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.store
            .write(move |tx| {
                let new = NewDelivery {
                    task: None,
                    run: None,
                    question: None,
                    kind: DeliveryKind::Digest,
                    state: DeliveryState::Pending,
                    why: "",
                };
                let digest = tx.deliveries().add(&new, now)?;
                for member in members {
                    let from = member.state;
                    if tx.deliveries().digested(member.id, from, digest, now)? {
                        let member = Delivery { state: DeliveryState::Digested, ..member };
                        record(tx, &member, from, Reason::Digested, "", now)?;
                    }
                }
                Ok(())
            })
            .await
    }

    /// Whether it is settled now: shown, or no longer to be told.
    async fn show(
        &self,
        facts: Facts,
        why: Why,
        service: &Service,
        attention: &Attention,
    ) -> Result<bool, StoreError> {
        let id = facts.delivery.id;
        let now = self.clock.now();
        let (before, again) = (facts.delivery.state, is_repeated(&facts.delivery));
        let (owner, zone) = (service.owner.clone(), attention.zone.clone());
        failpoint::hit("before_showing_commit");
        let banner = self
            .store
            .write(move |tx| {
                if !tx.deliveries().showing(id, before, &owner, why.name(), now)? {
                    return Ok(None);
                }
                let Some(delivery) = tx.deliveries().get(id)? else { return Ok(None) };
                let banner = words::banner(tx, &delivery, &zone, now)?;
                if banner.is_none() {
                    settle_why(tx, delivery, DeliveryState::Withdrawn, Reason::Settled, Why::Settled, now)?;
                }
                Ok(banner)
            })
            .await?;
        failpoint::hit("after_showing_commit");
        // Settled in between, or its task is gone: nothing to tell.
        let Some(banner) = banner else { return Ok(true) };
        match self.notifier.show(banner).await {
            Ok(()) => {
                failpoint::hit("after_notify");
                self.screen().put(id, on_screen(&facts, false, now));
                self.write_shown(vec![(id, why, again)], service).await?;
                failpoint::hit("after_shown_commit");
                Ok(true)
            }
            Err(error) => {
                self.not_taken(vec![id], &error.to_string()).await?;
                Ok(false)
            }
        }
    }

    /// One banner for these and the questions that are on the screen already.
    async fn join(&self, joining: Vec<Facts>, service: &Service) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let alone: Vec<i64> = self.screen().asking().into_iter().map(|(id, _)| id).collect();
        let new: Vec<(i64, DeliveryState)> =
            joining.iter().map(|facts| (facts.delivery.id, facts.delivery.state)).collect();
        let owner = service.owner.clone();
        let earlier = alone.clone();
        let why = Why::QuestionsTogether;
        failpoint::hit("before_showing_commit");
        let (taken, banner) = self
            .store
            .write(move |tx| {
                let mut taken = Vec::new();
                for (id, before) in new {
                    if tx.deliveries().showing(id, before, &owner, why.name(), now)? {
                        taken.push(id);
                    }
                }
                let all: Vec<i64> = earlier.into_iter().chain(taken.iter().copied()).collect();
                Ok((taken, words::together(tx, &all)?))
            })
            .await?;
        failpoint::hit("after_showing_commit");
        let Some(banner) = banner.filter(|_| !taken.is_empty()) else { return Ok(true) };
        let place =
            self.screen().together.is_empty().then(|| alone.first().map(ToString::to_string)).flatten();
        if let Err(error) = self.notifier.show(Banner { replaces: place.clone(), ..banner }).await {
            self.not_taken(taken, &error.to_string()).await?;
            return Ok(false);
        }
        failpoint::hit("after_notify");
        for id in self.move_together(&alone) {
            let key = id.to_string();
            if place.as_ref() != Some(&key) {
                self.notifier.withdraw(&key).await;
            }
        }
        let joined = joining.iter().filter(|facts| taken.contains(&facts.delivery.id));
        let joined: Vec<_> =
            joined.map(|facts| (facts.delivery.id, why, is_repeated(&facts.delivery))).collect();
        {
            let mut screen = self.screen();
            for facts in joining.iter().filter(|facts| taken.contains(&facts.delivery.id)) {
                screen.put(facts.delivery.id, on_screen(facts, true, now));
            }
            screen.together = screen.together_now();
        }
        self.write_shown(joined, service).await?;
        failpoint::hit("after_shown_commit");
        Ok(true)
    }

    /// Those that had a banner of their own until now.
    fn move_together(&self, ids: &[i64]) -> Vec<i64> {
        let mut screen = self.screen();
        let alone = ids.iter().copied().filter(|id| screen.join(*id)).collect();
        screen.together = screen.together_now();
        alone
    }

    async fn write_shown(&self, shown: Vec<(i64, Why, bool)>, service: &Service) -> Result<(), StoreError> {
        let now = self.clock.now();
        let name = service.name.clone();
        self.store
            .write(move |tx| {
                for (id, why, again) in shown {
                    if !tx.deliveries().shown(id, &name, why.counts(), now)? {
                        continue;
                    }
                    let reason = if again { Reason::ShownAgain } else { Reason::Shown };
                    if let Some(delivery) = tx.deliveries().get(id)? {
                        record(tx, &delivery, DeliveryState::Showing, reason, why.sentence(), now)?;
                    }
                }
                Ok(())
            })
            .await
    }

    async fn not_taken(&self, ids: Vec<i64>, why: &str) -> Result<(), StoreError> {
        let now = self.clock.now();
        let why = why.to_owned();
        self.store
            .write(move |tx| {
                for id in ids {
                    tx.deliveries().hold(id, DeliveryState::Showing, None, &why, now)?;
                }
                Ok(())
            })
            .await
    }
}

fn put_aside(tx: &mut WriteTx<'_>, facts: Facts, next: Move, now: Timestamp) -> Result<(), StoreError> {
    let delivery = facts.delivery;
    let (id, from) = (delivery.id, delivery.state);
    match next {
        Move::Hold { until, why } => {
            let is_news = delivery.why != why.name();
            if tx.deliveries().hold(id, from, until, why.name(), now)? && is_news {
                let held = Delivery { state: DeliveryState::Held, ..delivery };
                record(tx, &held, from, Reason::HeldBack, why.sentence(), now)?;
            }
        }
        Move::File(why) => {
            settle_why(tx, delivery, DeliveryState::Filed, Reason::FiledSilently, why, now)?;
        }
        Move::Seen(why) => {
            settle_why(tx, delivery, DeliveryState::Opened, Reason::OpenedByPerson, why, now)?;
        }
        Move::Drop(why) => {
            settle_why(tx, delivery, DeliveryState::Withdrawn, Reason::Settled, why, now)?;
        }
        Move::GiveUp(why) => {
            tx.deliveries().advance(id, from, DeliveryState::Shown, why.name(), now)?;
        }
        Move::Show(_) | Move::Join(_) => {}
    }
    Ok(())
}

/// It was tried before, and not because it has become urgent since.
fn is_repeated(delivery: &Delivery) -> bool {
    delivery.attempts > 0 && delivery.escalation.is_none()
}

fn on_screen(facts: &Facts, together: bool, now: Timestamp) -> OnScreen {
    let task = facts.candidate.task.clone();
    OnScreen { task, asks: stands_with_others(facts), since: now, together }
}

/// What an unsettled row would be, seen for the first time: for asking the gate about times.
pub(super) fn as_new(candidate: &Candidate) -> Candidate {
    Candidate { standing: Standing::Pending, ..candidate.clone() }
}
