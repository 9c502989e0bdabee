//! The outbox: brings what must be told to the person, as often as needed and no more.
//!
//! Level-triggered: each round looks at the rows, compares them with what is on the screen, and does the
//! difference. The intent to show is committed before showing, so a crash between the two shows something twice at
//! worst, never not at all.

mod words;

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use errand_base::{Clock, Fault, TaskId, Timestamp};
use errand_model::Reason;
use errand_os::{Banner, Notifier, NotifierEvent, NotifierStatus};
use errand_store::{Delivery, DeliveryState, Reader, Store, StoreError, WriteTx};
use tokio::sync::{Notify, mpsc};

use crate::failpoint;

/// How often something is shown at most, however often a service forgets it.
const MOST_SHOWINGS: u32 = 3;
/// Banners of one round; then it looks at what was settled meanwhile, and goes on.
const ROUND: usize = 64;

/// Whether and where notifications can be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Telling {
    Ready { service: String },
    NoService { why: String },
}

#[derive(Clone)]
pub struct Outbox {
    wake: Arc<Notify>,
    store: Store,
    clock: Arc<dyn Clock>,
    notifier: Arc<dyn Notifier>,
    on_screen: Arc<Mutex<HashSet<i64>>>,
}

impl Outbox {
    pub(crate) fn start(
        store: Store,
        clock: Arc<dyn Clock>,
        notifier: Arc<dyn Notifier>,
        events: mpsc::UnboundedReceiver<NotifierEvent>,
        clicks: mpsc::UnboundedSender<TaskId>,
    ) -> Outbox {
        let outbox =
            Outbox { wake: Arc::new(Notify::new()), store, clock, notifier, on_screen: Arc::default() };
        outbox.look();
        tokio::spawn(outbox.clone().run(events, clicks));
        outbox
    }

    /// Rows may have changed.
    pub(crate) fn look(&self) {
        self.wake.notify_one();
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
        clicks: mpsc::UnboundedSender<TaskId>,
    ) {
        loop {
            tokio::select! {
                () = self.wake.notified() => {}
                event = events.recv() => match event {
                    Some(event) => self.heard(event, &clicks).await,
                    // The notifier is gone for good; rows wait for the next start.
                    None => return,
                },
            }
            if let Err(error) = self.round().await {
                tracing::warn!(%error, "the outbox could not be worked on");
            }
        }
    }

    async fn heard(&self, event: NotifierEvent, clicks: &mpsc::UnboundedSender<TaskId>) {
        let result = match event {
            NotifierEvent::Available { .. } | NotifierEvent::Gone => {
                self.screen().clear();
                Ok(())
            }
            NotifierEvent::Acted { key, .. } => self.acted(&key, clicks).await,
            NotifierEvent::Closed { key, by_person } => self.closed(&key, by_person).await,
        };
        if let Err(error) = result {
            tracing::warn!(%error, "an action on a notification was not written down");
        }
    }

    async fn acted(&self, key: &str, clicks: &mpsc::UnboundedSender<TaskId>) -> Result<(), StoreError> {
        let Ok(id) = key.parse::<i64>() else { return Ok(()) };
        self.screen().remove(&id);
        let now = self.clock.now();
        let task = self
            .store
            .write(move |tx| {
                let Some(delivery) = tx.deliveries().get(id)? else { return Ok(None) };
                let root = delivery.task.map_or(Ok(None), |seq| tx.tasks().root_of(seq))?;
                let task = root.map(|root| root.id);
                settle(tx, delivery, DeliveryState::Acted, Reason::OpenedByPerson, now)?;
                Ok(task)
            })
            .await?;
        if let Some(task) = task {
            drop(clicks.send(task));
        }
        Ok(())
    }

    async fn closed(&self, key: &str, by_person: bool) -> Result<(), StoreError> {
        let Ok(id) = key.parse::<i64>() else { return Ok(()) };
        self.screen().remove(&id);
        // A banner that only timed out was seen or not; the lists still have it.
        if !by_person {
            return Ok(());
        }
        let now = self.clock.now();
        self.store
            .write(move |tx| match tx.deliveries().get(id)? {
                Some(delivery) => {
                    settle(tx, delivery, DeliveryState::Dismissed, Reason::DismissedByPerson, now)
                }
                None => Ok(false),
            })
            .await
            .map(drop)
    }

    async fn round(&self) -> Result<(), StoreError> {
        self.withdraw_settled().await?;
        let NotifierStatus::Ready { owner, .. } = self.notifier.status() else { return Ok(()) };
        let due = self.store.read(|reader| reader.deliveries().unsettled()).await?;
        let mut due: Vec<Delivery> = due.into_iter().filter(|delivery| is_due(delivery, &owner)).collect();
        let mut more = due.len() > ROUND;
        due.truncate(ROUND);
        for delivery in due {
            // What a service does not take waits for the next change, or this would go round for ever.
            more &= self.show(delivery, &owner).await?;
        }
        if more {
            self.look();
        }
        Ok(())
    }

    /// Takes from the screen what was settled elsewhere.
    async fn withdraw_settled(&self) -> Result<(), StoreError> {
        let shown: Vec<i64> = self.screen().iter().copied().collect();
        if shown.is_empty() {
            return Ok(());
        }
        let settled = self
            .store
            .read(move |reader| {
                let mut settled = Vec::new();
                for id in shown {
                    let state = reader.deliveries().get(id)?.map(|delivery| delivery.state);
                    if !matches!(state, Some(DeliveryState::Showing | DeliveryState::Shown)) {
                        settled.push(id);
                    }
                }
                Ok(settled)
            })
            .await?;
        for id in settled {
            self.screen().remove(&id);
            self.notifier.withdraw(&id.to_string()).await;
        }
        Ok(())
    }

    /// Whether it is settled now: shown, or no longer to be told.
    async fn show(&self, delivery: Delivery, owner: &str) -> Result<bool, StoreError> {
        let id = delivery.id;
        let now = self.clock.now();
        let before = delivery.state;
        let service = owner.to_owned();
        let again = delivery.attempts > 0;
        failpoint::hit("before_showing_commit");
        let banner = self
            .store
            .write(move |tx| {
                if !tx.deliveries().showing(id, before, &service, "", now)? {
                    return Ok(None);
                }
                words::banner(tx, id)
            })
            .await?;
        failpoint::hit("after_showing_commit");
        // Settled in between, or its task is gone: nothing to tell.
        let Some(banner) = banner else { return Ok(true) };
        match self.notifier.show(banner).await {
            Ok(()) => {
                failpoint::hit("after_notify");
                self.screen().insert(id);
                let now = self.clock.now();
                self.store.write(move |tx| shown(tx, id, again, now)).await?;
                failpoint::hit("after_shown_commit");
                Ok(true)
            }
            Err(error) => {
                let now = self.clock.now();
                let why = error.to_string();
                self.store
                    .write(move |tx| {
                        tx.deliveries().advance(id, DeliveryState::Showing, DeliveryState::Held, &why, now)
                    })
                    .await?;
                Ok(false)
            }
        }
    }

    fn screen(&self) -> std::sync::MutexGuard<'_, HashSet<i64>> {
        self.on_screen.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

fn shown(tx: &mut WriteTx<'_>, id: i64, again: bool, now: Timestamp) -> Result<(), StoreError> {
    let reason = if again { Reason::ShownAgain } else { Reason::Shown };
    if tx.deliveries().advance(id, DeliveryState::Showing, DeliveryState::Shown, "shown", now)?
        && let Some(delivery) = tx.deliveries().get(id)?
    {
        record(tx, &delivery, DeliveryState::Showing, reason, now)?;
    }
    Ok(())
}

/// Settles a delivery unless it is settled already; says whether it did.
pub(crate) fn settle(
    tx: &mut WriteTx<'_>,
    delivery: Delivery,
    to: DeliveryState,
    reason: Reason,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let from = delivery.state;
    match from {
        DeliveryState::Pending | DeliveryState::Held | DeliveryState::Showing | DeliveryState::Shown => {}
        DeliveryState::Opened
        | DeliveryState::Acted
        | DeliveryState::Dismissed
        | DeliveryState::Withdrawn => {
            return Ok(false);
        }
    }
    let settled = tx.deliveries().advance(delivery.id, from, to, to.name(), now)?;
    if settled {
        record(tx, &Delivery { state: to, ..delivery }, from, reason, now)?;
    }
    Ok(settled)
}

fn record(
    tx: &mut WriteTx<'_>,
    delivery: &Delivery,
    from: DeliveryState,
    reason: Reason,
    now: Timestamp,
) -> Result<(), StoreError> {
    let id = task_of(tx, delivery)?;
    let task = delivery.task.zip(id.as_ref());
    tx.transitions().append(&errand_store::Entry {
        at: now,
        subject: errand_store::SubjectKind::Delivery,
        task,
        subject_id: &delivery.id.to_string(),
        from: from.name(),
        to: delivery.state.name(),
        reason,
        text: words::said(delivery.kind, delivery.state),
    })?;
    Ok(())
}

fn task_of(tx: &Reader<'_>, delivery: &Delivery) -> Result<Option<TaskId>, StoreError> {
    match delivery.task {
        Some(seq) => Ok(tx.tasks().by_seq(seq)?.map(|stored| stored.task.id)),
        None => Ok(None),
    }
}

/// Due: never shown successfully on the service that is there now, and not shown too often already.
fn is_due(delivery: &Delivery, owner: &str) -> bool {
    match delivery.state {
        DeliveryState::Pending | DeliveryState::Held => true,
        // Only an earlier engine can have left it there: it died between showing and writing that down.
        DeliveryState::Showing => delivery.attempts < MOST_SHOWINGS,
        DeliveryState::Shown => {
            delivery.attempts < MOST_SHOWINGS
                && delivery.shown_on.as_deref().is_some_and(|service| service != owner)
        }
        DeliveryState::Opened
        | DeliveryState::Acted
        | DeliveryState::Dismissed
        | DeliveryState::Withdrawn => false,
    }
}

pub(crate) fn banner_of(id: i64, title: String, body: String, urgent: bool) -> Banner {
    Banner {
        key: id.to_string(),
        title,
        body,
        urgent,
        actions: vec![("default".to_owned(), "Open".to_owned()), ("open".to_owned(), "Open".to_owned())],
        replaces: None,
    }
}
