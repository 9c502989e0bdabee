//! The task that owns the connection.

use std::collections::HashMap;
use std::num::NonZeroU32;

use futures_util::StreamExt;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use zbus::fdo::DBusProxy;
use zbus::message::{Message, Type};
use zbus::names::{BusName, WellKnownName};
use zbus::zvariant::{OwnedValue, Value};
use zbus::{Connection, MatchRule, MessageStream};

use super::super::{Banner, NotShown, NotifierEvent, NotifierStatus, text};
use super::{PATIENCE, Status};

const SERVICE: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";
const BUS: &str = "org.freedesktop.DBus";
/// The key of the action that is a field; what is typed there comes with a signal of its own. An extension of KDE's
/// that others have taken up, and that a service announces by this name.
const INLINE_REPLY: &str = "inline-reply";
/// Another one of KDE's: "do not disturb", as a property and under this name.
const INHIBITIONS: &str = "inhibitions";
const INHIBITED: &str = "Inhibited";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
/// The reason of NotificationClosed that stands for the person's hand.
const DISMISSED: u32 = 2;

pub enum Order {
    Show { banner: Banner, reply: oneshot::Sender<Result<(), NotShown>> },
    Withdraw { key: String },
}

/// Whether the service shows the click on a banner as one more button, which would then stand there twice.
fn paints_default(name: &str) -> bool {
    name.starts_with("Xfce")
}

pub fn reads_markup(capabilities: &[String]) -> bool {
    can(capabilities, "body-markup")
}

fn can(capabilities: &[String], what: &str) -> bool {
    capabilities.iter().any(|one| one == what)
}

/// What the service announces that it can do.
#[derive(Clone, Copy, Debug, Default)]
struct Abilities {
    markup: bool,
    /// Without this some services turn a banner with buttons into a dialog that takes the keyboard.
    buttons: bool,
    replies: bool,
    paints_default: bool,
}

impl Abilities {
    fn of(name: &str, capabilities: &[String]) -> Abilities {
        let buttons = can(capabilities, "actions");
        Abilities {
            markup: reads_markup(capabilities),
            buttons,
            replies: buttons && can(capabilities, INLINE_REPLY),
            paints_default: paints_default(name),
        }
    }

    /// Keys and labels, as the service gets them.
    fn actions(self, banner: &Banner) -> Vec<(String, String)> {
        if !self.buttons {
            return Vec::new();
        }
        let field = banner.reply.as_ref().filter(|_| self.replies);
        let shown = banner.actions.iter().filter(|(key, _)| key != "default" || !self.paints_default);
        let named = shown.map(|(key, label)| {
            let is_field = field.is_some_and(|field| field.instead_of == *key);
            (if is_field { INLINE_REPLY.to_owned() } else { key.clone() }, text::label(label))
        });
        named.collect()
    }
}

pub struct Desk {
    connection: Connection,
    stream: MessageStream,
    icon: String,
    events: mpsc::UnboundedSender<NotifierEvent>,
    status: Status,
    /// The connection that may speak for the service. Anybody on the bus can send us a signal.
    owner: Option<String>,
    can: Abilities,
    shown: HashMap<u32, String>,
    asked: HashMap<NonZeroU32, Asked>,
    /// Signals about ids we do not know yet: a service may send a click before its answer to Notify.
    early: Vec<Message>,
}

/// A banner whose id has not come back yet.
struct Asked {
    key: String,
    reply: oneshot::Sender<Result<(), NotShown>>,
}

impl Desk {
    pub async fn open(
        address: Option<&str>,
        icon: &str,
        events: mpsc::UnboundedSender<NotifierEvent>,
        status: Status,
    ) -> zbus::Result<Desk> {
        let connection = match address {
            Some(address) => zbus::connection::Builder::address(address)?.build().await?,
            None => Connection::session().await?,
        };
        // Before anything is asked for, so that nothing is missed.
        let stream = MessageStream::from(&connection);
        let bus = DBusProxy::new(&connection).await?;
        let signals = |sender| MatchRule::builder().msg_type(Type::Signal).sender(sender)?.interface(sender);
        bus.add_match_rule(signals(SERVICE)?.build()).await?;
        let properties =
            MatchRule::builder().msg_type(Type::Signal).sender(SERVICE)?.interface(PROPERTIES)?;
        bus.add_match_rule(properties.path(PATH)?.arg(0, SERVICE)?.build()).await?;
        bus.add_match_rule(signals(BUS)?.member("NameOwnerChanged")?.arg(0, SERVICE)?.build()).await?;
        let mut desk = Desk {
            connection,
            stream,
            icon: icon.into(),
            events,
            status,
            owner: None,
            can: Abilities::default(),
            shown: HashMap::new(),
            asked: HashMap::new(),
            early: Vec::new(),
        };
        desk.status.set(NotifierStatus::NoService);
        desk.greet().await;
        Ok(desk)
    }

    /// Until the connection breaks or nobody can give orders any more.
    pub async fn work(mut self, mut orders: mpsc::UnboundedReceiver<Order>) {
        loop {
            tokio::select! {
                order = orders.recv() => match order {
                    Some(Order::Show { banner, reply }) => self.show(banner, reply).await,
                    Some(Order::Withdraw { key }) => self.withdraw(&key).await,
                    None => return,
                },
                message = self.stream.next() => match message {
                    Some(Ok(message)) => self.hear(&message).await,
                    Some(Err(_)) | None => break,
                },
            }
        }
        self.status.set(NotifierStatus::NoSession);
        self.tell(NotifierEvent::Gone);
    }

    /// Learns who shows banners. Asking starts a service that the bus knows how to start.
    async fn greet(&mut self) {
        let Ok((owner, name, capabilities, inhibited)) =
            timeout(PATIENCE, self.ask()).await.unwrap_or_else(|_| {
                tracing::warn!("the notification service does not answer");
                Err(zbus::Error::InvalidReply)
            })
        else {
            return;
        };
        if self.owner.as_ref() == Some(&owner) {
            return;
        }
        self.forget();
        self.can = Abilities::of(&name, &capabilities);
        self.owner = Some(owner.clone());
        let (status, event) = (
            NotifierStatus::Ready {
                owner: owner.clone(),
                name: name.clone(),
                capabilities: capabilities.clone(),
                inhibited,
            },
            NotifierEvent::Available { owner, name, capabilities },
        );
        self.status.set(status);
        self.tell(event);
    }

    async fn ask(&self) -> zbus::Result<(String, String, Vec<String>, bool)> {
        let call = |method| self.connection.call_method(Some(SERVICE), PATH, Some(SERVICE), method, &());
        let information = call("GetServerInformation").await?;
        let (name, ..): (String, String, String, String) = information.body().deserialize()?;
        let owner =
            information.header().sender().map(ToString::to_string).ok_or(zbus::Error::InvalidReply)?;
        let capabilities: Vec<String> = call("GetCapabilities").await?.body().deserialize()?;
        let inhibited = can(&capabilities, INHIBITIONS) && self.is_inhibited().await;
        Ok((owner, name, capabilities, inhibited))
    }

    /// What cannot be asked is not so: a question too many is better than none.
    async fn is_inhibited(&self) -> bool {
        let what = (SERVICE, INHIBITED);
        let asked = self.connection.call_method(Some(SERVICE), PATH, Some(PROPERTIES), "Get", &what).await;
        let value = asked.ok().and_then(|reply| reply.body().deserialize::<OwnedValue>().ok());
        value.is_some_and(|value| bool::try_from(value).unwrap_or(false))
    }

    fn properties_changed(&mut self, message: &Message) {
        let body = message.body();
        let Ok((_, changed, _)) = body.deserialize::<(String, HashMap<String, OwnedValue>, Vec<String>)>()
        else {
            return;
        };
        let Some(Ok(now)) = changed.get(INHIBITED).map(bool::try_from) else { return };
        let mut status = self.status.get();
        let NotifierStatus::Ready { inhibited, .. } = &mut status else { return };
        if std::mem::replace(inhibited, now) != now {
            self.status.set(status);
            self.tell(NotifierEvent::Inhibited(now));
        }
    }

    async fn show(&mut self, banner: Banner, reply: oneshot::Sender<Result<(), NotShown>>) {
        let id_of = |key: &String| self.shown.iter().find(|(_, shown)| *shown == key).map(|(id, _)| *id);
        let replaces = id_of(&banner.key).or_else(|| banner.replaces.as_ref().and_then(id_of)).unwrap_or(0);
        let labels = self.can.actions(&banner);
        let actions: Vec<&str> =
            labels.iter().flat_map(|(key, label)| [key.as_str(), label.as_str()]).collect();
        let mut hints: HashMap<&str, Value<'_>> = HashMap::from([
            ("desktop-entry", Value::from("errand")),
            ("urgency", Value::from(if banner.urgent { 2_u8 } else { 1_u8 })),
        ]);
        if let Some(field) = banner.reply.as_ref().filter(|_| self.can.replies) {
            hints.insert("x-kde-reply-placeholder-text", Value::from(text::label(&field.hint)));
            hints.insert("x-kde-reply-submit-button-text", Value::from("Send"));
        }
        let (title, body) = (text::title(&banner.title), text::body(&banner.body, self.can.markup));
        // -1: the service knows best how long. 0: until somebody comes.
        let expires = if banner.stays { 0 } else { -1_i32 };
        let arguments = ("Errand", replaces, self.icon.as_str(), title, body, actions, hints, expires);
        let sent = match method("Notify", &arguments) {
            Ok(message) => {
                self.connection.send(&message).await.map(|()| message.primary_header().serial_num())
            }
            Err(error) => Err(error),
        };
        match sent {
            Ok(serial) => drop(self.asked.insert(serial, Asked { key: banner.key, reply })),
            Err(error) => drop(reply.send(Err(NotShown::Refused(error.to_string())))),
        }
    }

    async fn withdraw(&mut self, key: &str) {
        // A banner still under way is taken back when its id comes.
        for asked in self.asked.values_mut().filter(|asked| asked.key == key) {
            asked.reply = oneshot::channel().0;
        }
        let ids: Vec<u32> = self.shown.iter().filter(|(_, shown)| *shown == key).map(|(id, _)| *id).collect();
        for id in ids {
            self.shown.remove(&id);
            self.close(id).await;
        }
    }

    async fn close(&self, id: u32) {
        if let Ok(message) = method("CloseNotification", &(id,)) {
            self.connection.send(&message).await.ok();
        }
    }

    async fn hear(&mut self, message: &Message) {
        let header = message.header();
        let sender = header.sender().map(|name| name.as_str());
        let interface = header.interface().map(|name| name.as_str());
        match (message.message_type(), header.member().map(|name| name.as_str())) {
            (Type::MethodReturn | Type::Error, _) => {
                if let Some(asked) = header.reply_serial().and_then(|serial| self.asked.remove(&serial)) {
                    self.answered(asked, message).await;
                }
            }
            (Type::Signal, Some("NameOwnerChanged")) if sender == Some(BUS) => {
                self.owner_changed(message).await
            }
            (Type::Signal, Some("PropertiesChanged"))
                if interface == Some(PROPERTIES) && sender == self.owner.as_deref() =>
            {
                self.properties_changed(message);
            }
            (Type::Signal, _) if interface == Some(SERVICE) && sender == self.owner.as_deref() => {
                self.signal(message);
            }
            _ => {}
        }
    }

    async fn answered(&mut self, asked: Asked, message: &Message) {
        let id = match (message.message_type(), message.body().deserialize::<u32>()) {
            (Type::MethodReturn, Ok(id)) => id,
            _ => return drop(asked.reply.send(Err(refusal(message)))),
        };
        self.shown.insert(id, asked.key);
        // Whoever asked waits no longer and counts it as not shown.
        if asked.reply.send(Ok(())).is_err() {
            self.shown.remove(&id);
            self.close(id).await;
        }
        for message in std::mem::take(&mut self.early) {
            self.signal(&message);
        }
    }

    fn signal(&mut self, message: &Message) {
        let Some((id, heard)) = Heard::read(message) else { return };
        // What the person did with a banner is the last that counts of it. Services close it right behind, and
        // some say then that it was the person who did.
        let Some(key) = self.shown.remove(&id) else {
            if !self.asked.is_empty() {
                self.early.push(message.clone());
            }
            return;
        };
        self.tell(match heard {
            Heard::Acted(action) => NotifierEvent::Acted { key, action },
            Heard::Replied(text) => NotifierEvent::Replied { key, text },
            Heard::Closed(reason) => NotifierEvent::Closed { key, by_person: reason == DISMISSED },
        });
    }

    async fn owner_changed(&mut self, message: &Message) {
        let Ok((name, _, new)) = message.body().deserialize::<(String, String, String)>() else { return };
        if name != SERVICE || self.owner.as_deref().unwrap_or_default() == new {
            return;
        }
        if !new.is_empty() {
            return self.greet().await;
        }
        self.forget();
        // Some services leave when idle and are started again by the next banner.
        if !self.startable().await {
            self.status.set(NotifierStatus::NoService);
            self.tell(NotifierEvent::Gone);
        }
    }

    async fn startable(&self) -> bool {
        let names =
            async { DBusProxy::new(&self.connection).await.ok()?.list_activatable_names().await.ok() };
        let names = timeout(PATIENCE, names).await.ok().flatten().unwrap_or_default();
        let service = BusName::from(WellKnownName::from_static_str_unchecked(SERVICE));
        names.iter().any(|name| *name == service)
    }

    fn forget(&mut self) {
        self.owner = None;
        self.shown.clear();
        self.early.clear();
    }

    fn tell(&self, event: NotifierEvent) {
        // Nobody listens any more: the engine is leaving.
        self.events.send(event).ok();
    }
}

/// What a service says about one banner.
enum Heard {
    Acted(String),
    Replied(String),
    Closed(u32),
}

impl Heard {
    fn read(message: &Message) -> Option<(u32, Heard)> {
        let body = message.body();
        match message.header().member()?.as_str() {
            "ActionInvoked" => {
                body.deserialize::<(u32, String)>().ok().map(|(id, key)| (id, Heard::Acted(key)))
            }
            // Only to whoever has shown it, so no match rule is needed for it.
            "NotificationReplied" => {
                body.deserialize::<(u32, String)>().ok().map(|(id, text)| (id, Heard::Replied(text)))
            }
            "NotificationClosed" => {
                body.deserialize::<(u32, u32)>().ok().map(|(id, reason)| (id, Heard::Closed(reason)))
            }
            _ => None,
        }
    }
}

fn method<B: serde::Serialize + zbus::zvariant::DynamicType>(
    name: &str,
    arguments: &B,
) -> zbus::Result<Message> {
    Message::method_call(PATH, name)?.destination(SERVICE)?.interface(SERVICE)?.build(arguments)
}

fn refusal(message: &Message) -> NotShown {
    match message.header().error_name().map(|name| name.as_str()) {
        Some("org.freedesktop.DBus.Error.ServiceUnknown" | "org.freedesktop.DBus.Error.NameHasNoOwner") => {
            NotShown::Absent
        }
        name => NotShown::Refused(name.unwrap_or("an answer nobody understands").into()),
    }
}
