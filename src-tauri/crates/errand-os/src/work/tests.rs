use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

fn world() -> (tempfile::TempDir, WorkFolders, PathBuf) {
    let base = tempfile::tempdir().unwrap();
    let home = Home::at(base.path().join("home")).unwrap();
    home.create().unwrap();
    let files = base.path().join("files");
    fs::create_dir(&files).unwrap();
    (base, WorkFolders::of(&home), files)
}

fn task(name: &str) -> TaskId {
    TaskId::try_from(name.to_owned()).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_folder_is_made_for_its_task_alone_and_kept() {
    let (_base, folders, _) = world();
    let task = task("calm-owl-100");
    assert!(folders.is_free(&task));
    folders.prepare(&task).unwrap();
    fs::write(folders.folder(&task).join("made"), "").unwrap();
    folders.prepare(&task).unwrap();
    assert_eq!(names(&folders.folder(&task)), ["made"]);
    assert_eq!(fs::metadata(folders.folder(&task)).unwrap().mode() & 0o777, 0o700);
    assert!(!folders.is_free(&task));
    folders.remove(&task).unwrap();
    assert!(folders.is_free(&task));
    // Something else in its place is not taken for it.
    symlink("/tmp", folders.folder(&task)).unwrap();
    assert!(folders.prepare(&task).is_err());
}

#[test]
fn attached_files_are_copies_that_come_to_stand_in_the_folder_of_their_task() {
    let (_base, folders, files) = world();
    for (name, mode) in [("script", 0o755), ("text", 0o644)] {
        fs::write(files.join(name), name).unwrap();
        fs::set_permissions(files.join(name), PermissionsExt::from_mode(mode)).unwrap();
    }
    symlink("text", files.join("link")).unwrap();
    let staged = folders.stage(&["script", "text", "link"].map(|name| files.join(name))).unwrap();
    let task = task("calm-owl-100");
    let (reserved, attached) = folders.take(staged.name(), &task).unwrap();
    let attached: Vec<(&str, u64)> = attached.iter().map(|file| (file.name.as_str(), file.bytes)).collect();
    assert_eq!(attached, [("link", 4), ("script", 6), ("text", 4)]);
    assert!(matches!(folders.take(staged.name(), &task), Err(AttachError::Gone)), "it is taken once");
    assert!(!folders.is_free(&task));
    folders.settle(&task).unwrap();
    folders.settle(&task).unwrap();
    drop((staged, reserved));
    fs::write(files.join("text"), "changed").unwrap();
    let copies = folders.attachments(&task);
    assert_eq!(fs::read_to_string(copies.join("text")).unwrap(), "text");
    let mode = |name: &str| fs::symlink_metadata(copies.join(name)).unwrap().mode();
    assert_eq!([mode("script"), mode("text"), mode("link")].map(|mode| mode & 0o777), [0o700, 0o600, 0o600]);
    assert_eq!(names(&folders.root), ["calm-owl-100"]);
}

#[test]
fn what_cannot_be_attached_leaves_nothing_behind() {
    let (_base, folders, files) = world();
    fs::write(files.join("good"), "").unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        files.join("pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RWXU,
        0,
    )
    .unwrap();
    let huge = fs::File::create(files.join("huge")).unwrap();
    huge.set_len(MOST_BYTES + 1).unwrap();
    for (name, said) in [
        ("gone", "it is not there"),
        ("pipe", "it is not a file"),
        (".", "it is not a file"),
        ("huge", "may have 256 MiB"),
    ] {
        let error = folders.stage(&[files.join("good"), files.join(name)]).unwrap_err().to_string();
        assert!(error.contains(said), "{name}: {error}");
        assert_eq!(names(&folders.root), [""; 0], "{name}");
    }
    let many = vec![files.join("good"); MOST_ATTACHED + 1];
    assert!(matches!(folders.stage(&many), Err(AttachError::TooMany)));
    let full = folders.stage(&many[1..]).unwrap();
    assert_eq!(folders.take(full.name(), &task("calm-owl-100")).unwrap().1.len(), MOST_ATTACHED);
}

#[test]
fn the_engine_takes_nothing_but_what_a_terminal_makes() {
    let (base, folders, files) = world();
    let owl = task("calm-owl-100");
    for name in ["", "..", "../files", "/tmp", "1-0", "a/b", "a.b"] {
        assert!(matches!(folders.take(name, &owl), Err(AttachError::Gone)), "{name}");
    }
    let odd: [&dyn Fn(&Path); 4] = [
        &|folder| symlink("/etc/hostname", folder.join("attachments/link")).unwrap(),
        &|folder| fs::create_dir(folder.join("attachments/more")).unwrap(),
        &|folder| fs::write(folder.join("beside"), "").unwrap(),
        &|folder| {
            fs::remove_dir(folder.join(ATTACHMENTS)).unwrap();
            symlink(&files, folder.join(ATTACHMENTS)).unwrap();
        },
    ];
    for (n, make) in odd.iter().enumerate() {
        let staged = folders.stage(&[]).unwrap();
        make(&folders.staged_folder(staged.name()).unwrap());
        assert!(matches!(folders.take(staged.name(), &owl), Err(AttachError::Gone)), "{n}");
    }
    symlink(base.path(), folders.root.join(".attach-9-9")).unwrap();
    assert!(matches!(folders.take("9-9", &owl), Err(AttachError::Gone)));
}

#[test]
fn a_terminal_and_an_engine_that_looks_for_remains_do_not_disturb_each_other() {
    let (_base, folders, files) = world();
    fs::write(files.join("text"), "text").unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(std::sync::atomic::Ordering::SeqCst) {
                for left in folders.left_behind().unwrap_or_default() {
                    left.remove().unwrap();
                }
                std::thread::yield_now();
            }
        });
        for n in 0..50 {
            let task = task(&format!("calm-owl-{n}"));
            let taken =
                folders.stage(&[files.join("text")]).and_then(|staged| folders.take(staged.name(), &task));
            if taken.is_ok() {
                folders.settle(&task).unwrap();
            }
            done.store(taken.is_err() || n == 49, std::sync::atomic::Ordering::SeqCst);
            assert_eq!(taken.unwrap().1[0].bytes, 4);
            assert_eq!(fs::read_to_string(folders.attachments(&task).join("text")).unwrap(), "text");
        }
    });
}

#[test]
fn what_nobody_works_on_any_more_is_found_and_the_rest_is_left_alone() {
    let (_base, folders, _) = world();
    let [kept, dead] = ["calm-owl-100", "calm-owl-101"].map(task);
    folders.prepare(&kept).unwrap();
    let filling = folders.stage(&[]).unwrap();
    let given = folders.stage(&[]).unwrap();
    let (reserved, _) = folders.take(given.name(), &dead).unwrap();
    assert_eq!(folders.left_behind().unwrap().len(), 0, "both are held");
    assert_eq!(folders.all().unwrap(), std::slice::from_ref(&kept));
    drop((given, reserved));
    for name in [".attach-7-0", "somebody-else", ".config"] {
        fs::create_dir(folders.root.join(name)).unwrap();
    }
    let left = folders.left_behind().unwrap();
    let mut tasks: Vec<Option<TaskId>> = left.iter().map(|left| left.task.clone()).collect();
    tasks.sort();
    assert_eq!(tasks, [None, Some(dead.clone())]);
    // An engine that is looking at it now has it for itself.
    assert!(matches!(folders.take("7-0", &kept), Err(AttachError::Gone)));
    left.into_iter().for_each(|left| left.remove().unwrap());
    let staged = format!(".attach-{}", filling.name());
    assert_eq!(names(&folders.root), [staged.as_str(), ".config", "calm-owl-100", "somebody-else"]);
}
