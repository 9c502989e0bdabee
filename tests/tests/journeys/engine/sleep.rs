//! The machine is kept from sleeping while a task is at work, and told apart from one that only waits.

use std::path::Path;
use std::process::Command;

use errand_testkit::desktop::logind::{Inhibitor, Logind};
use errand_testkit::desktop::{Desktop, Parts, Running, wait};
use tokio::runtime::Runtime;

use crate::worker::script;
use crate::world::{Home, LIMIT, clock};

const LOGIND: &str = "/lib/systemd/systemd-logind";

/// A bus for services of the system, and somebody to talk to them.
struct System {
    runtime: Runtime,
    bus: Desktop,
}

impl System {
    fn new() -> System {
        let parts = Parts { display: false, session_bus: true, window_manager: false };
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).enable_all().build().unwrap();
        System { runtime, bus: Desktop::start_with(parts).unwrap() }
    }

    fn address(&self) -> &str {
        self.bus.bus_address().unwrap()
    }

    fn logind(&self) -> Logind {
        self.runtime.block_on(Logind::start(self.address())).unwrap()
    }

    fn home(&self) -> Home {
        Home::new().on_system_bus(self.address())
    }

    /// The inhibitors of a process, as the logind on this bus lists them.
    fn listed(&self, pid: u32) -> Vec<Inhibitor> {
        let listed = async {
            let connection = zbus::connection::Builder::address(self.address())?.build().await?;
            let (name, path) = ("org.freedesktop.login1", "/org/freedesktop/login1");
            let manager = Some("org.freedesktop.login1.Manager");
            let reply = connection.call_method(Some(name), path, manager, "ListInhibitors", &()).await?;
            let rows: Vec<(String, String, String, String, u32, u32)> = reply.body().deserialize()?;
            Ok::<_, zbus::Error>(rows)
        };
        let rows =
            self.runtime.block_on(listed).unwrap().into_iter().filter(|row| row.5 == pid && row.3 == "block");
        rows.map(|(what, who, why, mode, ..)| Inhibitor { what, who, why, mode }).collect()
    }
}

fn ours() -> Inhibitor {
    let [what, who, why, mode] = ["sleep", "Errand", "A task is at work", "block"].map(str::to_owned);
    Inhibitor { what, who, why, mode }
}

#[track_caller]
fn until_held(what: &str, held: bool, inhibitors: impl Fn() -> Vec<Inhibitor>) {
    let wanted = if held { vec![ours()] } else { Vec::new() };
    let is_so = || Ok((inhibitors() == wanted).then_some(()));
    wait::until(what, LIMIT, is_so).unwrap_or_else(|error| panic!("{error}: {:?}", inhibitors()));
}

/// What `errand doctor` says of the sleep.
fn said(home: &Home) -> String {
    let report = home.json("doctor");
    let rows = report["rows"].as_array().unwrap();
    rows.iter().find(|row| row["name"] == "sleep").unwrap()["text"].as_str().unwrap().to_owned()
}

/// A task that runs until it is let go, waits for an answer, and runs on until it is let go again.
fn through_a_question(home: &Home, inhibitors: impl Fn() -> Vec<Inhibitor>) {
    let [first, second] = ["first", "second"].map(|name| home.fifo(name));
    assert_eq!(inhibitors(), [], "nothing is at work");
    let work = r#"read x <first; a=$($E ask "Which colour?"); read x <second; echo "painted it $a""#;
    let id = script(home, "", work);
    until_held("it is held while the task runs", true, &inhibitors);
    assert!(said(home).ends_with(&format!("{id} is at work.")), "{}", said(home));
    home.open(&first);
    home.wait_for_state(&id, "needs_you");
    until_held("it is let go while the task waits", false, &inhibitors);
    assert_eq!(said(home), "The computer may sleep. It is kept awake while a task is at work.");
    home.ok(&format!("answer {id} blue"));
    until_held("it is held again with the answer", true, &inhibitors);
    home.open(&second);
    home.ended(&[&id]);
    until_held("it is let go when all is done", false, &inhibitors);
}

#[test]
fn the_machine_is_kept_awake_while_a_task_runs_and_not_while_it_waits_for_an_answer() {
    let system = System::new();
    let logind = system.logind();
    let home = system.home();
    home.start_and_keep();
    through_a_question(&home, || logind.inhibitors());
    home.quit();
}

#[test]
fn an_engine_that_is_killed_keeps_nothing_awake() {
    let system = System::new();
    let logind = system.logind();
    let home = system.home();
    let engine = home.start();
    home.sh("", "sleep 1000");
    until_held("it is held", true, || logind.inhibitors());
    engine.kill();
    until_held("it is let go", false, || logind.inhibitors());
}

#[test]
fn on_battery_and_when_switched_off_the_machine_may_sleep_and_the_timeline_says_so() {
    let system = System::new();
    let logind = system.logind();
    let home = system.home();
    home.start_and_keep();
    let id = home.sh("", "sleep 1000");
    until_held("it is held", true, || logind.inhibitors());
    system.runtime.block_on(logind.set_on_battery(true)).unwrap();
    until_held("it is let go on battery", false, || logind.inhibitors());
    assert_eq!(
        said(&home),
        format!("The computer runs on its battery and may sleep although {id} is at work.")
    );
    let line = "The computer may sleep now, although it is at work: it runs on its battery";
    let told = || home.json(&format!("history {id}")).to_string().contains(line);
    wait::until("its timeline says so", LIMIT, || Ok(told().then_some(()))).unwrap();
    home.ok("settings set keep_awake_on_battery true");
    until_held("it is held on battery, too", true, || logind.inhibitors());
    home.ok("settings set keep_awake false");
    until_held("it is let go when switched off", false, || logind.inhibitors());
    assert_eq!(said(&home), format!("The computer may sleep although {id} is at work."));
    home.quit();
}

#[test]
fn without_a_logind_the_work_is_done_and_the_doctor_says_what_is_missing() {
    let home = Home::new();
    home.start_and_keep();
    let id = home.sh("", "echo done");
    home.ended(&[&id]);
    assert_eq!(said(&home), "The computer cannot be kept awake: there is no system bus.");
    home.quit();

    let system = System::new();
    let home = system.home();
    home.start_and_keep();
    home.sh("", "sleep 1000");
    let missing = "The computer cannot be kept awake: logind is not running.";
    wait::until("it says so", LIMIT, || Ok((said(&home) == missing).then_some(()))).unwrap();
    let logind = system.logind();
    until_held("a logind that comes later is asked", true, || logind.inhibitors());
    home.quit();
}

#[test]
fn the_logind_of_this_system_agrees() {
    let as_root = rustix::process::getuid().is_root();
    // A second one beside that of a running system would take its seat away.
    if !as_root || !Path::new(LOGIND).exists() || Path::new("/run/systemd/system").exists() {
        println!("unproven here: this needs root, {LOGIND}, and no systemd that runs already");
        return;
    }
    let system = System::new();
    let mut command = Command::new(LOGIND);
    command.env_clear().env("DBUS_SYSTEM_BUS_ADDRESS", system.address());
    let _logind = Running::start(command).unwrap();
    let home = system.home();
    let engine = home.start();
    let pid = engine.pid();
    let ready = "The computer may sleep. It is kept awake while a task is at work.";
    wait::until("logind has been found", LIMIT, || Ok((said(&home) == ready).then_some(()))).unwrap();
    through_a_question(&home, || system.listed(pid));
    home.sh("", "sleep 1000");
    until_held("it is held", true, || system.listed(pid));
    engine.kill();
    until_held("it is let go", false, || system.listed(pid));
}

#[test]
fn a_shutdown_waits_until_what_is_at_work_is_written_down_and_nothing_is_left() {
    let system = System::new();
    let logind = system.logind();
    let home = system.home();
    let mut engine = home.start();
    wait::until("a shutdown would wait", LIMIT, || Ok((logind.delays().len() == 1).then_some(()))).unwrap();
    let [what, who, why, mode] =
        ["shutdown", "Errand", "Writes down what is at work", "delay"].map(str::to_owned);
    assert_eq!(logind.delays(), [Inhibitor { what, who, why, mode }]);
    let stubborn = home.sh("", "trap '' TERM; echo begun; while :; do sleep 1; done");
    home.wait_for(&stubborn, "has printed", |task| task["run"]["last_output_at"].is_string());
    let begin = clock::now();
    system.runtime.block_on(logind.prepare_for_shutdown()).unwrap();
    engine.running.wait(LIMIT).unwrap();
    let took = begin.elapsed();
    assert!(took < std::time::Duration::from_secs(5), "it took {took:?}");
    assert_eq!(logind.delays(), []);
    home.nothing_left();
    let _engine = home.start();
    assert_eq!(home.wait_for_state(&stubborn, "unknown")["reason"]["code"], "engine_stopped");
    home.quit();
}
