//! What is told and needs no answer.

use errand_base::Fault;
use errand_os::{DesktopNotifier, Home, Notifier};

/// As the packages install it.
const ICON: &str = "errand-desktop";

/// A note on the person's screen. Whether it could be shown changes nothing for us.
pub fn tell(title: &str, body: &str) {
    tracing::info!(title, body, "tell");
    let (title, body) = (title.to_owned(), body.to_owned());
    tokio::spawn(async move {
        let (notifier, _events) = DesktopNotifier::start(ICON).await;
        if let Err(error) = notifier.tell(&title, &body).await {
            tracing::debug!(%error, "could not tell");
        }
    });
}

pub fn tell_fault(what: &str, fault: &Fault) {
    tracing::warn!(code = %fault.code.name(), "{what}: {fault}");
    tell(what, &format!("{fault} {}", fault.hint));
}

/// Something to be told once in the life of a home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Once {
    ClosedToTray,
    GoesOnWithoutTray,
}

impl Once {
    fn file(self) -> &'static str {
        match self {
            Once::ClosedToTray => "told-close-to-tray",
            Once::GoesOnWithoutTray => "told-goes-on-without-tray",
        }
    }

    fn text(self) -> &'static str {
        match self {
            Once::ClosedToTray => "Errand keeps working in the tray. Quit from its menu.",
            Once::GoesOnWithoutTray => {
                "Errand keeps working until its tasks are done. Start it again to see them."
            }
        }
    }

    pub fn tell(self, home: &Home) {
        let file = home.config().join(self.file());
        if file.exists() {
            return;
        }
        tell("Errand", self.text());
        if let Err(error) = std::fs::write(&file, "") {
            tracing::warn!(%error, "could not remember what was told");
        }
    }
}
