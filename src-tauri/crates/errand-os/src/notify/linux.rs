//! The session bus: one connection, and on it one stream in which answers, clicks and changes of the service
//! come in the order in which they were sent. A click that follows its banner's id at once thus finds the id
//! known, which separate streams cannot promise.

#[path = "linux_desk.rs"]
mod desk;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use notify_rust::Notification;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use self::desk::{Desk, Order};
use super::{Banner, NotShown, Notifier, NotifierEvent, NotifierEvents, NotifierStatus, Pending, text};

/// Services answer within milliseconds, or start within seconds; one that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(10);

/// The notification service of the person's session.
#[derive(Debug)]
pub struct DesktopNotifier {
    icon: String,
    /// None for the session's usual bus.
    address: Option<String>,
    events: mpsc::UnboundedSender<NotifierEvent>,
    status: Status,
    /// To the task that owns the connection; closed when the connection is.
    orders: Mutex<Option<mpsc::UnboundedSender<Order>>>,
    /// Two connections would show everything twice.
    connecting: tokio::sync::Mutex<()>,
}

/// The status as the owning task sees it, readable from everywhere.
#[derive(Clone, Debug)]
struct Status(Arc<Mutex<NotifierStatus>>);

impl Status {
    fn get(&self) -> NotifierStatus {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, status: NotifierStatus) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = status;
    }
}

impl DesktopNotifier {
    /// `icon` is an icon name or the path of a file. Without a session it starts as well, and says so.
    pub async fn start(icon: &str) -> (DesktopNotifier, NotifierEvents) {
        DesktopNotifier::begin(icon, None).await
    }

    /// On another bus than the session's.
    pub async fn start_on(address: &str, icon: &str) -> (DesktopNotifier, NotifierEvents) {
        DesktopNotifier::begin(icon, Some(address.into())).await
    }

    async fn begin(icon: &str, address: Option<String>) -> (DesktopNotifier, NotifierEvents) {
        let (events, receiver) = mpsc::unbounded_channel();
        let notifier = DesktopNotifier {
            icon: icon.into(),
            address,
            events,
            status: Status(Arc::new(Mutex::new(NotifierStatus::NoSession))),
            orders: Mutex::new(None),
            connecting: tokio::sync::Mutex::new(()),
        };
        notifier.connect().await;
        (notifier, receiver)
    }

    async fn connect(&self) {
        let _one_at_a_time = self.connecting.lock().await;
        if self.orders().as_ref().is_some_and(|orders| !orders.is_closed()) {
            return;
        }
        let opened =
            Desk::open(self.address.as_deref(), &self.icon, self.events.clone(), self.status.clone());
        match timeout(PATIENCE, opened).await {
            Ok(Ok(desk)) => {
                let (sender, orders) = mpsc::unbounded_channel();
                tokio::spawn(desk.work(orders));
                *self.orders() = Some(sender);
            }
            Ok(Err(error)) => tracing::info!(%error, "no session bus"),
            Err(_) => tracing::warn!("the session bus does not answer"),
        }
    }

    fn orders(&self) -> MutexGuard<'_, Option<mpsc::UnboundedSender<Order>>> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn order(&self, order: Order) -> Result<(), NotShown> {
        let orders = self.orders();
        orders.as_ref().and_then(|orders| orders.send(order).ok()).ok_or(NotShown::Absent)
    }
}

impl Notifier for DesktopNotifier {
    fn show(&self, banner: Banner) -> Pending<'_, Result<(), NotShown>> {
        Box::pin(async move {
            let (reply, shown) = oneshot::channel();
            self.order(Order::Show { banner, reply })?;
            match timeout(PATIENCE, shown).await {
                Ok(Ok(shown)) => shown,
                Ok(Err(_)) => Err(NotShown::Absent),
                Err(_) => Err(NotShown::Silent),
            }
        })
    }

    fn withdraw<'a>(&'a self, key: &'a str) -> Pending<'a, ()> {
        Box::pin(async move {
            self.order(Order::Withdraw { key: key.into() }).ok();
        })
    }

    fn tell<'a>(&'a self, title: &'a str, body: &'a str) -> Pending<'a, Result<(), NotShown>> {
        let markup = match self.status() {
            NotifierStatus::Ready { capabilities, .. } => desk::reads_markup(&capabilities),
            NotifierStatus::NoSession | NotifierStatus::NoService => {
                return Box::pin(async { Err(NotShown::Absent) });
            }
        };
        let mut banner = Notification::new();
        banner
            .appname("Errand")
            .summary(&text::title(title))
            .body(&text::body(body, markup))
            .icon(&self.icon);
        banner.hint(notify_rust::Hint::DesktopEntry("errand".into()));
        Box::pin(async move {
            match timeout(PATIENCE, banner.show_async()).await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(error)) => Err(NotShown::Refused(error.to_string())),
                Err(_) => Err(NotShown::Silent),
            }
        })
    }

    fn reconnect(&self) -> Pending<'_, ()> {
        Box::pin(self.connect())
    }

    fn status(&self) -> NotifierStatus {
        self.status.get()
    }
}
