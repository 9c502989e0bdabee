use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use errand_model::approval::FileAction;
use errand_model::{Execution, Workspace};
use serde_json::json;

use super::*;

struct Lab(tempfile::TempDir);

impl Lab {
    fn new() -> Lab {
        let lab = Lab(tempfile::tempdir().unwrap());
        fs::create_dir(lab.folder()).unwrap();
        lab.program("tool.sh", "echo one");
        lab
    }

    fn folder(&self) -> PathBuf {
        self.0.path().join("project")
    }

    fn program(&self, name: &str, body: &str) {
        let path = self.folder().join(name);
        fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn scales(&self, security: Security, ask: AskMode, rules: &[&str]) -> Scales {
        let execution = Execution { security, ask, workspace: Workspace::Rw, ..Execution::default() };
        Scales::of(&Program {
            argv: vec!["sh".into()],
            cwd: self.folder(),
            within: None,
            env: vec![("PATH".into(), "/usr/bin:/bin".into())],
            secrets: Vec::new(),
            brief: Some("Work".into()),
            execution,
            allow: rules.iter().map(|rule| (*rule).to_owned()).collect(),
            around: Default::default(),
        })
        .unwrap()
    }

    fn asks_always(&self) -> Scales {
        self.scales(Security::Full, AskMode::Always, &[])
    }

    fn seal(&self, argv: &[&str]) -> String {
        let mut weighed = self.asks_always().weigh(&[run(argv)]);
        match weighed.calls.remove(0) {
            Weight::Ask(asked) => asked.seal,
            other => panic!("{other:?}"),
        }
    }
}

fn call(name: &str, arguments: serde_json::Value) -> ToolCall {
    ToolCall { id: String::new(), name: name.into(), arguments }
}

fn run(argv: &[&str]) -> ToolCall {
    call("run_command", json!({ "argv": argv }))
}

fn write(path: &str, text: &str) -> ToolCall {
    call("write_file", json!({ "path": path, "text": text }))
}

fn edit(path: &str, old: &str, new: &str) -> ToolCall {
    call("edit_file", json!({ "path": path, "old": old, "new": new }))
}

fn kind(weight: &Weight) -> &'static str {
    match weight {
        Weight::Free => "free",
        Weight::Refused(_) => "refused",
        Weight::Ask(_) => "ask",
    }
}

#[test]
fn a_seal_is_another_one_with_any_word_program_script_or_folder() {
    let lab = Lab::new();
    lab.program("other.sh", "echo two");
    let first = lab.seal(&["./tool.sh", "a"]);
    assert_eq!(first, lab.seal(&["./tool.sh", "a"]));
    let script = lab.seal(&["sh", "-e", "other.sh"]);
    for argv in [&["./tool.sh"][..], &["./tool.sh", "a", ""], &["./tool.shx", "a"], &["./other.sh", "a"]] {
        assert_ne!(first, lab.seal(argv), "{argv:?}");
    }
    lab.program("tool.sh", "echo worse");
    assert_ne!(first, lab.seal(&["./tool.sh", "a"]));
    lab.program("tool.sh", "echo one");
    assert_eq!(first, lab.seal(&["./tool.sh", "a"]), "what it holds counts, not when it was written");
    lab.program("other.sh", "echo worse");
    assert_ne!(script, lab.seal(&["sh", "-e", "other.sh"]));
    let aside = lab.0.path().join("aside");
    fs::rename(lab.folder(), &aside).unwrap();
    fs::create_dir(lab.folder()).unwrap();
    lab.program("tool.sh", "echo one");
    assert_ne!(first, lab.seal(&["./tool.sh", "a"]), "another folder of that name");
}

#[test]
fn each_call_is_done_refused_or_asked_about_as_it_was_agreed() {
    use AskMode::{Always, Off, OnMiss};
    use Security::{Allowlist, Deny, Full};
    let lab = Lab::new();
    fs::write(lab.folder().join("a"), "a").unwrap();
    let calls = [
        run(&["cat", "a"]),
        run(&["./tool.sh"]),
        write("a", "b"),
        write("other", "b"),
        edit("a", "b", "c"),
        call("read_file", json!({ "path": "a" })),
    ];
    let rules: &[&str] = &["cat <path>", "write_file a"];
    for (security, ask, rules, wanted) in [
        (Full, Always, &[][..], ["ask", "ask", "ask", "ask", "ask", "free"]),
        (Full, OnMiss, &[], ["free", "free", "free", "free", "free", "free"]),
        (Allowlist, Off, rules, ["free", "refused", "free", "refused", "free", "free"]),
        (Allowlist, OnMiss, rules, ["free", "ask", "free", "ask", "free", "free"]),
        (Allowlist, Always, rules, ["ask", "ask", "ask", "ask", "ask", "free"]),
        (Deny, Off, &[], ["refused", "refused", "free", "free", "free", "free"]),
        (Deny, OnMiss, &[], ["refused", "refused", "ask", "ask", "ask", "free"]),
    ] {
        let weighed = lab.scales(security, ask, rules).weigh(&calls);
        let kinds: Vec<&str> = weighed.calls.iter().map(kind).collect();
        assert_eq!(kinds, wanted, "{security:?} {ask:?}");
    }
}

#[test]
fn a_path_that_a_link_leads_outside_is_not_inside() {
    let lab = Lab::new();
    fs::write(lab.0.path().join("secret"), "key").unwrap();
    fs::create_dir(lab.folder().join("in")).unwrap();
    symlink("../secret", lab.folder().join("out")).unwrap();
    symlink("..", lab.folder().join("up")).unwrap();
    let scales = lab.scales(Security::Allowlist, AskMode::OnMiss, &["cat <path>", "touch <path>"]);
    for (argv, wanted) in [
        (["cat", "out"], "ask"),
        (["cat", "up/secret"], "ask"),
        (["touch", "up/new"], "ask"),
        (["touch", "in/new"], "free"),
    ] {
        assert_eq!(kind(&scales.weigh(&[run(&argv)]).calls[0]), wanted, "{argv:?}");
    }
    let folder = fs::canonicalize(lab.folder()).unwrap();
    let item = |words: &[&str]| Item {
        path: None,
        words: words.iter().map(|word| (*word).to_owned()).collect(),
        program: find(words[0], &folder, &[]),
        key: String::new(),
        programs: String::new(),
        same: String::new(),
        seal: String::new(),
        verdict: None,
    };
    assert!(grant_allows("touch <path>", None, &folder, &item(&["touch", "in/new"])));
    assert!(!grant_allows("touch <path>", None, &folder, &item(&["touch", "up/new"])));
    assert!(!grant_allows(
        "touch in/new",
        Some(Path::new("/opt/touch")),
        &folder,
        &item(&["touch", "in/new"])
    ));
}

#[test]
fn changes_build_on_each_other_and_each_expects_what_the_one_before_has_left() {
    let lab = Lab::new();
    fs::write(lab.folder().join("a"), "one\ntwo\n").unwrap();
    let calls = [
        edit("a", "one", "1"),
        write("new/b", "\u{202e}x\n"),
        edit("./a", "two", "2"),
        edit("a", "one", "x"),
    ];
    let weighed = lab.asks_always().weigh(&calls);
    let [approval] = weighed.requests.as_slice() else { panic!("{:?}", weighed.requests) };
    let What::Files(files) = &approval.what else { panic!("{approval:?}") };
    let named: Vec<(&str, FileAction)> = files.iter().map(|file| (file.path.as_str(), file.action)).collect();
    assert_eq!(named, [("a", FileAction::Modify), ("new/b", FileAction::Create)]);
    assert!(files[0].diff.ends_with("-one\n-two\n+1\n+2\n"), "{}", files[0].diff);
    assert!(files[1].diff.contains("+\u{fffd}x"), "nothing is hidden: {}", files[1].diff);
    let asked = |n: usize| match &weighed.calls[n] {
        Weight::Ask(asked) => asked.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!((asked(0).item, asked(1).item, asked(2).item), (0, 1, 0));
    assert_eq!(asked(1).expected.unwrap().before, None);
    assert_eq!(asked(2).expected.unwrap().before, Some(seal::of_bytes(b"1\ntwo\n")));
    assert_eq!(kind(&weighed.calls[3]), "refused", "that text does not stand in it any more");
    // Looked at by itself when its turn comes, it has the same seal if all went as it was shown.
    fs::write(lab.folder().join("a"), "1\ntwo\n").unwrap();
    let later = lab.asks_always().weigh(&calls[2..3]);
    assert!(matches!(&later.calls[0], Weight::Ask(again) if again.seal == asked(2).seal));
    for path in ["../x", "/etc/x", "."] {
        assert_eq!(kind(&lab.asks_always().weigh(&[write(path, "x")]).calls[0]), "refused", "{path}");
    }
}

#[test]
fn a_long_diff_is_cut_and_said_to_be() {
    let lab = Lab::new();
    let text: String = (0..20_000).map(|n| format!("line {n} é\n")).collect();
    let weighed = lab.asks_always().weigh(&[write("long", &text), write("short", "x\n")]);
    let What::Files(files) = &weighed.requests[0].what else { panic!("no files") };
    assert!(files[0].cut && files[0].diff.len() <= 48 * 1024);
    assert!(!files[1].cut);
}
