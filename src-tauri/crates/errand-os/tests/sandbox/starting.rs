//! How an isolated program starts, what it finds, and what it is told it cannot have.

use std::os::unix::fs::PermissionsExt;

use errand_base::RunId;
use errand_os::{Access, Exit, ProcessEvent, RUN_VARIABLE, Sandbox, Spawner, StartFailure};

use crate::Test;
use crate::lab::{Lab, groups, launch, marked, outcome, started, with_lab};
use crate::world::{World, present};

pub const TESTS: &[Test] = &[
    ("ends_are_told_as_they_were", ends_are_told_as_they_were),
    (
        "a_program_finds_an_empty_home_and_no_way_to_the_desktop",
        a_program_finds_an_empty_home_and_no_way_to_the_desktop,
    ),
    ("neither_the_kernel_nor_the_gate_can_be_turned", neither_the_kernel_nor_the_gate_can_be_turned),
    ("the_runs_own_folder_and_socket_are_given", the_runs_own_folder_and_socket_are_given),
    ("an_update_beneath_the_engine_cuts_off_nobody", an_update_beneath_the_engine_cuts_off_nobody),
    ("what_cannot_be_isolated_does_not_start", what_cannot_be_isolated_does_not_start),
    ("large_command_lines_and_odd_names_pass", large_command_lines_and_odd_names_pass),
];

fn ends_are_told_as_they_were() {
    with_lab(|lab| async {
        let world = World::new();
        for kind in present() {
            for (script, exit) in [
                ("exit 0", Exit::Code(0)),
                ("exit 7", Exit::Code(7)),
                ("exit 137", Exit::Code(137)),
                ("exit 255", Exit::Code(255)),
                ("kill -9 $$", Exit::Signal(9)),
                ("kill -15 $$", Exit::Signal(15)),
                ("echo out; echo err >&2; exit 3", Exit::Code(3)),
            ] {
                let outcome = outcome(lab.spawn(world.sh(script, kind))).await;
                let [
                    ProcessEvent::Started { .. },
                    ProcessEvent::Exited { exit: told, gone: true, max_rss_kib, .. },
                ] = outcome.events[..]
                else {
                    panic!("{kind:?} {script}: {:?} {}", outcome.events, outcome.stderr)
                };
                assert_eq!(told, exit, "{kind:?} {script}");
                assert!(max_rss_kib > 100);
                let said = if script.starts_with("echo") { ("out\n", "err\n") } else { ("", "") };
                assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), said, "{kind:?}");
            }
        }
        lab
    });
}

fn a_program_finds_an_empty_home_and_no_way_to_the_desktop() {
    with_lab(|lab| async {
        let world = World::new();
        for kind in present() {
            let script = "ls -A \"$HOME/.ssh\" 2> /dev/null; touch \"$HOME/x\" && mktemp > /dev/null && echo usable; pwd; env; \
                          grep -E 'Sig(Blk|Ign)|NoNewPrivs|CapEff' /proc/self/status; ls /proc/self/fd";
            let mut launch = world.sh(script, kind);
            let kept = [("KEPT", "1"), ("LANG", "C")];
            let gone =
                [("DISPLAY", ":0"), ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/x"), ("SSH_AUTH_SOCK", "/x")];
            launch
                .env
                .extend(kept.iter().chain(&gone).map(|(name, value)| ((*name).into(), (*value).into())));
            let (task, run) = (launch.task.clone(), launch.run);
            let outcome = outcome(lab.spawn(launch)).await;
            let lines: Vec<&str> = outcome.stdout.lines().collect();
            assert_eq!(lines[0], "usable", "{kind:?}: {}{}", outcome.stdout, outcome.stderr);
            assert_eq!(lines[1], world.at("home/project").to_str().unwrap());
            for line in [
                "KEPT=1",
                "LANG=C",
                &format!("ERRAND_TASK={task}"),
                &format!("{RUN_VARIABLE}={}-{run}", lab.mark),
            ] {
                assert!(lines.contains(&line), "{kind:?}: {line} is missing: {}", outcome.stdout);
            }
            assert!(
                !lines.iter().any(|line| gone.iter().any(|(name, _)| line.starts_with(name))),
                "{kind:?}"
            );
            assert!(lines.contains(&"NoNewPrivs:\t1") && lines.contains(&"CapEff:\t0000000000000000"));
            let masks = lines.iter().filter_map(|line| line.strip_prefix("Sig")?.split_once('\t'));
            for (name, mask) in masks {
                // Signals 32 and 33 are the C library's own.
                assert_eq!(u64::from_str_radix(mask, 16).unwrap() & !(3 << 31), 0, "{kind:?} {name}");
            }
            assert_eq!(lines[lines.len() - 4..], ["0", "1", "2", "3"], "{kind:?}: open descriptors");
        }
        // Nothing was left in the real home, and no folder for temporary files either.
        assert!(!world.at("home/x").exists());
        lab
    });
}

fn neither_the_kernel_nor_the_gate_can_be_turned() {
    with_lab(|lab| async {
        let world = World::new();
        for kind in present() {
            // Opened for writing and closed again; nothing is changed where it succeeds.
            let script = "for name in kernel/core_pattern kernel/hostname kernel/modprobe vm/overcommit_memory; do \
                          (: >> /proc/sys/$name) 2> /dev/null && echo may write $name; done; \
                          (: >> /proc/sysrq-trigger) 2> /dev/null && echo may write sysrq; \
                          cat /proc/1/environ > /dev/null 2>&1 && echo may read process 1; \
                          unshare -Urn true 2> /dev/null; echo done";
            let said = outcome(lab.spawn(world.sh(script, kind))).await;
            assert_eq!(said.stdout, "done\n", "{kind:?}: {}", said.stderr);
        }
        lab
    });
}

fn the_runs_own_folder_and_socket_are_given() {
    with_lab(|lab| async {
        let world = World::new();
        let socket = world.at("home/errand/run/person.sock");
        for kind in present() {
            let closed = Sandbox { folder: Access::None, network: false, ..world.sandbox(kind) };
            let given = Sandbox { run_socket: Some(socket.clone()), ..closed };
            let launch = world.tries(&["connect", socket.to_str().unwrap()], Some(given.clone()));
            assert_eq!(outcome(lab.spawn(launch)).await.stdout, "true\n", "{kind:?}");

            let file = world.at("home/errand/work/1/answer");
            let script = format!("echo done > {} && pwd", file.display());
            let outcome = outcome(lab.spawn(world.program(&["sh", "-c", &script], Some(given)))).await;
            assert_eq!(std::fs::read_to_string(&file).unwrap(), "done\n", "{kind:?}");
            assert!(outcome.stdout.starts_with("/tmp"), "{kind:?}: {}", outcome.stdout);
            std::fs::remove_file(file).unwrap();
        }
        lab
    });
}

async fn failure(lab: &Lab, launch: errand_os::Launch) -> String {
    let outcome = outcome(lab.spawn(launch)).await;
    match &outcome.events[..] {
        [ProcessEvent::StartFailed { kind: StartFailure::Other(text) }] => text.clone(),
        other => panic!("{other:?} {} {}", outcome.stdout, outcome.stderr),
    }
}

fn an_update_beneath_the_engine_cuts_off_nobody() {
    with_lab(|lab| async {
        let world = World::new();
        let installed = world.at("installed");
        let install = || std::fs::copy(std::env::current_exe().unwrap(), &installed).unwrap();
        install();
        let spawner =
            Spawner::start(&installed, &RunId::random().to_string(), groups().as_ref()).await.unwrap();
        std::fs::remove_file(&installed).unwrap();
        install();
        for kind in present() {
            let told = outcome(spawner.spawn(world.sh("echo new", kind)).unwrap()).await;
            assert_eq!(told.stdout, "new\n", "{kind:?}: {:?}", told.events);
        }
        // Without any, nothing runs unguarded.
        std::fs::remove_file(&installed).unwrap();
        for kind in present() {
            let told = outcome(spawner.spawn(world.sh("echo new", kind)).unwrap()).await;
            assert!(
                matches!(told.events[..], [ProcessEvent::StartFailed { .. }]),
                "{kind:?}: {:?}",
                told.events
            );
        }
        spawner.close().await;
        lab
    });
}

fn what_cannot_be_isolated_does_not_start() {
    with_lab(|lab| async {
        let world = World::new();
        let script = |name: &str, text: &str| {
            let path = world.at(name);
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let (hidden, lost) =
            (script("home/tool", "#!/bin/sh\n"), script("home/project/lost", "#!/no/such\n"));
        let headless = script("home/project/headless", "echo it runs\n");
        for kind in present() {
            let isolated = |words: &[&str]| world.program(words, Some(world.sandbox(kind)));
            for (launch, says) in [
                (isolated(&[&hidden]), "is not among what an isolated program finds"),
                (isolated(&[&lost]), "is missing inside"),
                (errand_os::Launch { cwd: world.at("home"), ..isolated(&["true"]) }, "a whole home"),
                (
                    errand_os::Launch { cwd: world.at("home/.ssh"), ..isolated(&["true"]) },
                    ".ssh is kept from",
                ),
                (
                    errand_os::Launch { cwd: "/dev/shm".into(), ..isolated(&["true"]) },
                    "lies in /dev, which is kept",
                ),
            ] {
                let text = failure(&lab, launch).await;
                assert!(text.contains(says), "{kind:?}: {text}");
            }
            // A script without a first line is read by the shell, as everywhere.
            assert_eq!(outcome(lab.spawn(isolated(&[&headless]))).await.stdout, "it runs\n", "{kind:?}");

            // Ended before it runs, or right afterwards: never silently gone.
            let mut process = lab.spawn(isolated(&["sleep", "1000"]));
            process.end();
            assert!(outcome(process).await.events.last().is_some_and(ProcessEvent::is_last));
        }
        lab
    });
}

fn large_command_lines_and_odd_names_pass() {
    with_lab(|lab| async {
        let world = World::new();
        let folder = world.at("home/project/ä b\"'$\\");
        std::fs::create_dir(&folder).unwrap();
        let numbers: Vec<String> = (0..300).map(|n| format!("{n} ü")).collect();
        for kind in present() {
            let words: Vec<&str> = ["echo"].into_iter().chain(numbers.iter().map(String::as_str)).collect();
            let launch = world.program(&words, Some(world.sandbox(kind)));
            assert_eq!(outcome(lab.spawn(launch)).await.stdout.trim(), numbers.join(" "), "{kind:?}");

            let mut large = world.sh("echo ${#V0} ${#V9}; pwd", kind);
            large.cwd.clone_from(&folder);
            large.env.extend((0..10).map(|n| (format!("V{n}"), "x".repeat(100_000))));
            let said = outcome(lab.spawn(large)).await;
            assert_eq!(
                said.stdout,
                format!("100000 100000\n{}\n", folder.display()),
                "{kind:?} {}",
                said.stderr
            );
        }
        // Whatever ran is marked, so that the next engine would find it.
        let kind = present().into_iter().next();
        if let Some(kind) = kind {
            let mut process = lab.spawn(world.sh("echo ready; exec sleep 1000", kind));
            let main = started(&mut process).await;
            assert!(marked(&lab.mark).contains(&main));
            process.end();
            outcome(process).await;
        }
        // The launch of others is as it was.
        assert!(launch(&["true"]).sandbox.is_none());
        lab
    });
}
