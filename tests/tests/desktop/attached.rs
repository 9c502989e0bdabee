//! The app beside an engine that was there before it.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use errand_testkit::desktop::tray::TrayHost;
use errand_testkit::desktop::{Desktop, Result};
use serde_json::Value;

use super::LIMIT;

#[tokio::test(flavor = "multi_thread")]
async fn the_app_attaches_to_an_engine_that_runs_and_its_task_goes_on_and_ends_once() -> Result<()> {
    let desktop = Desktop::start()?;
    let tray = TrayHost::start(&desktop).await?;
    let gate = desktop.scratch().join("gate");
    rustix::fs::mkfifoat(rustix::fs::CWD, &gate, rustix::fs::Mode::RWXU).unwrap();

    let waits = format!("echo begun >> starts; cat {}; echo through", gate.display());
    let errand = |args: &[&str]| {
        let mut command = desktop.command(errand_tests::errand().unwrap());
        command.args(args).current_dir(desktop.scratch());
        command
    };
    let mut start = errand(&["start", "--headless"]);
    start.stdout(Stdio::piped());
    let mut engine = desktop.spawn(start)?;
    let mut ready = String::new();
    BufReader::new(engine.child().stdout.take().unwrap()).read_line(&mut ready)?;
    let id = document(&mut errand(&["run", "--json", "--", "sh", "-c", &waits]))["id"].clone();
    let id = id.as_str().unwrap();

    // `errand` beside it: an icon, the same engine, the task still at work in its menu.
    let said = document(&mut errand(&["--json"]));
    assert_eq!((&said["pid"], &said["started"]), (&Value::from(engine.pid()), &Value::from(false)), "{said}");
    let icon = tray.item(LIMIT).await?;
    icon.menu_when("the task runs", LIMIT, |menu| {
        menu.labels().iter().any(|label| label.starts_with("Running"))
    })
    .await?;

    std::fs::write(&gate, "opened\n").unwrap();
    let ended = errand(&["wait", id]).status().unwrap();
    assert!(ended.success());
    let shown = document(&mut errand(&["show", id, "--json"]));
    assert_eq!((&shown["state"], &shown["run"]["n"]), (&Value::from("completed"), &Value::from(1)));
    assert_eq!(std::fs::read_to_string(desktop.scratch().join("starts")).unwrap(), "begun\n");

    assert!(errand(&["quit"]).status().unwrap().success());
    tray.is_empty(LIMIT).await
}

fn document(command: &mut Command) -> Value {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}
