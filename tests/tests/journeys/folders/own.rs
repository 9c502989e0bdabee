//! A folder that is made for a task and removed with it.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};

use errand_testkit::desktop::wait;

use crate::world::{Home, LIMIT, background, processes};

fn own_folder(home: &Home, id: &str) -> PathBuf {
    let task = home.task(id);
    PathBuf::from(task["own_folder"]["path"].as_str().unwrap_or_else(|| panic!("{task}")))
}

/// No row, no error; an engine that is not there is one.
fn is_known(home: &Home, id: &str) -> bool {
    let said = home.run(["show", id]);
    assert!(said.code == 0 || said.code == 4, "{said:?}");
    said.code == 0
}

#[test]
fn a_managed_task_works_in_a_folder_of_its_own_until_it_is_deleted() {
    let home = Home::new();
    let id = home.sh("--managed", "pwd; ls; echo x > made; exit 3");
    home.ended(&[&id]);
    let folder = home.root().canonicalize().unwrap().join("work").join(&id);
    assert_eq!(own_folder(&home, &id), folder);
    let task = home.task(&id);
    assert_eq!(
        (&task["cwd"], &task["own_folder"]["cleanup"]),
        (&folder.display().to_string().into(), &"none".into())
    );
    assert!(home.report(&id).contains(folder.to_str().unwrap()), "{task}");
    assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
    assert!(home.ok(&format!("show {id}")).contains(folder.to_str().unwrap()));
    home.ok(&format!("retry {id}"));
    home.ended(&[&id]);
    assert!(home.report(&id).contains("made"), "the second run finds what the first has left");

    let outside = home.file("outside");
    fs::write(&outside, "kept").unwrap();
    symlink(&outside, folder.join("link")).unwrap();
    symlink(home.work(), folder.join("folder")).unwrap();
    home.ok(&format!("archive {id}"));
    assert!(folder.exists(), "out of sight, and kept");
    home.ok(&format!("delete {id}"));
    assert!(!is_known(&home, &id) && !folder.exists());
    assert_eq!(fs::read_to_string(&outside).unwrap(), "kept");
    let said = home.run(["run", "--managed", "--", "./made"]);
    assert!(said.code == 6 && said.err.contains("There is no program"), "{said:?}");
    home.quit();
}

#[test]
fn a_folder_without_a_task_is_left_alone_and_named() {
    let home = Home::new();
    home.start_and_keep();
    let id = home.sh("--managed", "echo kept > kept");
    home.ended(&[&id]);
    let says = || home.ok("doctor").contains("belongs to no task");
    assert!(!says());
    // As after the restore of an older copy.
    let other = home.root().join("work/lost-owl-100");
    fs::create_dir(&other).unwrap();
    home.quit();
    home.start_and_keep();
    assert!(says() && other.exists());
    home.quit();
}

#[test]
fn a_folder_stays_while_a_process_of_its_task_is_left() {
    let home = Home::new();
    let id = home.sh("--managed", "trap '' TERM; echo begun > begun; while :; do sleep 1; done");
    let folder = own_folder(&home, &id);
    wait::until("it has begun", LIMIT, || Ok(folder.join("begun").exists().then_some(()))).unwrap();
    home.ok(&format!("cancel {id}"));
    // Refused as long as it is there; the process outlives the first TERM by the grace.
    wait::until("it can be deleted", LIMIT, || {
        let had = processes::programs_of(&home).is_empty();
        let said = home.run(["delete", &id]);
        assert!(said.code == 0 || said.err.contains("still being ended"), "{said:?}");
        assert!(said.code != 0 || had || processes::programs_of(&home).is_empty(), "{said:?}");
        Ok((said.code == 0).then_some(()))
    })
    .unwrap();
    assert!(!folder.exists() && !is_known(&home, &id));
    home.quit();
}

fn files(folder: &Path) -> usize {
    fs::read_dir(folder).map_or(0, Iterator::count)
}

#[test]
fn a_kill_in_the_middle_of_a_removal_leaves_neither_half_for_long() {
    const FILES: usize = 10_000;
    let home = Home::new();
    let mut engine = home.start();
    for _ in 0..3 {
        let script = format!("i=0; while [ $i -lt {FILES} ]; do : > f$i; i=$((i+1)); done");
        let id = home.sh("--managed", &script);
        home.ended(&[&id]);
        let folder = own_folder(&home, &id);
        assert_eq!(files(&folder), FILES);
        let delete = background(home.command(["delete", &id]));
        wait::until("files are going", LIMIT, || Ok((files(&folder) < FILES).then_some(()))).unwrap();
        engine.kill();
        drop(delete);
        engine = home.start();
        wait::until("the task is gone with its folder", LIMIT, || {
            Ok((!is_known(&home, &id) && !folder.exists()).then_some(()))
        })
        .unwrap();
    }
    drop(engine);
}
