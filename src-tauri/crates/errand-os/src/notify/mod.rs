//! Banners on the person's desktop.

#[cfg(target_os = "linux")]
#[path = "linux.rs"]
mod desktop;
#[cfg(not(target_os = "linux"))]
#[path = "other.rs"]
mod desktop;
mod fake;
pub mod text;

use std::future::Future;
use std::pin::Pin;

use tokio::sync::mpsc;

pub use desktop::DesktopNotifier;
pub use fake::{FakeNotifier, Told};

/// What comes back from the desktop, in the order in which it happened.
pub type NotifierEvents = mpsc::UnboundedReceiver<NotifierEvent>;

/// A banner that may be answered.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Banner {
    /// The id of the delivery. Everything that happens to the banner is told under this name.
    pub key: String,
    pub title: String,
    pub body: String,
    /// Stays until somebody deals with it, also through "do not disturb" where the desktop allows it.
    pub urgent: bool,
    /// Asks for something, so it should not go away by itself; but it is calm.
    pub stays: bool,
    /// Key and label of each button. The key `default` means a click on the banner itself and has no button.
    pub actions: Vec<(String, String)>,
    /// A text is wanted as well. Where the service has a field for one, that stands in the place of this button.
    pub reply: Option<Reply>,
    /// The key of an earlier banner whose place this one takes. The same key again replaces in any case.
    pub replaces: Option<String>,
}

/// A field to type into, on the banner itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The key of the button that leads to a window with such a field.
    pub instead_of: String,
    /// What stands in the field before anything is typed.
    pub hint: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotifierEvent {
    /// A notification service appeared or took over. It knows no banner that was shown before.
    Available {
        owner: String,
        name: String,
        capabilities: Vec<String>,
    },
    /// Nobody shows banners now; those shown before are gone.
    Gone,
    /// The person has told their desktop to show nothing for now, or to show things again.
    Inhibited(bool),
    /// A button was pressed. The banner is done with: nothing more is told of it.
    Acted {
        key: String,
        action: String,
    },
    /// A text was typed and sent, which also ends the banner.
    Replied {
        key: String,
        text: String,
    },
    Closed {
        key: String,
        by_person: bool,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotShown {
    #[error("no notification service is running")]
    Absent,
    #[error("the notification service did not answer")]
    Silent,
    #[error("the notification service refused: {0}")]
    Refused(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotifierStatus {
    /// No session to show anything in. Only [`Notifier::reconnect`] changes that.
    NoSession,
    /// A session without a notification service. One that appears is announced.
    NoService,
    Ready {
        owner: String,
        name: String,
        capabilities: Vec<String>,
        /// The person has told their desktop to show nothing for now.
        inhibited: bool,
    },
}

pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where banners are shown. Texts need no care: each implementation makes them safe to show.
pub trait Notifier: Send + Sync {
    fn show(&self, banner: Banner) -> Pending<'_, Result<(), NotShown>>;
    /// Takes a banner away without an event for it. An unknown key is nothing to do.
    fn withdraw<'a>(&'a self, key: &'a str) -> Pending<'a, ()>;
    /// Shows what is only told: no buttons, no events, cannot be withdrawn.
    fn tell<'a>(&'a self, title: &'a str, body: &'a str) -> Pending<'a, Result<(), NotShown>>;
    /// Looks for a session again, such as after a login. Nothing happens if there is one already.
    fn reconnect(&self) -> Pending<'_, ()>;
    fn status(&self) -> NotifierStatus;
}
