//! Systems where banners are only told so far: no buttons and no events.

use notify_rust::Notification;
use tokio::sync::mpsc;

use super::{Banner, NotShown, Notifier, NotifierEvent, NotifierEvents, NotifierStatus, Pending, text};

#[derive(Debug)]
pub struct DesktopNotifier {
    icon: String,
}

impl DesktopNotifier {
    pub async fn start(icon: &str) -> (DesktopNotifier, NotifierEvents) {
        let (events, receiver) = mpsc::unbounded_channel();
        let (owner, name) = ("system".to_owned(), "system".to_owned());
        events.send(NotifierEvent::Available { owner, name, capabilities: Vec::new() }).ok();
        (DesktopNotifier { icon: icon.into() }, receiver)
    }
}

impl Notifier for DesktopNotifier {
    fn show(&self, banner: Banner) -> Pending<'_, Result<(), NotShown>> {
        Box::pin(async move { self.tell(&banner.title, &banner.body).await })
    }

    fn withdraw<'a>(&'a self, _key: &'a str) -> Pending<'a, ()> {
        Box::pin(async {})
    }

    fn tell<'a>(&'a self, title: &'a str, body: &'a str) -> Pending<'a, Result<(), NotShown>> {
        let mut banner = Notification::new();
        banner.appname("Errand").summary(&text::title(title)).body(&text::body(body, false)).icon(&self.icon);
        Box::pin(async move {
            let shown = tokio::task::spawn_blocking(move || banner.show().map(drop)).await;
            let shown = shown.map_err(|_| NotShown::Silent)?;
            shown.map_err(|error| NotShown::Refused(error.to_string()))
        })
    }

    fn reconnect(&self) -> Pending<'_, ()> {
        Box::pin(async {})
    }

    fn status(&self) -> NotifierStatus {
        NotifierStatus::Ready {
            owner: "system".into(),
            name: "system".into(),
            capabilities: Vec::new(),
            inhibited: false,
        }
    }
}
