//! A connection to the system bus.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::{Instant, sleep_until, timeout};
use zbus::fdo::DBusProxy;
use zbus::message::{Message, Type};
use zbus::names::{BusName, WellKnownName};
use zbus::zvariant::{OwnedFd, OwnedValue};
use zbus::{Connection, MatchRule, MessageStream};

use super::super::supply::{SUPPLIES, on_battery};
use super::super::{PowerEvent, PowerStatus};
use super::{Keeper, NO_LOGIND, PATIENCE};

const BUS: &str = "org.freedesktop.DBus";
const LOGIND: &str = "org.freedesktop.login1";
const MANAGER: &str = "org.freedesktop.login1.Manager";
const MANAGER_PATH: &str = "/org/freedesktop/login1";
const UPOWER: &str = "org.freedesktop.UPower";
const UPOWER_PATH: &str = "/org/freedesktop/UPower";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// What is over by then was not worth asking logind twice.
const WORTH_IT: Duration = Duration::from_millis(200);

pub struct Seat {
    connection: Connection,
    stream: MessageStream,
    /// The connections that may speak for the services. Anybody on the bus can send us a signal.
    logind: Option<String>,
    upower: Option<String>,
}

impl Seat {
    pub async fn open(address: Option<&str>) -> zbus::Result<Seat> {
        let connection = match address {
            Some(address) => zbus::connection::Builder::address(address)?.build().await?,
            None => Connection::system().await?,
        };
        // Before anything is asked for, so that nothing is missed.
        let stream = MessageStream::from(&connection);
        let bus = DBusProxy::new(&connection).await?;
        let signals = |sender| MatchRule::builder().msg_type(Type::Signal).sender(sender);
        let rules = [
            signals(LOGIND)?.interface(MANAGER)?.member("PrepareForSleep")?.build(),
            signals(LOGIND)?.interface(MANAGER)?.member("PrepareForShutdown")?.build(),
            signals(UPOWER)?.interface(PROPERTIES)?.path(UPOWER_PATH)?.build(),
            signals(BUS)?.member("NameOwnerChanged")?.arg(0, LOGIND)?.build(),
            signals(BUS)?.member("NameOwnerChanged")?.arg(0, UPOWER)?.build(),
        ];
        for rule in rules {
            bus.add_match_rule(rule).await?;
        }
        let (logind, upower) = (owner(&bus, LOGIND).await, owner(&bus, UPOWER).await);
        Ok(Seat { connection, stream, logind, upower })
    }

    /// Until the connection is lost, or (`Break`) nobody wants anything any more.
    pub async fn work(mut self, keeper: &mut Keeper) -> ControlFlow<()> {
        self.look_at_battery(keeper).await;
        self.ask_for_a_farewell(keeper).await;
        // What an earlier connection or logind gave is kept until there is something better.
        let mut take_at = keeper.wanted().map(|_| Instant::now());
        self.say(keeper);
        loop {
            tokio::select! {
                changed = keeper.wishes.changed() => {
                    if changed.is_err() {
                        return ControlFlow::Break(());
                    }
                    if keeper.wanted().is_none() {
                        (keeper.inhibitor, take_at) = (None, None);
                        self.say(keeper);
                    } else if keeper.inhibitor.is_none() {
                        take_at.get_or_insert(Instant::now() + WORTH_IT);
                    }
                }
                () = sleep_until(take_at.unwrap_or_else(Instant::now)), if take_at.is_some() => {
                    take_at = None;
                    self.take(keeper).await;
                }
                message = self.stream.next() => match message {
                    Some(Ok(message)) => {
                        if self.hear(&message, keeper).await {
                            take_at = keeper.wanted().map(|_| Instant::now());
                        }
                    }
                    Some(Err(_)) | None => return ControlFlow::Continue(()),
                },
            }
        }
    }

    async fn take(&mut self, keeper: &mut Keeper) {
        let Some(why) = keeper.wanted() else { return };
        let Some(logind) = self.logind.clone() else { return self.say(keeper) };
        if self.upower.is_none() {
            self.look_at_battery(keeper).await;
        }
        let what = ("sleep", "Errand", &*why, "block");
        let logind = Some(logind.as_str());
        let asked = self.connection.call_method(logind, MANAGER_PATH, Some(MANAGER), "Inhibit", &what);
        let refused = match timeout(PATIENCE, asked).await {
            Ok(Ok(reply)) => match reply.body().deserialize::<OwnedFd>() {
                Ok(inhibitor) => {
                    // Only now is the one before let go, so that there is no moment without.
                    keeper.inhibitor = Some(inhibitor);
                    return self.say(keeper);
                }
                Err(_) => "logind gave an answer that nobody understands".to_owned(),
            },
            Ok(Err(zbus::Error::MethodError(name, text, _))) => match text {
                Some(text) => format!("logind refused: {text}"),
                None => format!("logind refused: {name}"),
            },
            Ok(Err(error)) => format!("logind could not be asked: {error}"),
            Err(_) => "logind does not answer".to_owned(),
        };
        tracing::warn!("the machine cannot be kept awake: {refused}");
        keeper.status.set(PowerStatus::Unable(refused));
    }

    /// Time to write down what was at work. Without it we are told just the same, and may be killed on the way.
    async fn ask_for_a_farewell(&self, keeper: &mut Keeper) {
        let Some(logind) = self.logind.as_deref() else { return };
        let what = ("shutdown", "Errand", "Writes down what is at work", "delay");
        let asked = self.connection.call_method(Some(logind), MANAGER_PATH, Some(MANAGER), "Inhibit", &what);
        match timeout(PATIENCE, asked).await {
            Ok(Ok(reply)) => keeper.farewell = reply.body().deserialize::<OwnedFd>().ok(),
            Ok(Err(error)) => tracing::debug!(%error, "a shutdown will not wait"),
            Err(_) => tracing::debug!("logind does not answer; a shutdown will not wait"),
        }
    }

    fn say(&self, keeper: &Keeper) {
        keeper.status.set(match (&keeper.inhibitor, &self.logind) {
            (Some(_), _) => PowerStatus::Held,
            (None, Some(_)) => PowerStatus::Ready,
            (None, None) => PowerStatus::Unable(NO_LOGIND.to_owned()),
        });
    }

    /// Whether there is a logind that was not there before.
    async fn hear(&mut self, message: &Message, keeper: &mut Keeper) -> bool {
        let header = message.header();
        let sender = header.sender().map(|name| name.as_str());
        match header.member().map(|name| name.as_str()) {
            _ if message.message_type() != Type::Signal || sender.is_none() => {}
            Some("NameOwnerChanged") if sender == Some(BUS) => {
                return self.owner_changed(message, keeper).await;
            }
            Some("PrepareForSleep") if sender == self.logind.as_deref() => {
                if let Ok(begins) = message.body().deserialize::<bool>() {
                    keeper.tell(if begins { PowerEvent::Sleeping } else { PowerEvent::Woke });
                    if !begins && self.upower.is_none() {
                        self.look_at_battery(keeper).await;
                    }
                }
            }
            Some("PrepareForShutdown") if sender == self.logind.as_deref() => {
                if message.body().deserialize::<bool>().is_ok_and(|begins| begins) {
                    keeper.tell(PowerEvent::ShuttingDown);
                }
            }
            Some("PropertiesChanged") if sender == self.upower.as_deref() => {
                self.look_at_battery(keeper).await;
            }
            Some(_) | None => {}
        }
        false
    }

    async fn owner_changed(&mut self, message: &Message, keeper: &mut Keeper) -> bool {
        let Ok((name, _, new)) = message.body().deserialize::<(String, String, String)>() else {
            return false;
        };
        let new = Some(new).filter(|new| !new.is_empty());
        match name.as_str() {
            LOGIND => {
                let came = new.is_some() && new != self.logind;
                self.logind = new;
                self.say(keeper);
                if came {
                    self.ask_for_a_farewell(keeper).await;
                }
                return came;
            }
            UPOWER => {
                self.upower = new;
                self.look_at_battery(keeper).await;
            }
            _ => {}
        }
        false
    }

    async fn look_at_battery(&self, keeper: &mut Keeper) {
        let battery = match &self.upower {
            Some(owner) => timeout(PATIENCE, self.ask_upower(owner)).await.ok().flatten(),
            None => None,
        };
        keeper.tell_battery(battery.unwrap_or_else(|| on_battery(Path::new(SUPPLIES))));
    }

    async fn ask_upower(&self, owner: &str) -> Option<bool> {
        let what = (UPOWER, "OnBattery");
        let asked = self.connection.call_method(Some(owner), UPOWER_PATH, Some(PROPERTIES), "Get", &what);
        let value: OwnedValue = asked.await.ok()?.body().deserialize().ok()?;
        bool::try_from(value).ok()
    }
}

async fn owner(bus: &DBusProxy<'_>, service: &'static str) -> Option<String> {
    let name = BusName::from(WellKnownName::from_static_str_unchecked(service));
    bus.get_name_owner(name).await.ok().map(|owner| owner.to_string())
}
