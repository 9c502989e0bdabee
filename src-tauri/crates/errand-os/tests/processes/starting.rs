use std::os::unix::fs::PermissionsExt;

use errand_os::{Exit, ProcessEvent, ProcessIdentity, StartFailure, raise_open_files, read_now};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::Test;
use crate::lab::{
    Lab, descriptors, events, launch, name_of, outcome, parent_of, sh, started, until, with_lab,
};

pub const TESTS: &[Test] = &[
    ("exit_code_and_output_arrive", exit_code_and_output_arrive),
    ("output_is_there_before_the_runtime_has_noticed", output_is_there_before_the_runtime_has_noticed),
    ("a_signal_is_told_as_one", a_signal_is_told_as_one),
    ("what_cannot_start_says_why", what_cannot_start_says_why),
    ("a_script_without_a_first_line_runs_in_the_shell", a_script_without_a_first_line_runs_in_the_shell),
    ("long_command_lines_and_large_environments_pass", long_command_lines_and_large_environments_pass),
    ("the_environment_is_exactly_the_given_one", the_environment_is_exactly_the_given_one),
    ("a_program_starts_clean", a_program_starts_clean),
    ("fifty_at_once_leak_no_descriptor", fifty_at_once_leak_no_descriptor),
];

fn exit_code_and_output_arrive() {
    with_lab(|lab| async {
        let mut process = lab.sh("head -c 300000 /dev/zero | tr '\\0' x; echo problem >&2; exit 7");
        let ProcessEvent::Started { identity } = process.next().await else { panic!("not started") };
        assert_eq!(identity.boot_id, ProcessIdentity::of_self().unwrap().boot_id);
        let outcome = outcome(process).await;
        assert_eq!(outcome.stdout.len(), 300_000);
        assert_eq!(outcome.stderr, "problem\n");
        let [ProcessEvent::Exited { exit: Exit::Code(7), gone: true, max_rss_kib, .. }] = outcome.events[..]
        else {
            panic!("{:?}", outcome.events)
        };
        assert!(max_rss_kib > 100);
        assert!(!identity.is_alive());
        lab
    });
}

fn output_is_there_before_the_runtime_has_noticed() {
    with_lab(|lab| async {
        let mut process = lab.sh("echo printed");
        let stdout = process.stdout.take().unwrap();
        // Nothing is awaited here, as while the runtime is busy with other tasks.
        let limit = Timespec { tv_sec: 10, tv_nsec: 0 };
        let printed = poll(&mut [PollFd::new(&stdout, PollFlags::IN)], Some(&limit));
        assert_eq!(printed, Ok(1), "nothing was printed");
        let mut buffer = [0; 64];
        assert_eq!(stdout.try_read(&mut buffer).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
        assert_eq!(read_now(&stdout, &mut buffer).unwrap(), "printed\n".len());
        events(&mut process).await;
        lab
    });
}

fn a_signal_is_told_as_one() {
    with_lab(|lab| async {
        let outcome = outcome(lab.sh("kill -9 $$")).await;
        assert!(matches!(outcome.events[1], ProcessEvent::Exited { exit: Exit::Signal(9), gone: true, .. }));
        lab
    });
}

async fn failure(lab: &Lab, launch: errand_os::Launch) -> StartFailure {
    match &outcome(lab.spawn(launch)).await.events[..] {
        [ProcessEvent::StartFailed { kind }] => kind.clone(),
        other => panic!("{other:?}"),
    }
}

fn what_cannot_start_says_why() {
    with_lab(|lab| async {
        let base = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str, mode| {
            let path = base.path().join(name);
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let in_folder = |folder: &str| errand_os::Launch { cwd: folder.into(), ..launch(&["true"]) };

        assert_eq!(failure(&lab, launch(&["no-such-program"])).await, StartFailure::ProgramMissing);
        assert_eq!(failure(&lab, launch(&["./no-such-program"])).await, StartFailure::ProgramMissing);
        assert_eq!(failure(&lab, launch(&[])).await, StartFailure::ProgramMissing);
        assert_eq!(failure(&lab, in_folder("/no/such/folder")).await, StartFailure::FolderMissing);
        assert_eq!(failure(&lab, in_folder("/bin/true")).await, StartFailure::FolderMissing);
        for (launch, says) in [
            (launch(&[&file("plain", "text", 0o644)]), "not an executable file"),
            (launch(&[&file("lost", "#!/no/such/reader\n", 0o755)]), "is missing"),
            (launch(&["true", "a\0b"]), "zero byte"),
            (launch(&["true", &"x".repeat(200_000)]), "too long"),
        ] {
            match failure(&lab, launch).await {
                StartFailure::Other(text) => assert!(text.contains(says), "{text}"),
                other => panic!("{other:?}"),
            }
        }
        lab
    });
}

fn a_script_without_a_first_line_runs_in_the_shell() {
    with_lab(|lab| async {
        let base = tempfile::tempdir().unwrap();
        let path = base.path().join("script");
        std::fs::write(&path, "echo \"$0 got $*\"\n").unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        let launch = errand_os::Launch { cwd: base.path().into(), ..launch(&["./script", "a b", "c"]) };
        let says = outcome(lab.spawn(launch)).await.stdout;
        assert!(says.ends_with("script got a b c\n"), "{says}");
        lab
    });
}

fn long_command_lines_and_large_environments_pass() {
    with_lab(|lab| async {
        let numbers: Vec<String> = (0..300).map(|n| n.to_string()).collect();
        let argv: Vec<&str> = ["/bin/echo"].into_iter().chain(numbers.iter().map(String::as_str)).collect();
        assert_eq!(outcome(lab.spawn(launch(&argv))).await.stdout.trim(), numbers.join(" "));

        let mut large = sh("echo ${#V0} ${#V9}");
        large.env.extend((0..10).map(|n| (format!("V{n}"), "x".repeat(100_000))));
        assert_eq!(outcome(lab.spawn(large)).await.stdout, "100000 100000\n");
        lab
    });
}

fn the_environment_is_exactly_the_given_one() {
    with_lab(|lab| async {
        let mut launch = launch(&["env"]);
        launch.env.push(("ERRAND_RUN".into(), "a lie".into()));
        launch.env.push(("ODD".into(), "a=b\nc “ü”".into()));
        let expected = format!(
            "PATH=/usr/bin:/bin\nODD=a=b\nc “ü”\nERRAND_TASK={}\nERRAND_RUN={}-{}\n",
            launch.task, lab.mark, launch.run
        );
        assert_eq!(outcome(lab.spawn(launch)).await.stdout, expected);
        lab
    });
}

fn a_program_starts_clean() {
    with_lab(|lab| async {
        let base = tempfile::tempdir().unwrap();
        let folder = base.path().canonicalize().unwrap();
        let script = "grep -E 'Sig(Blk|Ign)' /proc/self/status | cut -f2; ls /proc/self/fd; pwd -P; readlink /proc/self/fd/0";
        let found = outcome(lab.spawn(errand_os::Launch { cwd: folder.clone(), ..sh(script) })).await.stdout;
        let (masks, rest) = found.split_at(2 * 17);
        // Signals 32 and 33 are the C library's own, which it keeps from every program.
        let usual = |mask: &str| u64::from_str_radix(mask, 16).unwrap() & !(3 << 31);
        assert_eq!(masks.lines().map(usual).collect::<Vec<_>>(), [0, 0]);
        // Descriptor 3 is the folder that `ls` reads.
        assert_eq!(rest, format!("0\n1\n2\n3\n{}\n/dev/null\n", folder.display()));

        let given = outcome(lab.sh("ulimit -n")).await.stdout;
        raise_open_files().unwrap();
        let raised = Lab::open().await;
        assert_eq!(outcome(raised.sh("ulimit -n")).await.stdout, given, "programs get the usual limit back");
        raised.close().await;

        let mut process = lab.sh("echo $$; exec sleep 1000");
        let pid = started(&mut process).await;
        let supervisor = parent_of(pid).unwrap();
        assert_eq!(name_of(supervisor), "errand-super");
        assert_eq!(name_of(lab.spawner.pid()), "errand-spawner");
        assert_eq!(parent_of(supervisor), Some(lab.spawner.pid()));
        lab
    });
}

fn fifty_at_once_leak_no_descriptor() {
    with_lab(|lab| async {
        outcome(lab.sh("exit 0")).await;
        lab.nothing_left().await;
        let own = std::process::id();
        let before = (descriptors(own), descriptors(lab.spawner.pid()));

        let mut all: Vec<_> = (0..50).map(|_| lab.sh("exec sleep 1000")).collect();
        for process in &mut all {
            let supervisor = parent_of(started(process).await).unwrap();
            // The three standard ones, where signals arrive, the engine's end, and where free ones wait.
            // What it looks something up with is open for a moment only.
            until(|| descriptors(supervisor).len() == 6).await;
        }
        assert_eq!(descriptors(lab.spawner.pid()), before.1);
        for mut process in all {
            process.end();
            let events = outcome(process).await.events;
            assert!(matches!(events[..], [ProcessEvent::Exited { exit: Exit::Signal(15), gone: true, .. }]));
        }
        lab.nothing_left().await;
        assert_eq!((descriptors(own), descriptors(lab.spawner.pid())), before);
        lab
    });
}
