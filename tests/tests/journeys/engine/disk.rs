//! A full disk: new work is refused, and what runs is brought home.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use errand_testkit::desktop::wait;

use crate::world::{Home, LIMIT, parsed};

/// A file system of a few megabytes. Making one takes root.
struct SmallDisk {
    folder: tempfile::TempDir,
    mounted: bool,
}

impl SmallDisk {
    fn make() -> SmallDisk {
        let folder = tempfile::Builder::new().prefix("ed-").tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=48m,mode=0700", "tmpfs"])
            .arg(folder.path())
            .status()
            .is_ok_and(|status| status.success());
        SmallDisk { folder, mounted }
    }

    fn filler(&self) -> PathBuf {
        self.folder.path().join("filler")
    }

    /// Takes every byte that is left.
    fn fill(&self) {
        let mut file = File::options().create(true).append(true).open(self.filler()).unwrap();
        for size in [1 << 20, 4096, 512, 1] {
            let block = vec![b'x'; size];
            while file.write_all(&block).is_ok() {}
        }
    }

    fn free(&self) {
        std::fs::remove_file(self.filler()).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        if self.mounted {
            drop(Command::new("umount").arg("--lazy").arg(self.folder.path()).status());
        }
    }
}

#[test]
fn new_work_is_refused_and_what_runs_is_brought_home() {
    let disk = SmallDisk::make();
    if !disk.mounted {
        println!("NOT RUN: only root can make a small disk");
        return;
    }
    let home = Home::new().rooted(disk.folder.path().join("errand"));
    let engine = home.start();
    let gate = home.fifo("gate");
    let runs = home.sh("", &format!("echo begun; read x < {}; echo the result", gate.display()));
    home.wait_for(&runs, "has printed", |task| task["run"]["last_output_at"].is_string());
    disk.fill();

    // Some space is laid out beforehand, so that the first few may still be written down.
    let mut accepted = Vec::new();
    let error = loop {
        let said = home.run(["--json", "run", "--at", "+1h", "--", "true"]);
        if said.code != 0 {
            assert_eq!(said.code, 6, "{said:?}");
            break parsed(&said.err)["error"].clone();
        }
        accepted.push(parsed(&said.out)["id"].as_str().unwrap().to_owned());
        assert!(accepted.len() < 5_000, "the disk never gets full");
    };
    assert_eq!(error["code"], "disk_full", "{error}");
    // The ballast has been given up by now or will be; takes that space, too.
    disk.fill();
    home.open(&gate);
    // However it ends: nothing can be called completed before it is written down, and reading goes on.
    home.ok("list --limit 1");
    disk.fill();
    let doctor = home.json("doctor");
    let disk_row = doctor["rows"].as_array().unwrap().iter().find(|row| row["name"] == "disk").unwrap();
    assert_eq!(disk_row["verdict"], "problem", "{doctor}");

    disk.free();
    home.ended(&[&runs]);
    assert_eq!((home.state(&runs).as_str(), home.report(&runs).as_str()), ("completed", "begun\nthe result"));
    wait::until("new work is taken again", LIMIT, || {
        Ok((home.run(["run", "--wait", "--", "true"]).code == 0).then_some(()))
    })
    .unwrap();
    assert_eq!(home.engine_pid(), Some(engine.pid()), "without a restart");
    // Whatever was accepted is there, whatever was refused is not.
    let waiting = home.json("list --state waiting --limit 10000");
    assert_eq!(waiting["tasks"].as_array().unwrap().len(), accepted.len());
    home.quit();
}
