//! One secret value goes through everything a run can say, and is found nowhere afterwards.

use std::path::{Path, PathBuf};

use super::{Chain, set};
use crate::world::{Home, background, finish, processes};

/// With characters that each encoding writes in its own way.
const CANARY: &str = r#"canary/+"é\7f3a9c1e5b"#;

/// A form of it is enough to have it.
fn forms() -> Vec<Vec<u8>> {
    let json = serde_json::to_string(CANARY).unwrap();
    // `printf %s "$CANARY" | base64`, without the letters that what follows would change.
    let base64 = "Y2FuYXJ5Lysiw6lcN2YzYTljMWU1";
    let hex: String = CANARY.bytes().map(|byte| format!("{byte:02x}")).collect();
    [CANARY, json.trim_matches('"'), base64, &hex, "7f3a9c1e5b"].map(|form| form.as_bytes().to_vec()).into()
}

fn holds(bytes: &[u8]) -> bool {
    forms().iter().any(|form| bytes.windows(form.len()).any(|window| window == form))
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => files(&path, found),
            Ok(kind) if kind.is_file() => found.push(path),
            Ok(_) | Err(_) => {}
        }
    }
}

#[track_caller]
fn in_no_file(home: &Home) {
    let mut all = Vec::new();
    files(home.root(), &mut all);
    // What engines and terminals said about themselves, with everything switched on.
    all.push(home.scratch().join("headless.log"));
    assert!(all.iter().any(|path| path.ends_with("logs.db")), "{all:?}");
    let found: Vec<_> =
        all.iter().filter(|path| std::fs::read(path).is_ok_and(|bytes| holds(&bytes))).collect();
    assert_eq!(found, Vec::<&PathBuf>::new());
}

/// Processes that have it in their environment or command line.
fn carriers() -> Vec<(u32, String)> {
    carriers_of(holds)
}

fn carriers_of(holds: impl Fn(&[u8]) -> bool) -> Vec<(u32, String)> {
    let pids = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let carriers = pids.filter_map(|pid| {
        let read = |what: &str| std::fs::read(format!("/proc/{pid}/{what}")).unwrap_or_default();
        let line = read("cmdline");
        let name = String::from_utf8_lossy(&line).replace('\0', " ").trim_end().to_owned();
        (holds(&read("environ")) || holds(&line)).then_some((pid, name))
    });
    carriers.collect()
}

const CHATTY: &str = r##"
E="$ERRAND_PROGRAM"
first=${CANARY%%7f*}; last=${CANARY#"$first"}
printf 'in pieces: %s' "$first"; sleep 1.5; printf '%s\n' "$last"
printf 'bold: %s\033[1m%s\033[0m\n' "$first" "$last"
printf 'encoded: '; printf %s "$CANARY" | base64
printf 'basic: '; printf 'me:%s' "$CANARY" | base64
printf 'hex: '; printf %s "$CANARY" | od -An -v -tx1 | tr -d ' \n'; echo
printf 'to stderr: %s\n' "$CANARY" >&2
"$E" progress --percent 40 "has $CANARY"
"$E" effect "sends $CANARY"; "$E" effect "sends $CANARY" --done
"$E" ask "Is $CANARY right?" --option Yes --option "$CANARY" >/dev/null
read go <hold
"$E" finish "# Used $CANARY" --met "$CANARY works"
printf 'last words: %s' "$CANARY"
"##;

#[test]
fn a_secret_is_found_nowhere_but_in_the_one_program_that_was_given_it() {
    let chain = Chain::open();
    let home = Home::new().on_bus(chain.bus());
    let engine = home.start_with(&[("ERRAND_LOG", "trace")]);
    let watch = background(home.command(["watch", "--json", "--cursor", "0"]));
    let kept = set(&home, "token", CANARY);
    assert_eq!(kept.code, 0, "{kept:?}");
    assert!(!holds(kept.out.as_bytes()) && carriers().is_empty(), "{:?}", carriers());

    let hold = home.fifo("hold");
    let chatty = home.sh("--secret CANARY=token --title chatty", CHATTY);
    let follow = background(home.command(["log", &chatty, "--follow", "--json"]));
    home.wait_for_state(&chatty, "needs_you");
    home.ok(&format!("answer {chatty} yes"));
    home.wait_for_state(&chatty, "running");
    let program = home.task(&chatty)["run"]["pid"].as_u64().unwrap();
    // Where it holds, its last helper has ended.
    let hand = std::fs::File::options().write(true).open(&hold).unwrap();
    let pids: Vec<u64> = carriers().into_iter().map(|(pid, _)| pid.into()).collect();
    assert_eq!(pids, [program], "{:?}", carriers());
    in_no_file(&home);
    drop(hand);
    home.ended(&[&chatty]);

    // A worker that puts it wherever a response takes text, and one that fails with it on its lips.
    let respond = r##"case $ERRAND_TURN in
        1) s='"status":"continue","next_task":"C","question":{"question":"C?","options":["C","No"]}' ;;
        *) s='"status":"done","report":"# C","verification":[{"what":"C","met":true,"note":"C"}]' ;;
    esac
    python3 -c 'import json, os, sys; c = os.environ["CANARY"]
def put(x):
    if isinstance(x, str): return x.replace("C", c)
    if isinstance(x, list): return [put(y) for y in x]
    return {k: put(y) for k, y in x.items()} if isinstance(x, dict) else x
json.dump(put(json.loads("{" + sys.argv[1] + ",\"summary\":\"C\"}")), open(os.environ["ERRAND_RESPONSE_FILE"], "w"))' "$s""##;
    let worker = home.run(["run", "--secret", "CANARY=token", "Paint", "--", "sh", "-c", respond]);
    let worker = worker.out.trim_end().to_owned();
    home.wait_for_state(&worker, "needs_you");
    home.ok(&format!("answer {worker} no"));
    let fails = home.sh(
        "--secret CANARY=token",
        r#"printf 'about %s\n' "$CANARY"; printf 'not %s\n' "$CANARY" >&2; exit 3"#,
    );
    home.ended(&[&worker, &fails]);
    assert_eq!([&chatty, &worker, &fails].map(|id| home.state(id)), ["completed", "completed", "failed"]);

    for id in [&chatty, &worker, &fails] {
        for line in ["show", "history", "log"] {
            for format in ["--json", ""] {
                let said = home.ok(&format!("{line} {id} {format}"));
                assert!(!holds(said.as_bytes()), "{line} {format}: {said}");
            }
        }
    }
    for line in ["list --json", "doctor --json", "credential list --json", "list --search canary --json"] {
        assert!(!holds(home.ok(line).as_bytes()), "{line}");
    }
    let log = home.ok(&format!("log {chatty}"));
    for line in ["bold: •••", "encoded: •••", "hex: •••", "to stderr: •••", "last words: •••"]
    {
        assert!(log.contains(line), "{line} is missing in {log}");
    }
    let lines: Vec<&str> = log.lines().map(str::trim_end).collect();
    assert_eq!(
        lines[..2],
        ["in pieces:", "•••"],
        "what is held back of a line comes when it is known: {log}"
    );
    let report = home.report(&fails);
    assert!(report.contains("about •••") && report.contains("not •••"), "{report}");
    assert_eq!(home.report(&chatty), "# Used •••");
    in_no_file(&home);
    drop(engine);
    home.start_and_keep();
    home.ok("list");
    in_no_file(&home);
    home.quit();
    in_no_file(&home);
    for running in [watch, follow] {
        let said = finish(running);
        assert!(said.out.contains("•••") && !holds(said.out.as_bytes()), "{said:?}");
    }
}

#[test]
fn what_isolates_a_program_does_not_carry_its_secret() {
    let home = Home::new();
    home.start_and_keep();
    // Programs of other tests run at the same time, so the value is one of its own.
    let canary = format!("isolated-canary-{}", std::process::id());
    assert_eq!(set(&home, "token --session", &canary).code, 0);
    let hold = home.fifo("hold");
    let id = home.sh("--isolate --secret CANARY=token", r#"test -n "$CANARY" && read go <hold"#);
    let hand = std::fs::File::options().write(true).open(&hold).unwrap();
    let holds = |bytes: &[u8]| bytes.windows(canary.len()).any(|window| window == canary.as_bytes());
    let carriers = carriers_of(holds);
    assert!(carriers.len() == 1 && carriers[0].1.starts_with("sh -c test"), "{carriers:?}");
    assert!(processes::programs_of(&home).len() >= carriers.len());
    drop(hand);
    home.ended(&[&id]);
    home.quit();
}
