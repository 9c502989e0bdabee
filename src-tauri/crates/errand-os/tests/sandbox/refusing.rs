//! Machines on which less works. They are made here, out of namespaces; where even that is not possible, this
//! machine is one of them.

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, ExitCode, Stdio};

use errand_os::{Isolation, ProcessEvent, StartFailure, probe};

use crate::Test;
use crate::lab::{outcome, with_lab};
use crate::world::World;

pub const TESTS: &[Test] = &[
    (
        "without_namespaces_the_probe_says_so_and_nothing_starts",
        without_namespaces_the_probe_says_so_and_nothing_starts,
    ),
    (
        "without_bubblewrap_the_probe_says_so_and_nothing_starts",
        without_bubblewrap_the_probe_says_so_and_nothing_starts,
    ),
    ("all_of_it_holds_for_somebody_who_is_not_root", all_of_it_holds_for_somebody_who_is_not_root),
];

/// Played by this binary on such a machine: bubblewrap was agreed on, and is not to be had.
pub fn play() -> ExitCode {
    let why = probe().bubblewrap.expect_err("bubblewrap works here");
    with_lab(|lab| async {
        let world = World::new();
        let told = outcome(lab.spawn(world.sh("echo it runs", Isolation::Bubblewrap { landlock: 0 }))).await;
        assert_eq!(told.stdout, "");
        match &told.events[..] {
            [ProcessEvent::StartFailed { kind: StartFailure::Other(text) }] => println!("refused: {text}"),
            other => panic!("{other:?}"),
        }
        lab
    });
    println!("because: {why}");
    ExitCode::SUCCESS
}

fn said(command: &mut Command) -> Option<String> {
    let told = command.stdin(Stdio::null()).output().unwrap();
    told.status.success().then(|| String::from_utf8(told.stdout).unwrap())
}

fn without_namespaces_the_probe_says_so_and_nothing_starts() {
    let own = std::env::current_exe().unwrap();
    let script = "echo 0 > /proc/sys/user/max_user_namespaces && exec \"$0\" refused";
    let nested =
        Command::new("unshare").args(["--user", "--map-root-user", "sh", "-c", script]).arg(&own).output();
    let text = match nested {
        Ok(told) if told.status.success() => String::from_utf8(told.stdout).unwrap(),
        // No namespace can be made, not even for this: so it has to be refused right here.
        _ => said(Command::new(&own).arg("refused")).expect("neither isolated nor refused"),
    };
    let refused =
        text.lines().find_map(|line| line.strip_prefix("refused: it cannot be isolated as agreed: "));
    let because = text.lines().find_map(|line| line.strip_prefix("because: "));
    assert!(refused.is_some() && refused == because, "{text}");
}

fn without_bubblewrap_the_probe_says_so_and_nothing_starts() {
    let own = std::env::current_exe().unwrap();
    let hide = ["--dev-bind", "/", "/", "--ro-bind", "/dev/null", "/usr/bin/bwrap", "--"];
    let text = match probe().bubblewrap {
        Ok(()) => said(Command::new("bwrap").args(hide).arg(own).arg("refused")),
        Err(_) => said(Command::new(own).arg("refused")),
    };
    let text = text.expect("neither isolated nor refused");
    assert!(text.contains("refused: ") && text.contains("because: "), "{text}");
    if probe().bubblewrap.is_ok() {
        assert!(text.contains("refused: bubblewrap is not installed any more"), "{text}");
        assert!(text.contains("because: bubblewrap is not installed"), "{text}");
    }
}

/// The kernel makes exceptions for root. The person who uses this is not root.
fn all_of_it_holds_for_somebody_who_is_not_root() {
    if !probe().root {
        return; // Then every test above was that.
    }
    // A container may know nobody but root, and then nobody else can use it either.
    let known = std::fs::read_to_string("/proc/self/uid_map").unwrap();
    let inside = |line: &str| {
        let numbers: Vec<u64> = line.split_whitespace().map(|number| number.parse().unwrap()).collect();
        (numbers[0]..numbers[0] + numbers[2]).contains(&65534)
    };
    if !known.lines().any(inside) {
        println!("root is alone here: {known}");
        return;
    }
    let base = tempfile::tempdir().unwrap();
    std::fs::set_permissions(base.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let copy = base.path().join("tests");
    std::fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
    let told = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all"])
        .arg(&copy)
        .env_remove("TMPDIR")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&told.stdout).into_owned() + &String::from_utf8_lossy(&told.stderr);
    println!("{text}");
    assert!(told.status.success() && text.contains("all passed"), "as somebody else: {text}");
}
