//! The stage itself is tried before anything is played on it: each part does what the tests later rely on.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "the small program with an icon is part of the test")]

use std::{
    collections::HashMap,
    fs,
    io::{BufRead, BufReader},
    os::unix::net::UnixStream,
    path::PathBuf,
    process::Stdio,
    time::Duration,
};

use errand_testkit::desktop::{
    Desktop, Parts,
    notifications::{Call, Closed, NotificationService},
    notifyd::Notifyd,
    tray::TrayHost,
    wait::until,
    webdriver::Driver,
};
use futures_util::StreamExt;
use zbus::{
    interface, proxy,
    zvariant::{ObjectPath, OwnedValue, Structure, Value},
};

const LIMIT: Duration = Duration::from_secs(60);

#[proxy(
    interface = "org.freedesktop.Notifications",
    default_service = "org.freedesktop.Notifications",
    default_path = "/org/freedesktop/Notifications"
)]
trait Notifications {
    fn get_capabilities(&self) -> zbus::Result<Vec<String>>;
    #[expect(clippy::too_many_arguments, reason = "the specification has them")]
    fn notify(
        &self,
        app_name: &str,
        replaces: u32,
        icon: &str,
        summary: &str,
        body: &str,
        actions: &[&str],
        hints: HashMap<&str, Value<'_>>,
        expires: i32,
    ) -> zbus::Result<u32>;
    fn close_notification(&self, id: u32) -> zbus::Result<()>;
}

async fn ask(client: &NotificationsProxy<'_>, summary: &str) -> zbus::Result<u32> {
    let actions = ["a", "main", "b", "A much longer label", "c", "Deny"];
    client.notify("Errand", 0, "", summary, "A question", &actions, HashMap::new(), 0).await
}

#[test]
fn a_desktop_is_private_and_leaves_nothing_behind() {
    let desktop = Desktop::start().unwrap();
    let scratch = desktop.scratch().to_owned();
    let home = desktop.output("sh", &["-c", "echo $HOME"]).unwrap();
    assert_eq!(String::from_utf8(home).unwrap().trim(), scratch.join("home").to_str().unwrap());

    // A grandchild in a session of its own, whose parent is gone, is nobody's child any more.
    desktop.output("sh", &["-c", "setsid sleep 1000 >/dev/null 2>&1 & echo $! >$TMPDIR/pid"]).unwrap();
    let pid: PathBuf =
        format!("/proc/{}", fs::read_to_string(scratch.join("tmp/pid")).unwrap().trim()).into();
    assert!(pid.exists());
    drop(desktop);
    assert!(!scratch.exists());
    // Killed at once; whoever adopted it may take a moment to bury it.
    let dead = || Ok(fs::read(pid.join("environ")).map_or(true, |left| left.is_empty()).then_some(()));
    until("the orphan is dead", LIMIT, dead).unwrap();
}

/// As a test runner does that lost its patience: nothing of ours gets to run any more, and all of it must end.
#[test]
fn a_killed_run_leaves_nothing_behind() {
    let outer = Desktop::start().unwrap();
    let mut command = outer.command(env!("CARGO_BIN_EXE_virtual-desktop"));
    command.args(["sh", "-c", "echo $DISPLAY; exec sleep 1000"]).stdout(Stdio::piped());
    let mut run = command.spawn().unwrap();
    let mut display = String::new();
    BufReader::new(run.stdout.take().unwrap()).read_line(&mut display).unwrap();
    let socket: PathBuf = format!("/tmp/.X11-unix/X{}", display.trim().trim_start_matches(':')).into();
    UnixStream::connect(&socket).unwrap();
    run.kill().unwrap();
    run.wait().unwrap();
    until("its X server is dead", LIMIT, || Ok(UnixStream::connect(&socket).is_err().then_some(()))).unwrap();
}

#[test]
fn a_window_is_on_the_screen() {
    let desktop = Desktop::start().unwrap();
    let empty = desktop.screen().unwrap();
    assert!(empty.is_blank());
    assert_eq!((empty.width, empty.height), (1280, 800));

    let mut command = desktop.command("display");
    command.arg("rose:");
    let _window = desktop.spawn(command).unwrap();
    until("something is painted", LIMIT, || Ok((!desktop.screen()?.is_blank()).then_some(()))).unwrap();
    assert!(desktop.screen().unwrap().difference(&empty) > 0.0);

    let file = desktop.scratch().join("shots/rose.png");
    desktop.screenshot(&file).unwrap();
    assert!(fs::read(file).unwrap().starts_with(b"\x89PNG"));
}

#[test]
fn parts_can_be_left_out() {
    let desktop =
        Desktop::start_with(Parts { display: false, session_bus: false, window_manager: true }).unwrap();
    assert_eq!((desktop.display(), desktop.bus_address()), (None, None));
    let environment = String::from_utf8(desktop.output("env", &[]).unwrap()).unwrap();
    assert!(!environment.contains("\nDISPLAY="));
    assert!(environment.contains("no-session-bus"));
}

#[tokio::test]
async fn nothing_is_started_on_demand() {
    let desktop = Desktop::start().unwrap();
    let connection = desktop.connect().await.unwrap();
    let client = NotificationsProxy::new(&connection).await.unwrap();
    let error = client.get_capabilities().await.unwrap_err();
    assert!(error.to_string().contains("ServiceUnknown"), "{error}");
}

#[tokio::test]
async fn the_recording_service_hears_everything_and_answers() {
    let desktop = Desktop::start().unwrap();
    let service = NotificationService::start_with(&desktop, &["actions", "inline-reply"]).await.unwrap();
    let connection = desktop.connect().await.unwrap();
    let client = NotificationsProxy::new(&connection).await.unwrap();
    let mut signals = client.inner().receive_all_signals().await.unwrap();
    assert_eq!(client.get_capabilities().await.unwrap(), ["actions", "inline-reply"]);

    let first = ask(&client, "Which branch?").await.unwrap();
    let shown =
        service.wait_for("a question", LIMIT, |shown| shown.summary == "Which branch?").await.unwrap();
    assert_eq!((shown.id, shown.key("Deny")), (first, Some("c")));
    assert!(service.press(first, "d").await.is_err(), "there is no such button");
    service.press(first, "c").await.unwrap();
    assert!(service.press(first, "c").await.is_err(), "it is closed");

    let second = ask(&client, "And now?").await.unwrap();
    service.reply(second, "use main").await.unwrap();

    let third = ask(&client, "Never mind").await.unwrap();
    client.close_notification(third).await.unwrap();
    service.wait_closed(third, LIMIT).await.unwrap();
    assert!(matches!(service.calls().last(), Some(Call::Close { id }) if *id == third));

    let mut heard = Vec::new();
    while heard.len() < 5 {
        let message = tokio::time::timeout(LIMIT, signals.next()).await.unwrap().unwrap();
        heard.push(message.header().member().unwrap().to_string());
    }
    let closed = "NotificationClosed";
    assert_eq!(heard, ["ActionInvoked", closed, "NotificationReplied", closed, closed]);
}

#[tokio::test]
async fn the_recording_service_dies_and_comes_back() {
    let desktop = Desktop::start().unwrap();
    let mut service = NotificationService::start(&desktop).await.unwrap();
    let connection = desktop.connect().await.unwrap();
    let client = NotificationsProxy::new(&connection).await.unwrap();
    let before = ask(&client, "Before").await.unwrap();
    service.die().await.unwrap();
    assert!(ask(&client, "Nobody listens").await.is_err());
    assert!(service.close(before, Closed::Expired).await.is_err(), "it died with its service");
    service.come_back().await.unwrap();
    assert_eq!(ask(&client, "After").await.unwrap(), before, "a new service counts from 1 again");
    let summaries: Vec<_> = service.shown().into_iter().map(|shown| shown.summary).collect();
    assert_eq!(summaries, ["Before", "After"]);
}

#[tokio::test]
async fn a_real_button_is_clicked_on_the_real_service() {
    let desktop = Desktop::start().unwrap();
    let notifyd = Notifyd::start(&desktop).await.unwrap();
    let connection = desktop.connect().await.unwrap();
    let client = NotificationsProxy::new(&connection).await.unwrap();
    let mut signals = client.inner().receive_all_signals().await.unwrap();
    let id = ask(&client, "Which branch?").await.unwrap();
    let bubbles = notifyd.wait_for(1, LIMIT).await.unwrap();
    assert!(bubbles[0].press(3, 3, LIMIT).await.is_err(), "there is no fourth button");
    bubbles[0].press(1, 3, LIMIT).await.unwrap();

    let message = tokio::time::timeout(LIMIT, signals.next()).await.unwrap().unwrap();
    assert_eq!(message.header().member().unwrap().as_str(), "ActionInvoked");
    assert_eq!(message.body().deserialize::<(u32, String)>().unwrap(), (id, "b".to_owned()));
    notifyd.wait_for(0, LIMIT).await.unwrap();
}

/// The browser that comes with WebKit, in place of the app.
fn browser() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").unwrap().map(|entry| entry.unwrap().path());
    folders.map(|folder| folder.join("webkit2gtk-4.1/MiniBrowser")).find(|file| file.exists()).unwrap()
}

#[tokio::test]
async fn a_window_is_read_and_used() {
    let desktop = Desktop::start().unwrap();
    let driver = Driver::start(&desktop, &[]).await.unwrap();
    let page = driver.open(&browser(), &["--automation"]).page(LIMIT).await.unwrap();
    let build = "document.title = 'Try'; document.body.innerHTML = arguments[0]";
    let form = "<input id=i><button onclick='o.textContent = i.value'>Go</button><p id=o>-</p>";
    page.script(build, vec![form.into()]).await.unwrap();

    page.wait_for("#i", LIMIT).await.unwrap();
    page.type_into("#i", "a brief").await.unwrap();
    assert_eq!(page.value("#i").await.unwrap(), "a brief");
    page.click("button").await.unwrap();
    assert_eq!(page.wait_text("#o", LIMIT, |text| text != "-").await.unwrap(), "a brief");
    page.switch_to_titled("Try", LIMIT).await.unwrap();

    let briefly = Duration::from_millis(50);
    assert!(page.wait_for("#none", briefly).await.is_err());
    assert!(page.wait_gone("#i", briefly).await.is_err());
    assert!(page.switch_to_titled("Other", briefly).await.is_err());

    let file = desktop.scratch().join("shots/page.png");
    page.screenshot(&file).await.unwrap();
    assert!(fs::read(file).unwrap().starts_with(b"\x89PNG"));
    page.end().await.unwrap();
}

/// A program with an icon, as small as can be.
struct Item;

#[interface(name = "org.kde.StatusNotifierItem")]
impl Item {
    #[zbus(property)]
    fn id(&self) -> &'static str {
        "item"
    }
    #[zbus(property)]
    fn title(&self) -> &'static str {
        "Errand"
    }
    #[zbus(property)]
    fn menu(&self) -> ObjectPath<'static> {
        ObjectPath::from_static_str_unchecked("/menu")
    }
}

struct ItemMenu {
    clicks: tokio::sync::mpsc::UnboundedSender<i32>,
}

type Node = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);

fn node(id: i32, label: &str, enabled: bool, children: Vec<Node>) -> Node {
    let children = children.into_iter().map(|child| Value::from(Structure::from(child)).try_into().unwrap());
    let label = Value::from(label).try_into().unwrap();
    let properties = [("label".to_owned(), label), ("enabled".to_owned(), OwnedValue::from(enabled))];
    (id, properties.into(), children.collect())
}

#[interface(name = "com.canonical.dbusmenu")]
impl ItemMenu {
    fn get_layout(&self, _parent: i32, _depth: i32, _properties: Vec<String>) -> (u32, Node) {
        let answers = vec![node(3, "ma_in", true, vec![])];
        let entries = vec![node(1, "Idle", false, vec![]), node(2, "Needs you", true, answers)];
        (1, node(0, "", true, entries))
    }

    fn event(&self, id: i32, event: &str, _data: Value<'_>, _timestamp: u32) {
        assert_eq!(event, "clicked");
        self.clicks.send(id).unwrap();
    }
}

#[tokio::test]
async fn the_tray_shows_an_item_and_its_menu_can_be_clicked() {
    let desktop = Desktop::start().unwrap();
    let tray = TrayHost::start(&desktop).await.unwrap();
    assert!(tray.item(Duration::from_millis(20)).await.is_err(), "nobody has an icon yet");

    let program = desktop.connect().await.unwrap();
    let (clicks, mut clicked) = tokio::sync::mpsc::unbounded_channel();
    program.object_server().at("/item", Item).await.unwrap();
    program.object_server().at("/menu", ItemMenu { clicks }).await.unwrap();
    let watcher = zbus::Proxy::new(
        &program,
        "org.kde.StatusNotifierWatcher",
        "/StatusNotifierWatcher",
        "org.kde.StatusNotifierWatcher",
    );
    let watcher = watcher.await.unwrap();
    watcher.call_method("RegisterStatusNotifierItem", &"/item").await.unwrap();

    let item = tray.item_of(std::process::id(), LIMIT).await.unwrap();
    assert_eq!(tray.item_named("Errand", LIMIT).await.unwrap().id().await.unwrap(), "item");
    assert_eq!(item.menu().await.unwrap().to_string(), "Idle (off)\nNeeds you\n  main\n");
    item.click(&["Needs you", "main"]).await.unwrap();
    assert_eq!(clicked.recv().await, Some(3));
    assert!(item.click(&["Idle"]).await.is_err(), "it is off");
    assert!(item.click(&["Needs you", "other"]).await.is_err());

    program.close().await.unwrap();
    tray.is_empty(LIMIT).await.unwrap();
    tray.stop().await.unwrap();
}
