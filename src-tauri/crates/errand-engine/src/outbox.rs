//! The outbox: brings what must be told to the person, as often as needed and no more.
//!
//! Level-triggered: each round looks at the rows, asks the gate (`errand_model::gate`) what is to become of them,
//! compares that with what is on the screen, and does the difference. The intent to show is committed before
//! showing, so a crash between the two shows something twice at worst, never not at all. Between rounds it waits
//! for a change or for the first moment at which something that is held comes up again; nothing ticks.

mod escalate;
mod facts;
mod follow;
mod plan;
mod replies;
mod round;
mod screen;
mod words;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use errand_agents::Herald;
use errand_base::{Clock, Fault, TaskId, Timestamp};
use errand_model::Reason;
use errand_model::gate::Why;
use errand_os::{Notifier, NotifierEvent, NotifierStatus};
use errand_store::{Delivery, DeliveryState, Reader, Store, StoreError, WriteTx};
use tokio::sync::{Notify, mpsc, watch};

use crate::settings::Attention;
pub(crate) use replies::Answered;
use replies::{Did, Refused};
pub use screen::Seat;
use screen::{Screen, TOGETHER};

/// When a round is tried again that could not be written down.
const AFTER_A_FAILURE: Duration = Duration::from_secs(60);

/// Whether and where notifications can be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Telling {
    Ready { service: String },
    NoService { why: String },
}

/// What a person did with a notification that is to be answered by the desktop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clicked {
    Task(TaskId),
    /// The button under a question that cannot be answered on the banner.
    Question(TaskId, u32),
    /// It stood for several.
    Several,
}

/// How a person came back to their screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Back {
    Woken,
    Unlocked,
}

/// Where what a person does with a notification goes.
pub(crate) struct Outlets {
    pub clicks: mpsc::UnboundedSender<Clicked>,
    pub answers: mpsc::UnboundedSender<Answered>,
}

#[derive(Clone)]
pub struct Outbox {
    wake: Arc<Notify>,
    store: Store,
    clock: Arc<dyn Clock>,
    notifier: Arc<dyn Notifier>,
    herald: Arc<dyn Herald>,
    screen: Arc<Mutex<Screen>>,
    /// Deliveries that the person's program is telling of.
    telling: Arc<Mutex<HashSet<i64>>>,
    /// When it looks again by itself.
    alarm: Arc<watch::Sender<Option<Timestamp>>>,
    escalates: Arc<watch::Sender<bool>>,
    /// Answers that did not count.
    refusals: mpsc::UnboundedSender<Refused>,
}

impl Outbox {
    pub(crate) fn start(
        store: Store,
        clock: Arc<dyn Clock>,
        (notifier, events): (Arc<dyn Notifier>, mpsc::UnboundedReceiver<NotifierEvent>),
        herald: Arc<dyn Herald>,
        outlets: Outlets,
        attention: &Attention,
    ) -> Outbox {
        let (refusals, refused) = mpsc::unbounded_channel();
        let outbox = Outbox {
            wake: Arc::new(Notify::new()),
            store,
            clock,
            notifier,
            herald,
            screen: Arc::default(),
            telling: Arc::default(),
            alarm: Arc::new(watch::Sender::new(None)),
            escalates: Arc::new(watch::Sender::new(attention.escalate_after.is_some())),
            refusals,
        };
        // Since the last engine the clock, the zone and the settings may have become others.
        outbox.look_again();
        tokio::spawn(outbox.clone().run(events, refused, outlets));
        outbox
    }

    /// Rows may have changed.
    pub fn look(&self) {
        self.wake.notify_one();
    }

    /// What is held depends on something that has changed.
    fn look_again(&self) {
        self.screen().again = true;
        self.look();
    }

    /// The machine was woken, or its screen unlocked: what came due meanwhile is shown, and a session that was
    /// not there is looked for.
    pub fn came_back(&self, how: Back) {
        tracing::debug!(?how, "the person is back");
        let outbox = self.clone();
        tokio::spawn(async move {
            outbox.notifier.reconnect().await;
            outbox.look_again();
        });
    }

    /// When it looks at its rows by itself, if nothing happens before.
    pub fn next_alarm(&self) -> watch::Receiver<Option<Timestamp>> {
        self.alarm.subscribe()
    }

    /// What one connection will say about its windows.
    pub fn seat(&self) -> Seat {
        Seat::new(self.screen.clone())
    }

    /// Settings were changed in the store. What is held is timed anew.
    pub(crate) async fn reread(&self, attention: &Attention) -> Result<(), Fault> {
        let escalates = attention.escalate_after.is_some();
        if !self.escalates.send_replace(escalates) && escalates {
            self.waive().await?;
        }
        self.look_again();
        Ok(())
    }

    pub fn telling(&self) -> Telling {
        match self.notifier.status() {
            NotifierStatus::Ready { name, .. } => Telling::Ready { service: name },
            NotifierStatus::NoService => {
                Telling::NoService { why: "no notification service is running".to_owned() }
            }
            NotifierStatus::NoSession => Telling::NoService { why: "there is no desktop session".to_owned() },
        }
    }

    /// The person looks at the task: whatever was shown or waits to be shown about its results is settled.
    pub(crate) async fn opened(&self, task: &TaskId) -> Result<(), Fault> {
        let id = task.clone();
        let now = self.clock.now();
        let settled = self
            .store
            .write(move |tx| {
                let Some(seq) = tx.tasks().seq(&id)? else { return Ok(0) };
                let mut settled = 0;
                for delivery in tx.deliveries().of_task(seq)? {
                    // A question is settled by its answer, not by a look at it.
                    if delivery.question.is_none() {
                        let done = settle(tx, delivery, DeliveryState::Opened, Reason::OpenedByPerson, now)?;
                        settled += u32::from(done);
                    }
                }
                Ok(settled)
            })
            .await?;
        if settled > 0 {
            self.look();
        }
        Ok(())
    }

    async fn run(
        self,
        mut events: mpsc::UnboundedReceiver<NotifierEvent>,
        mut refused: mpsc::UnboundedReceiver<Refused>,
        outlets: Outlets,
    ) {
        loop {
            let alarm = *self.alarm.borrow();
            let wait = alarm.map(|at| at.since(self.clock.now()));
            tokio::select! {
                () = self.wake.notified() => {}
                () = tokio::time::sleep(wait.unwrap_or_default()), if wait.is_some() => {}
                Some(refused) = refused.recv() => self.ask_again(&refused).await,
                event = events.recv() => match event {
                    Some(event) => self.heard(event, &outlets).await,
                    // The notifier is gone for good; rows wait for the next start.
                    None => return,
                },
            }
            match self.round().await {
                Ok(next) => drop(self.alarm.send_replace(next)),
                Err(error) => {
                    // A full disk, most likely. What waits must not depend on something else to happen.
                    self.alarm.send_replace(Some(self.clock.now().plus(AFTER_A_FAILURE)));
                    tracing::warn!(%error, "the outbox could not be worked on");
                }
            }
        }
    }

    async fn heard(&self, event: NotifierEvent, outlets: &Outlets) {
        let result = match event {
            NotifierEvent::Available { owner, .. } => {
                // A round may have met it already, and shown something there.
                self.screen().on(&owner);
                Ok(())
            }
            NotifierEvent::Gone => {
                // Unless another one has taken over since.
                if !matches!(self.notifier.status(), NotifierStatus::Ready { .. }) {
                    self.screen().clear();
                }
                Ok(())
            }
            NotifierEvent::Inhibited(_) => {
                self.screen().again = true;
                Ok(())
            }
            NotifierEvent::Acted { key, action } => self.acted(&key, Did::Pressed(action), outlets).await,
            NotifierEvent::Replied { key, text } => self.acted(&key, Did::Wrote(text), outlets).await,
            NotifierEvent::Closed { key, by_person } => self.closed(&key, by_person).await,
        };
        if let Err(error) = result {
            tracing::warn!(%error, "an action on a notification was not written down");
        }
    }

    async fn acted(&self, key: &str, did: Did, outlets: &Outlets) -> Result<(), StoreError> {
        let ids = self.take_from_screen(key);
        let now = self.clock.now();
        let several = key == TOGETHER;
        let acted = self
            .store
            .write(move |tx| {
                let mut acted = None;
                for id in ids {
                    let Some(delivery) = tx.deliveries().get(id)? else { continue };
                    let answer = replies::answer(tx, &delivery, &did)?;
                    // Its person knows the task at the top.
                    let root = delivery.task.map_or(Ok(None), |seq| tx.tasks().root_of(seq))?;
                    let clicked = match reviewed(tx, &delivery, &did)? {
                        Some((task, n)) => Clicked::Question(task, n),
                        None => root.map_or(Clicked::Several, |root| Clicked::Task(root.id)),
                    };
                    // The answer settles it, if it counts.
                    if answer.is_none() {
                        settle(tx, delivery, DeliveryState::Acted, Reason::OpenedByPerson, now)?;
                    }
                    acted = Some((clicked, answer));
                }
                Ok(acted)
            })
            .await?;
        match acted {
            Some((_, Some(answer))) => drop(outlets.answers.send(answer)),
            Some((clicked, None)) => {
                drop(outlets.clicks.send(if several { Clicked::Several } else { clicked }));
            }
            None => {}
        }
        Ok(())
    }

    async fn closed(&self, key: &str, by_person: bool) -> Result<(), StoreError> {
        let ids = self.take_from_screen(key);
        // A banner that only timed out was seen or not; the lists still have it.
        if !by_person {
            return Ok(());
        }
        let now = self.clock.now();
        self.store
            .write(move |tx| {
                for id in ids {
                    if let Some(delivery) = tx.deliveries().get(id)? {
                        settle(tx, delivery, DeliveryState::Dismissed, Reason::DismissedByPerson, now)?;
                    }
                }
                Ok(())
            })
            .await
    }

    /// The deliveries that were behind a banner which is gone.
    fn take_from_screen(&self, key: &str) -> Vec<i64> {
        let mut screen = self.screen();
        let ids = screen.behind(key);
        for id in &ids {
            screen.remove(*id);
        }
        if key == TOGETHER {
            screen.together.clear();
        }
        ids
    }

    fn screen(&self) -> MutexGuard<'_, Screen> {
        screen::lock(&self.screen)
    }

    fn being_told(&self) -> MutexGuard<'_, HashSet<i64>> {
        self.telling.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The question that a button leads to; the banner itself leads to its task.
fn reviewed(tx: &Reader<'_>, delivery: &Delivery, did: &Did) -> Result<Option<(TaskId, u32)>, StoreError> {
    let leads = matches!(did, Did::Pressed(action) if action == words::REVIEW);
    let (Some(seq), Some(n), true) = (delivery.task, delivery.question, leads) else { return Ok(None) };
    Ok(tx.tasks().by_seq(seq)?.map(|stored| (stored.task.id, n)))
}

/// Settles a delivery unless it is settled already; says whether it did.
pub(crate) fn settle(
    tx: &mut WriteTx<'_>,
    delivery: Delivery,
    to: DeliveryState,
    reason: Reason,
    now: Timestamp,
) -> Result<bool, StoreError> {
    // Why it was shown stays readable. What was never shown, was settled before it could be.
    let was_decided = delivery.shown_at.is_some() || delivery.state == DeliveryState::Showing;
    let why = if was_decided { delivery.why.clone() } else { Why::Settled.name().to_owned() };
    write_settled(tx, delivery, (to, reason), (&why, ""), now)
}

/// The same, for a reason of the gate.
fn settle_why(
    tx: &mut WriteTx<'_>,
    delivery: Delivery,
    to: DeliveryState,
    reason: Reason,
    why: Why,
    now: Timestamp,
) -> Result<bool, StoreError> {
    write_settled(tx, delivery, (to, reason), (why.name(), why.sentence()), now)
}

fn write_settled(
    tx: &mut WriteTx<'_>,
    delivery: Delivery,
    (to, reason): (DeliveryState, Reason),
    (why, sentence): (&str, &str),
    now: Timestamp,
) -> Result<bool, StoreError> {
    let from = delivery.state;
    if from.is_settled() {
        return Ok(false);
    }
    let settled = tx.deliveries().advance(delivery.id, from, to, why, now)?;
    if settled {
        record(tx, &Delivery { state: to, ..delivery }, from, reason, sentence, now)?;
    }
    Ok(settled)
}

/// A line of the timeline. `text` says more than the change itself does, or nothing.
fn record(
    tx: &mut WriteTx<'_>,
    delivery: &Delivery,
    from: DeliveryState,
    reason: Reason,
    text: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let id = task_of(tx, delivery)?;
    let task = delivery.task.zip(id.as_ref());
    let said = words::said(delivery.kind, delivery.state);
    let text = match reason {
        Reason::Escalated | Reason::EscalationFailed => text.to_owned(),
        _ if text.is_empty() => said.to_owned(),
        _ => format!("{said}. {text}"),
    };
    tx.transitions().append(&errand_store::Entry {
        at: now,
        subject: errand_store::SubjectKind::Delivery,
        task,
        subject_id: &delivery.id.to_string(),
        from: from.name(),
        to: delivery.state.name(),
        reason,
        text: &text,
    })?;
    Ok(())
}

fn task_of(tx: &Reader<'_>, delivery: &Delivery) -> Result<Option<TaskId>, StoreError> {
    match delivery.task {
        Some(seq) => Ok(tx.tasks().by_seq(seq)?.map(|stored| stored.task.id)),
        None => Ok(None),
    }
}
