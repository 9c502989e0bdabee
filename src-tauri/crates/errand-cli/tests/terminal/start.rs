//! Starting an engine: many terminals at once, one engine.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use crate::support::{Script, World, said};
use serde_json::json;

/// A folder with the real `errand` beside an `errand-desktop` that is a shell script.
fn programs(world: &World, desktop: &str) -> PathBuf {
    let folder = world.home.path().join("bin");
    std::fs::create_dir(&folder).unwrap();
    std::fs::copy(env!("CARGO_BIN_EXE_errand"), folder.join("errand")).unwrap();
    let script = folder.join("errand-desktop");
    std::fs::write(&script, format!("#!/bin/sh\n{desktop}\n")).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    folder.join("errand")
}

#[test]
fn fifty_terminals_without_an_engine_start_one() {
    let world = World::empty();
    let started = world.home.path().join("started");
    // Says that it was started and with what, and then lives on like an app does.
    let errand = programs(
        &world,
        &format!("echo \"$@\" >> {0}\nenv | sort > {0}.env\nexec sleep 5", started.display()),
    );
    let children: Vec<_> = (0..50)
        .map(|_| {
            let mut command = world.command_of(&errand, &["run", "--key", "k", "--", "true"]);
            command.env("DISPLAY", ":7").env("SECRET", "s").env("ERRAND_TOKEN", "t").env("ERRAND_PROBE", "p");
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    while !started.exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(200));
    world.serve(
        Script::default().reply("run", json!({"id": "bold-falcon-427", "duplicate": false, "notes": []})),
    );
    for child in children {
        let said = said(child.wait_with_output().unwrap());
        assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (0, "bold-falcon-427\n", ""));
    }
    assert_eq!(std::fs::read_to_string(&started).unwrap(), "--hidden\n", "one engine, hidden");
    let env = std::fs::read_to_string(started.with_extension("env")).unwrap();
    assert!(
        env.contains("DISPLAY=:7") && env.contains("ERRAND_PROBE=p") && env.contains("ERRAND_HOME="),
        "{env}"
    );
    assert!(!env.contains("SECRET") && !env.contains("ERRAND_TOKEN"), "{env}");
}

#[test]
fn a_stale_socket_of_a_dead_engine_is_no_engine() {
    let world = World::empty();
    drop(std::os::unix::net::UnixListener::bind(world.socket()).unwrap());
    let said = world.run(&["list"]);
    assert_eq!(said.code, 5, "{said:?}");
}

#[test]
fn an_app_that_cannot_start_is_told_in_its_own_words() {
    let world = World::empty();
    let errand = programs(&world, "echo 'cannot open display: :7' >&2; exit 1");
    let output = world.command_of(&errand, &[]).env("DISPLAY", ":7").output().unwrap();
    let said = said(output);
    assert_eq!(said.code, 5);
    assert!(said.err.contains("cannot open display: :7") && said.err.contains("engine.log"), "{}", said.err);
}

#[test]
fn an_app_that_runs_is_brought_forward() {
    let world = World::with(Script::default().reply("raise", json!({"reached": true})));
    let said = world.run(&[]);
    assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (0, "", ""));
    assert_eq!(world.last("raise"), json!({"window": {"kind": "quick", "task": null}}));
    assert_eq!(world.run(&["start", "--hidden"]).out, "Errand is running (process 4242).\n");
}

#[test]
fn an_engine_that_is_just_leaving_is_followed_by_a_new_one() {
    let world = World::empty();
    let started = world.home.path().join("started");
    // The first start meets the old engine's lock, as the real one does, and ends with that code.
    let refusal = r#"{"error":{"code":"engine_running","message":"m","hint":"h"}}"#;
    let desktop = format!(
        "echo x >> {0}\nif [ $(wc -l < {0}) = 1 ]; then echo '{refusal}' >&2; exit 6; fi\nexec sleep 5",
        started.display()
    );
    let errand = programs(&world, &desktop);
    let mut command = world.command_of(&errand, &["run", "--", "true"]);
    let child = command.env("DISPLAY", ":7").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while std::fs::read_to_string(&started).unwrap_or_default() != "x\nx\n" {
        std::thread::sleep(Duration::from_millis(5));
    }
    world.serve(
        Script::default().reply("run", json!({"id": "bold-falcon-427", "duplicate": false, "notes": []})),
    );
    let said = said(child.wait_with_output().unwrap());
    assert_eq!((said.code, said.out.as_str()), (0, "bold-falcon-427\n"));
}

#[test]
fn a_hand_over_that_was_cut_off_is_repeated_only_with_a_key() {
    let tries = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = tries.clone();
    let reply = json!({"id": "bold-falcon-427", "duplicate": true, "notes": []});
    let world = World::with(Script {
        hang_up_on: Some("run"),
        ..Script::default().on("run", move |_| {
            count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            Ok(reply.clone())
        })
    });
    let plain = world.run(&["run", "--", "true"]);
    assert_eq!(plain.code, 5);
    assert!(plain.err.contains("taken the task or not"), "{}", plain.err);
    let keyed = world.run(&["run", "--key", "k", "--", "true"]);
    assert_eq!((keyed.code, keyed.out.as_str()), (0, "bold-falcon-427\n"));
    assert_eq!(
        tries.load(std::sync::atomic::Ordering::SeqCst),
        1,
        "the first two were cut off before the answer"
    );
}
