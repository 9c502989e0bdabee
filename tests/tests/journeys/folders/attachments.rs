//! Files that are handed over with a task.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;

use crate::world::{Home, parsed};

/// Everything in the folder of the folders of tasks.
fn in_work(home: &Home) -> Vec<String> {
    let entries = fs::read_dir(home.root().join("work")).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Why `run FLAGS -- true` is refused.
#[track_caller]
fn refused(home: &Home, flags: &str) -> (i32, Value) {
    let said = home.run(["run", "--json"].into_iter().chain(flags.split_whitespace()).chain(["--", "true"]));
    assert_eq!(said.out, "", "{flags}: {said:?}");
    (said.code, parsed(&said.err)["error"].clone())
}

#[test]
fn a_program_finds_copies_of_what_was_attached() {
    let home = Home::new();
    fs::create_dir(home.file("sub")).unwrap();
    fs::write(home.file("a.txt"), "first\n").unwrap();
    fs::write(home.file("sub/a.txt"), "second\n").unwrap();
    let gate = home.fifo("gate");
    let script = format!("read x < {}; cd $ERRAND_ATTACHMENTS; tail -n +1 *", gate.display());
    let id = home.sh("--attach a.txt --attach sub/a.txt", &script);
    fs::write(home.file("a.txt"), "changed\n").unwrap();
    home.open(&gate);
    home.ended(&[&id]);
    assert_eq!(home.report(&id), "==> a-2.txt <==\nsecond\n\n==> a.txt <==\nfirst");
    let task = home.task(&id);
    assert_eq!(task["cwd"], home.work().display().to_string(), "it runs where it was typed");
    assert!(task["own_folder"]["attachments"].as_str().unwrap().ends_with(&format!("work/{id}/attachments")));
    assert_eq!(in_work(&home), [id.as_str()]);
    home.ok(&format!("delete {id}"));
    assert_eq!(in_work(&home), [""; 0]);
    assert_eq!(fs::read_to_string(home.file("sub/a.txt")).unwrap(), "second\n");
    home.quit();
}

#[test]
fn an_attached_script_runs_in_the_folder_of_its_task() {
    let home = Home::new();
    fs::write(home.file("run.sh"), "#!/bin/sh\npwd\n").unwrap();
    fs::set_permissions(home.file("run.sh"), PermissionsExt::from_mode(0o755)).unwrap();
    let id = home.ok("run --managed --attach run.sh -- ./attachments/run.sh");
    home.ended(&[&id]);
    assert_eq!(home.task(&id)["cwd"], home.report(&id));
    assert!(home.report(&id).ends_with(&id));
    home.quit();
}

#[test]
fn what_cannot_be_attached_refuses_the_task_and_leaves_nothing() {
    let home = Home::new();
    home.start_and_keep();
    fs::write(home.file("good"), "").unwrap();
    fs::write(home.file("other"), "more").unwrap();
    fs::File::create(home.file("huge")).unwrap().set_len(257 * 1024 * 1024).unwrap();
    home.fifo("pipe");
    for (file, said) in [
        ("gone", "cannot be attached: it is not there"),
        (".", "it is not a file"),
        ("pipe", "it is not a file"),
        ("huge", "all attachments together may have 256 MiB"),
    ] {
        let (code, error) = refused(&home, &format!("--attach good --attach {file}"));
        assert_eq!((code, &error["code"]), (2, &"bad_usage".into()), "{file}: {error}");
        assert!(error["message"].as_str().unwrap().contains(said), "{error}");
    }
    // What the engine refuses afterwards leaves nothing either.
    let (code, error) = refused(&home, "--attach good --after no-such-task");
    assert_eq!((code, &error["code"]), (4, &"task_not_found".into()), "{error}");
    assert_eq!((home.json("list")["tasks"].as_array().unwrap().len(), in_work(&home).len()), (0, 0));

    let line = ["run", "--json", "--key", "k", "--attach", "good", "--", "true"];
    let first = parsed(&home.run(line).out);
    let again = parsed(&home.run(line).out);
    assert_eq!((&again["id"], &again["duplicate"]), (&first["id"], &true.into()));
    let (_, error) = refused(&home, "--key k --attach other");
    assert_eq!(error["code"], "key_conflict", "{error}");
    assert_eq!(in_work(&home), [first["id"].as_str().unwrap()]);
    home.quit();
}

#[test]
fn a_program_cannot_hand_files_to_another_task() {
    let home = Home::new();
    fs::write(home.file("a"), "").unwrap();
    let errand = home.command([""; 0]).get_program().to_owned();
    let (errand, root) = (Path::new(&errand).display(), home.root().display());
    let id = home.sh("", &format!("ERRAND_HOME={root} {errand} run --attach a -- true"));
    home.ended(&[&id]);
    assert_eq!(home.state(&id), "failed");
    assert!(home.reasons(&id).contains(&"reached_too_far".to_owned()), "{:?}", home.reasons(&id));
    assert_eq!(in_work(&home), [""; 0]);
    home.quit();
}
