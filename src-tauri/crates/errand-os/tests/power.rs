//! Keeping awake against a logind of ours on a private bus.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "all of it is a test"
)]

// Also what the tests of the whole stand on, which may not be used from here.
#[path = "../../errand-testkit/src/desktop/logind.rs"]
mod logind;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use errand_os::{Power, PowerEvent, PowerEvents, PowerStatus, SystemPower};
use logind::{Inhibitor, Logind};

const PATIENCE: Duration = Duration::from_secs(60);

/// A bus on which nothing is started by itself.
struct Bus {
    daemon: Option<Child>,
    folder: tempfile::TempDir,
}

impl Bus {
    /// None where there is no `dbus-daemon` to test with.
    fn start() -> Option<Bus> {
        let mut bus = Bus::absent();
        bus.appear().then_some(bus)
    }

    fn absent() -> Bus {
        let folder = tempfile::tempdir().unwrap();
        let text = "<busconfig><type>session</type><listen>unix:path=FOLDER/bus</listen><auth>EXTERNAL</auth>\
            <policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/>\
            <allow own=\"*\"/></policy></busconfig>";
        let text = text.replace("FOLDER", folder.path().to_str().unwrap());
        std::fs::write(folder.path().join("bus.conf"), text).unwrap();
        Bus { daemon: None, folder }
    }

    fn address(&self) -> String {
        format!("unix:path={}", self.folder.path().join("bus").display())
    }

    /// Says whether there is a daemon to start.
    fn appear(&mut self) -> bool {
        std::fs::remove_file(self.folder.path().join("bus")).ok();
        let started = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", self.folder.path().join("bus.conf").display()))
            .args(["--nofork", "--print-address"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut daemon) = started else {
            assert!(!Path::new("/usr/bin/dbus-daemon").exists());
            eprintln!("skipped: dbus-daemon is not installed");
            return false;
        };
        BufReader::new(daemon.stdout.take().unwrap()).read_line(&mut String::new()).unwrap();
        self.daemon = Some(daemon);
        true
    }

    fn stop(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            daemon.kill().unwrap();
            daemon.wait().unwrap();
        }
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Other programs send us no event when they are ready.
async fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let wait = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("it never happened: {what}"));
}

async fn next(events: &mut PowerEvents) -> PowerEvent {
    tokio::time::timeout(PATIENCE, events.recv()).await.unwrap().unwrap()
}

fn unable(power: &SystemPower, because: &str) -> bool {
    power.status() == PowerStatus::Unable(because.to_owned())
}

fn ours() -> Inhibitor {
    let [what, who, why, mode] = ["sleep", "Errand", "A task is at work", "block"].map(str::to_owned);
    Inhibitor { what, who, why, mode }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_machine_may_not_sleep_while_somebody_holds_it_and_the_display_may() {
    let Some(bus) = Bus::start() else { return };
    let logind = Logind::start(&bus.address()).await.unwrap();
    let (power, _events) = SystemPower::start_on(&bus.address());
    eventually("it is ready", || power.status() == PowerStatus::Ready).await;
    let first = power.hold("A task is at work");
    let second = power.hold("A task is at work");
    eventually("it is held", || power.status() == PowerStatus::Held).await;
    assert_eq!(logind.inhibitors(), [ours()]);
    drop(first);
    assert_eq!(logind.inhibitors(), [ours()]);
    drop(second);
    eventually("it is let go", || logind.inhibitors().is_empty()).await;
    eventually("it says so", || power.status() == PowerStatus::Ready).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sleep_and_supply_are_told_by_those_who_may() {
    let Some(bus) = Bus::start() else { return };
    let logind = Logind::start(&bus.address()).await.unwrap();
    let (power, mut events) = SystemPower::start_on(&bus.address());
    eventually("it is ready", || power.status() == PowerStatus::Ready).await;
    // Somebody who is not logind sends the same signal to us alone, and to everybody.
    let stranger = zbus::connection::Builder::address(bus.address().as_str()).unwrap().build().await.unwrap();
    let manager = "org.freedesktop.login1.Manager";
    for n in 1..9 {
        let to = format!(":1.{n}");
        let path = "/org/freedesktop/login1";
        stranger.emit_signal(Some(to.as_str()), path, manager, "PrepareForSleep", &true).await.unwrap();
    }
    // The stranger's own connection is told in order, so logind's comes after its signals have gone out.
    zbus::fdo::DBusProxy::new(&stranger).await.unwrap().get_id().await.unwrap();
    logind.set_on_battery(true).await.unwrap();
    assert_eq!(next(&mut events).await, PowerEvent::OnBattery(true));
    logind.prepare_for_sleep(true).await.unwrap();
    logind.prepare_for_sleep(false).await.unwrap();
    logind.set_on_battery(false).await.unwrap();
    let told = [next(&mut events).await, next(&mut events).await, next(&mut events).await];
    assert_eq!(told, [PowerEvent::Sleeping, PowerEvent::Woke, PowerEvent::OnBattery(false)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logind_that_refuses_or_is_missing_is_named_and_nothing_waits_for_it() {
    let Some(bus) = Bus::start() else { return };
    let (power, _events) = SystemPower::start_on(&bus.address());
    eventually("the bus is there", || unable(&power, "logind is not running")).await;
    let hold = power.hold("A task is at work");
    let logind = Logind::start(&bus.address()).await.unwrap();
    eventually("a logind that comes is asked", || power.status() == PowerStatus::Held).await;
    assert_eq!(logind.inhibitors(), [ours()]);
    drop(hold);
    eventually("it is let go", || power.status() == PowerStatus::Ready).await;
    logind.refuse();
    let _hold = power.hold("A task is at work");
    eventually("it says why", || unable(&power, "logind refused: Permission denied")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_waits_for_us_and_is_told_also_by_a_logind_that_was_started_again() {
    let Some(bus) = Bus::start() else { return };
    let mut logind = Logind::start(&bus.address()).await.unwrap();
    let (_power, mut events) = SystemPower::start_on(&bus.address());
    eventually("a shutdown would wait", || logind.delays().len() == 1).await;
    logind.die().await.unwrap();
    logind.come_back().await.unwrap();
    eventually("it would wait again", || logind.delays().len() == 1).await;
    assert_eq!((logind.delays()[0].what.as_str(), logind.inhibitors().len()), ("shutdown", 0));
    logind.prepare_for_shutdown().await.unwrap();
    assert_eq!(next(&mut events).await, PowerEvent::ShuttingDown);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_taken_again_from_a_logind_and_a_bus_that_were_started_again() {
    let Some(mut bus) = Bus::start() else { return };
    let mut logind = Logind::start(&bus.address()).await.unwrap();
    let (power, mut events) = SystemPower::start_on(&bus.address());
    let hold = power.hold("A task is at work");
    eventually("it is held", || logind.inhibitors() == [ours()]).await;
    logind.die().await.unwrap();
    logind.come_back().await.unwrap();
    eventually("it is held again", || logind.inhibitors() == [ours()]).await;
    logind.prepare_for_sleep(true).await.unwrap();
    assert_eq!(next(&mut events).await, PowerEvent::Sleeping);

    bus.stop();
    assert_eq!(power.status(), PowerStatus::Held, "an inhibitor outlives the bus by which it came");
    assert!(bus.appear());
    let logind = Logind::start(&bus.address()).await.unwrap();
    eventually("it is held on the new bus", || logind.inhibitors() == [ours()]).await;
    drop(hold);
    eventually("it is let go", || logind.inhibitors().is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bus_that_comes_later_is_found_when_somebody_wants_it() {
    let mut bus = Bus::absent();
    let (power, _events) = SystemPower::start_on(&bus.address());
    drop(power.hold("A task is at work"));
    assert!(unable(&power, "there is no system bus"));
    if !bus.appear() {
        return;
    }
    let logind = Logind::start(&bus.address()).await.unwrap();
    let _hold = power.hold("A task is at work");
    eventually("it is held", || logind.inhibitors() == [ours()]).await;
}
