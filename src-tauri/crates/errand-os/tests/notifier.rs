//! The notifier against a notification service of ours on a private bus.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "all of it is a test"
)]

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use errand_os::{
    Banner, DesktopNotifier, NotShown, Notifier, NotifierEvent, NotifierEvents, NotifierStatus, Reply,
};
use zbus::Connection;
use zbus::message::Header;
use zbus::object_server::SignalEmitter;
use zbus::zvariant::OwnedValue;

const PATH: &str = "/org/freedesktop/Notifications";
const SERVICE: &str = "org.freedesktop.Notifications";

/// A session bus on which nothing is started by itself.
struct Bus {
    daemon: Child,
    address: String,
    folder: tempfile::TempDir,
}

impl Bus {
    /// None where there is no `dbus-daemon` to test with.
    fn start() -> Option<Bus> {
        let folder = tempfile::tempdir().unwrap();
        let text = "<busconfig><type>session</type><listen>unix:path=FOLDER/bus</listen><auth>EXTERNAL</auth>\
            <policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/>\
            <allow own=\"*\"/></policy></busconfig>";
        let text = text.replace("FOLDER", folder.path().to_str().unwrap());
        std::fs::write(folder.path().join("bus.conf"), text).unwrap();
        let (daemon, address) = run_daemon(folder.path())?;
        Some(Bus { daemon, address, folder })
    }

    fn stop(&mut self) {
        self.daemon.kill().unwrap();
        self.daemon.wait().unwrap();
    }

    fn start_again(&mut self) {
        std::fs::remove_file(self.folder.path().join("bus")).ok();
        (self.daemon, self.address) = run_daemon(self.folder.path()).unwrap();
    }

    async fn connect(&self) -> Connection {
        zbus::connection::Builder::address(self.address.as_str()).unwrap().build().await.unwrap()
    }

    async fn notifier(&self) -> (DesktopNotifier, NotifierEvents) {
        DesktopNotifier::start_on(&self.address, "errand").await
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        self.stop();
    }
}

fn run_daemon(folder: &Path) -> Option<(Child, String)> {
    let started = Command::new("dbus-daemon")
        .arg(format!("--config-file={}", folder.join("bus.conf").display()))
        .args(["--nofork", "--print-address"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut daemon) = started else {
        assert!(!Path::new("/usr/bin/dbus-daemon").exists());
        eprintln!("skipped: dbus-daemon is not installed");
        return None;
    };
    let mut address = String::new();
    BufReader::new(daemon.stdout.take().unwrap()).read_line(&mut address).unwrap();
    Some((daemon, address.trim().split(",guid=").next().unwrap().into()))
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Call {
    Notify { replaces: u32, title: String, body: String, actions: Vec<String>, urgency: u8, expires: i32 },
    Close(u32),
}

/// The field of a banner, as a service gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Field {
    hint: String,
    send: String,
}

#[derive(Clone)]
struct Service {
    calls: Arc<Mutex<Vec<Call>>>,
    fields: Arc<Mutex<Vec<Option<Field>>>>,
    /// Who has shown the last banner.
    sender: Arc<Mutex<String>>,
    capabilities: &'static [&'static str],
    /// Clicked before the id of the banner is even returned.
    clicks_at_once: bool,
    last_id: u32,
    inhibited: bool,
}

impl Default for Service {
    fn default() -> Service {
        Service {
            calls: Arc::default(),
            fields: Arc::default(),
            sender: Arc::default(),
            capabilities: &["actions", "body-markup"],
            clicks_at_once: false,
            last_id: 0,
            inhibited: false,
        }
    }
}

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Service {
    fn get_capabilities(&self) -> Vec<String> {
        self.capabilities.iter().map(ToString::to_string).collect()
    }

    fn get_server_information(&self) -> (String, String, String, String) {
        ("test".into(), "errand".into(), "1".into(), "1.2".into())
    }

    #[allow(clippy::too_many_arguments, reason = "the interface is as it is")]
    async fn notify(
        &mut self,
        app: String,
        replaces: u32,
        icon: String,
        title: String,
        body: String,
        actions: Vec<String>,
        hints: HashMap<String, OwnedValue>,
        expires: i32,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
        #[zbus(header)] header: Header<'_>,
    ) -> zbus::fdo::Result<u32> {
        assert_eq!((app.as_str(), icon.as_str()), ("Errand", "errand"));
        if title == "refuse" {
            return Err(zbus::fdo::Error::LimitsExceeded("too many".into()));
        }
        let urgency = u8::try_from(&hints["urgency"]).unwrap();
        let text = |name: &str| hints.get(name).map(|hint| <&str>::try_from(hint).unwrap().to_owned());
        let (hint, send) = (text("x-kde-reply-placeholder-text"), text("x-kde-reply-submit-button-text"));
        self.fields.lock().unwrap().push(hint.zip(send).map(|(hint, send)| Field { hint, send }));
        *self.sender.lock().unwrap() = header.sender().unwrap().to_string();
        self.calls.lock().unwrap().push(Call::Notify { replaces, title, body, actions, urgency, expires });
        self.last_id += 1;
        if self.clicks_at_once {
            emitter.action_invoked(self.last_id, "ok").await.unwrap();
        }
        Ok(self.last_id)
    }

    #[zbus(property)]
    fn inhibited(&self) -> bool {
        self.inhibited
    }

    #[zbus(property)]
    fn set_inhibited(&mut self, inhibited: bool) {
        self.inhibited = inhibited;
    }

    fn close_notification(&self, id: u32) {
        self.calls.lock().unwrap().push(Call::Close(id));
    }

    #[zbus(signal)]
    async fn action_invoked(emitter: &SignalEmitter<'_>, id: u32, action: &str) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn notification_closed(emitter: &SignalEmitter<'_>, id: u32, reason: u32) -> zbus::Result<()>;
}

impl Service {
    async fn appear(&self, bus: &Bus) -> Connection {
        let connection = bus.connect().await;
        connection.object_server().at(PATH, self.clone()).await.unwrap();
        connection.request_name(SERVICE).await.unwrap();
        connection
    }

    /// As Plasma does: to whoever has shown it alone, and the end of the banner right behind it.
    #[expect(clippy::disallowed_methods, reason = "a pause shorter than any timer's")]
    async fn reply(&self, connection: &Connection, id: u32, text: &str, pause: Duration) {
        let sender = self.sender.lock().unwrap().clone();
        let body = (id, text);
        connection.emit_signal(Some(&*sender), PATH, SERVICE, "NotificationReplied", &body).await.unwrap();
        let since = std::time::Instant::now();
        while since.elapsed() < pause {
            std::hint::spin_loop();
        }
        connection
            .emit_signal(None::<&str>, PATH, SERVICE, "NotificationClosed", &(id, 3_u32))
            .await
            .unwrap();
    }

    fn calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }
}

async fn next(events: &mut NotifierEvents) -> NotifierEvent {
    tokio::time::timeout(Duration::from_secs(20), events.recv()).await.expect("no event").expect("no sender")
}

fn banner(key: &str) -> Banner {
    Banner {
        key: key.into(),
        title: key.into(),
        actions: vec![("ok".into(), "OK".into())],
        ..Banner::default()
    }
}

async fn appeared(events: &mut NotifierEvents) -> String {
    match next(events).await {
        NotifierEvent::Available { owner, name, .. } => {
            assert_eq!(name, "test");
            owner
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_banner_is_shown_answered_and_closed() {
    let Some(bus) = Bus::start() else { return };
    let service = Service::default();
    let connection = service.appear(&bus).await;
    let emitter = SignalEmitter::new(&connection, PATH).unwrap();
    let (notifier, mut events) = bus.notifier().await;
    let owner = appeared(&mut events).await;
    assert!(matches!(notifier.status(), NotifierStatus::Ready { owner: now, .. } if now == owner));

    let shown = Banner { body: "a <b>\u{202e}&".into(), urgent: true, ..banner("one") };
    notifier.show(shown).await.unwrap();
    notifier.show(Banner { replaces: Some("one".into()), ..banner("two") }).await.unwrap();
    let actions = vec!["ok".to_owned(), "OK".to_owned()];
    let notify = |replaces, title: &str, body: &str, urgency| Call::Notify {
        replaces,
        title: title.into(),
        body: body.into(),
        actions: actions.clone(),
        urgency,
        expires: -1,
    };
    assert_eq!(service.calls(), [notify(0, "one", "a &lt;b&gt;&amp;", 2), notify(1, "two", "", 1)]);

    Service::action_invoked(&emitter, 99, "ok").await.unwrap();
    Service::action_invoked(&emitter, 2, "default").await.unwrap();
    Service::notification_closed(&emitter, 2, 2).await.unwrap();
    assert_eq!(next(&mut events).await, NotifierEvent::Acted { key: "two".into(), action: "default".into() });
    // That it was closed with the click says nothing more.
    notifier.show(banner("three")).await.unwrap();
    Service::notification_closed(&emitter, 3, 2).await.unwrap();
    assert_eq!(next(&mut events).await, NotifierEvent::Closed { key: "three".into(), by_person: true });

    let refused = notifier.show(banner("refuse")).await;
    assert_eq!(refused, Err(NotShown::Refused("org.freedesktop.DBus.Error.LimitsExceeded".into())));
}

/// What anybody may write, as it goes over the bus.
#[tokio::test]
async fn hostile_texts_are_harmless_on_the_bus() {
    let Some(bus) = Bus::start() else { return };
    let service = Service::default();
    let _connection = service.appear(&bus).await;
    let (notifier, mut events) = bus.notifier().await;
    appeared(&mut events).await;
    let hostile = [
        ("first\nErrand asks in calm-owl-100", "first Errand asks in calm-owl-100"),
        (
            "<b>bold</b> & <img src=\"file:///etc/passwd\"/>",
            "<b>bold</b> & <img src=\"file:///etc/passwd\"/>",
        ),
        ("\u{202e}fdp.exe\u{2066}\u{200b}\u{feff}\u{7}\u{1b}[31m", "fdp.exe[31m"),
        ("a\u{2028}b\u{2029}c\u{85}d\re", "a b c d e"),
        ("Z\u{300}\u{301}\u{302}\u{303}", "Z\u{300}\u{301}"),
    ];
    for (text, shown) in hostile {
        let actions = vec![("ok".to_owned(), text.to_owned())];
        let (title, body) = (text.to_owned(), text.to_owned());
        notifier
            .show(Banner { key: "one".into(), title, body, actions, stays: true, ..Banner::default() })
            .await
            .unwrap();
        let Call::Notify { title, body, actions, expires, urgency, .. } = service.calls().remove(0) else {
            panic!()
        };
        assert_eq!(title, shown);
        assert_eq!(actions.len(), 2);
        assert!(!body.contains(['<', '>', '\u{202e}', '\u{1b}', '\r', '\u{2028}']), "{body:?}");
        assert_eq!((expires, urgency), (0, 1));
    }
    let long = "long ".repeat(800);
    notifier.show(Banner { title: long.clone(), body: long, ..banner("two") }).await.unwrap();
    let Call::Notify { title, body, .. } = service.calls().remove(0) else { panic!() };
    assert!(title.chars().count() <= 60 && title.ends_with('…'), "{title}");
    assert!(body.chars().count() <= 240 && body.ends_with('…'), "{body}");
}

#[tokio::test]
async fn a_click_before_the_answer_is_not_lost() {
    let Some(bus) = Bus::start() else { return };
    let service = Service { clicks_at_once: true, ..Service::default() };
    let _connection = service.appear(&bus).await;
    let (notifier, mut events) = bus.notifier().await;
    appeared(&mut events).await;
    for n in 0..50 {
        let key = format!("banner {n}");
        notifier.show(banner(&key)).await.unwrap();
        assert_eq!(next(&mut events).await, NotifierEvent::Acted { key, action: "ok".into() });
    }
}

/// A banner that also takes a text.
fn asking(key: &str) -> Banner {
    let actions = [("default", "Open"), ("red", "Red"), ("open", "Answer")];
    Banner {
        key: key.into(),
        title: key.into(),
        actions: actions.map(|(key, label)| (key.to_owned(), label.to_owned())).into(),
        reply: Some(Reply { instead_of: "open".into(), hint: "Your answer".into() }),
        ..Banner::default()
    }
}

const REPLIES: &[&str] = &["actions", "body", "inline-reply"];

/// Between the two a real service leaves some 20 µs. With a stream for each signal the second one wins now and then.
#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_of_a_hundred_replies_arrive_although_the_end_is_right_behind() {
    let Some(bus) = Bus::start() else { return };
    let service = Service { capabilities: REPLIES, ..Service::default() };
    let connection = service.appear(&bus).await;
    let (notifier, mut events) = bus.notifier().await;
    appeared(&mut events).await;
    for n in 1..=100 {
        let (key, text) = (format!("banner {n}"), format!("use branch {n}"));
        notifier.show(asking(&key)).await.unwrap();
        let pause = Duration::from_micros(if n % 2 == 0 { 20 } else { 0 });
        service.reply(&connection, n, &text, pause).await;
        assert_eq!(next(&mut events).await, NotifierEvent::Replied { key, text });
    }
    assert!(events.try_recv().is_err(), "the end of a banner that was answered is no news");
}

#[tokio::test]
async fn a_field_is_there_where_it_is_announced_and_a_button_elsewhere() {
    let field = Field { hint: "Your answer".into(), send: "Send".into() };
    let with_field: &[&str] = &["default", "Open", "red", "Red", "inline-reply", "Answer"];
    let with_button: &[&str] = &["default", "Open", "red", "Red", "open", "Answer"];
    for (capabilities, actions, field) in [
        (REPLIES, with_field, Some(field)),
        (&["actions"], with_button, None),
        // Without buttons a field is none either.
        (&["body", "inline-reply"], &[], None),
        (&["body"], &[], None),
    ] {
        let Some(bus) = Bus::start() else { return };
        let service = Service { capabilities, ..Service::default() };
        let _connection = service.appear(&bus).await;
        let (notifier, mut events) = bus.notifier().await;
        appeared(&mut events).await;
        notifier.show(asking("one")).await.unwrap();
        let calls = service.calls();
        let [Call::Notify { actions: shown, .. }] = calls.as_slice() else { panic!("{calls:?}") };
        assert_eq!(shown, actions, "{capabilities:?}");
        assert_eq!(service.fields.lock().unwrap().as_slice(), [field], "{capabilities:?}");
    }
}

#[tokio::test]
async fn that_nothing_is_to_be_shown_is_known_from_the_beginning_and_followed() {
    let is_inhibited = |notifier: &DesktopNotifier| match notifier.status() {
        NotifierStatus::Ready { inhibited, .. } => inhibited,
        NotifierStatus::NoService | NotifierStatus::NoSession => false,
    };
    for (capabilities, announced) in [(&["actions", "inhibitions"], true), (&["actions", "body"], false)] {
        let Some(bus) = Bus::start() else { return };
        let service = Service { capabilities, inhibited: true, ..Service::default() };
        let connection = service.appear(&bus).await;
        let (notifier, mut events) = bus.notifier().await;
        appeared(&mut events).await;
        assert_eq!(is_inhibited(&notifier), announced);
        let there = connection.object_server().interface::<_, Service>(PATH).await.unwrap();
        for on in [false, true, true, false] {
            there.get_mut().await.inhibited = on;
            there.get().await.inhibited_changed(there.signal_emitter()).await.unwrap();
        }
        if announced {
            for on in [false, true, false] {
                assert_eq!(next(&mut events).await, NotifierEvent::Inhibited(on));
            }
        }
        assert!(!is_inhibited(&notifier));
        // Nobody else can say so.
        let stranger = bus.connect().await;
        let changed = HashMap::from([("Inhibited", zbus::zvariant::Value::from(true))]);
        let body = (SERVICE, changed, Vec::<String>::new());
        let properties = "org.freedesktop.DBus.Properties";
        stranger.emit_signal(None::<&str>, PATH, properties, "PropertiesChanged", &body).await.unwrap();
        notifier.show(banner("one")).await.unwrap();
        assert!(!is_inhibited(&notifier));
    }
}

#[tokio::test]
async fn a_withdrawn_banner_is_closed_and_silent() {
    let Some(bus) = Bus::start() else { return };
    let service = Service::default();
    let connection = service.appear(&bus).await;
    let emitter = SignalEmitter::new(&connection, PATH).unwrap();
    let (notifier, mut events) = bus.notifier().await;
    appeared(&mut events).await;
    notifier.show(banner("one")).await.unwrap();
    notifier.withdraw("one").await;
    notifier.withdraw("unknown").await;
    notifier.show(banner("two")).await.unwrap();
    assert_eq!(service.calls()[1], Call::Close(1));
    Service::notification_closed(&emitter, 1, 3).await.unwrap();
    Service::notification_closed(&emitter, 2, 1).await.unwrap();
    assert_eq!(next(&mut events).await, NotifierEvent::Closed { key: "two".into(), by_person: false });
}

#[tokio::test]
async fn services_come_go_and_take_over() {
    let Some(bus) = Bus::start() else { return };
    let (notifier, mut events) = bus.notifier().await;
    assert_eq!(notifier.status(), NotifierStatus::NoService);
    assert_eq!(notifier.show(banner("early")).await, Err(NotShown::Absent));
    assert_eq!(notifier.tell("a", "b").await, Err(NotShown::Absent));

    let first = Service::default().appear(&bus).await;
    let owner = appeared(&mut events).await;
    notifier.show(banner("one")).await.unwrap();
    first.close().await.unwrap();
    assert_eq!(next(&mut events).await, NotifierEvent::Gone);
    assert_eq!(notifier.show(banner("between")).await, Err(NotShown::Absent));

    let service = Service::default();
    let _second = service.appear(&bus).await;
    assert_ne!(appeared(&mut events).await, owner);
    notifier.show(banner("one")).await.unwrap();
    assert!(
        matches!(service.calls()[..], [Call::Notify { replaces: 0, .. }]),
        "ids of the old service mean nothing"
    );
}

#[tokio::test]
async fn nobody_else_can_press_a_button() {
    let Some(bus) = Bus::start() else { return };
    let connection = Service::default().appear(&bus).await;
    let emitter = SignalEmitter::new(&connection, PATH).unwrap();
    let (notifier, mut events) = bus.notifier().await;
    appeared(&mut events).await;
    notifier.show(banner("one")).await.unwrap();

    // A stranger sends to everybody and may as well know our name on the bus.
    let stranger = bus.connect().await;
    let names = zbus::fdo::DBusProxy::new(&stranger).await.unwrap().list_names().await.unwrap();
    for name in names.into_iter().filter(|name| name.as_str().starts_with(':')) {
        let body = (1_u32, "ok");
        stranger.emit_signal(Some(&name), PATH, SERVICE, "ActionInvoked", &body).await.unwrap();
        stranger.emit_signal(Some(&name), PATH, SERVICE, "NotificationReplied", &body).await.unwrap();
    }
    zbus::fdo::DBusProxy::new(&stranger).await.unwrap().get_id().await.unwrap();
    Service::notification_closed(&emitter, 1, 2).await.unwrap();
    assert_eq!(next(&mut events).await, NotifierEvent::Closed { key: "one".into(), by_person: true });
}

#[tokio::test]
async fn no_session_is_a_state_and_reconnecting_ends_it() {
    let Some(mut bus) = Bus::start() else { return };
    let (nowhere, mut events) = DesktopNotifier::start_on("unix:path=/no/such/bus", "errand").await;
    assert_eq!(nowhere.status(), NotifierStatus::NoSession);
    nowhere.reconnect().await;
    assert_eq!(nowhere.show(banner("one")).await, Err(NotShown::Absent));
    assert!(events.try_recv().is_err());

    let (notifier, mut events) = bus.notifier().await;
    bus.stop();
    assert_eq!(next(&mut events).await, NotifierEvent::Gone);
    assert_eq!(notifier.status(), NotifierStatus::NoSession);

    bus.start_again();
    let _service = Service::default().appear(&bus).await;
    assert_eq!(
        notifier.show(banner("one")).await,
        Err(NotShown::Absent),
        "nobody looks for a session unasked"
    );
    notifier.reconnect().await;
    notifier.reconnect().await;
    appeared(&mut events).await;
    notifier.show(banner("one")).await.unwrap();
    assert!(events.try_recv().is_err());
}
