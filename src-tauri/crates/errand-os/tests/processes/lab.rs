//! What the tests share: a spawner, launches, and looking at the system's table of processes.

use std::collections::HashSet;
use std::fs;
use std::future::Future;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use errand_base::{RunId, TaskId};
use errand_os::{Groups, Launch, Process, ProcessEvent, RUN_VARIABLE, Spawner, probe, reap_adopted};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::AsyncReadExt;

/// Far beyond what anything here needs; only a failing test reaches it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Whether the spawners of this test make control groups.
static IN_GROUPS: AtomicBool = AtomicBool::new(false);

/// Tells how the next tests are to run. An error says why they cannot be run like that here.
pub fn set_in_groups(in_groups: bool) -> Result<(), String> {
    IN_GROUPS.store(in_groups, Ordering::Relaxed);
    if in_groups { probe().groups.map(drop) } else { Ok(()) }
}

/// Runs a test again where a hierarchy is mounted, which only root can do and nobody else sees.
pub fn with_a_hierarchy(name: &str, why: &str) {
    const SECOND: &str = "ERRAND_TEST_MOUNTED";
    let left_out = |why: &str| println!("test {name} is left out: no control groups here: {why}");
    if std::env::var_os(SECOND).is_some() || !probe().root {
        return left_out(why);
    }
    let folder = tempfile::tempdir().unwrap();
    let mount = |then: &str| {
        let script = format!("mount -t cgroup2 none \"$0\" && {then}");
        let mut command = std::process::Command::new("unshare");
        command.args(["-m", "sh", "-c", &script]).arg(folder.path()).env(SECOND, "1");
        command
    };
    if !mount("true").status().is_ok_and(|status| status.success()) {
        return left_out(&format!("{why}, and none can be mounted"));
    }
    let mut again = mount("exec \"$@\"");
    again.arg(std::env::current_exe().unwrap()).args(["--exact", name]);
    assert!(again.status().unwrap().success(), "{name} has failed in a hierarchy of its own");
}

/// Where the spawners of this test make control groups.
pub fn groups() -> Option<Groups> {
    IN_GROUPS.load(Ordering::Relaxed).then(|| probe().groups.unwrap())
}

pub fn places() -> Vec<PathBuf> {
    groups().iter().map(|groups| groups.base().to_owned()).collect()
}

/// What the spawners of this mark have made and not removed.
pub fn groups_left(mark: &str) -> Vec<PathBuf> {
    let entries = places().into_iter().flat_map(|place| fs::read_dir(place).unwrap()).flatten();
    entries.map(|entry| entry.path()).filter(|path| path.to_str().unwrap().contains(mark)).collect()
}

pub struct Lab {
    pub spawner: Spawner,
    pub mark: String,
}

/// Runs one test with a spawner and checks afterwards that nothing is left of either.
pub fn with_lab<F: Future<Output = Lab>>(test: impl FnOnce(Lab) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        tokio::time::timeout(PATIENCE, async {
            let lab = test(Lab::open().await).await;
            lab.nothing_left().await;
            let (mark, pid) = (lab.mark.clone(), lab.spawner.pid());
            lab.close().await;
            assert!(marked(&mark).is_empty());
            assert!(fs::metadata(format!("/proc/{pid}")).is_err(), "the spawner is left");
        })
        .await
        .expect("the test hangs");
    });
}

impl Lab {
    pub async fn open() -> Lab {
        Lab::open_in(groups().as_ref()).await
    }

    pub async fn open_in(groups: Option<&Groups>) -> Lab {
        let mark = RunId::random().to_string();
        let spawner = Spawner::start(&std::env::current_exe().unwrap(), &mark, groups).await.unwrap();
        Lab { spawner, mark }
    }

    /// As when an engine leaves: the spawner has removed what it has made.
    pub async fn close(self) {
        let Lab { spawner, mark } = self;
        spawner.close().await;
        assert_eq!(groups_left(&mark), Vec::<PathBuf>::new());
    }

    /// As when another engine starts: the spawner was killed and could not.
    pub async fn clear(self) {
        until(|| {
            reap_adopted(&self.mark, &places());
            groups_left(&self.mark).is_empty()
        })
        .await;
    }

    pub fn spawn(&self, launch: Launch) -> Process {
        self.spawner.spawn(launch).unwrap()
    }

    pub fn sh(&self, script: &str) -> Process {
        self.spawn(sh(script))
    }

    /// No worker lives, and the spawner has no child, not even a dead one, but supervisors that wait for work.
    pub async fn nothing_left(&self) {
        until(|| marked(&self.mark).is_empty()).await;
        let waits =
            |pid: &u32| name_of(*pid) == "errand-super" && children(*pid).is_empty() && !is_dead(*pid);
        until(|| children(self.spawner.pid()).iter().all(waits)).await;
    }
}

pub fn sh(script: &str) -> Launch {
    launch(&["/bin/sh", "-c", script])
}

pub fn launch(argv: &[&str]) -> Launch {
    Launch {
        run: RunId::random(),
        task: TaskId::random(),
        argv: argv.iter().map(ToString::to_string).collect(),
        cwd: "/".into(),
        env: vec![("PATH".into(), "/usr/bin:/bin".into())],
        secrets: Vec::new(),
        grace: Duration::from_secs(20),
        sandbox: None,
    }
}

pub struct Outcome {
    pub events: Vec<ProcessEvent>,
    pub stdout: String,
    pub stderr: String,
}

/// Everything until the last event and the end of both outputs.
pub async fn outcome(mut process: Process) -> Outcome {
    let (mut stdout, mut stderr) = (process.stdout.take().unwrap(), process.stderr.take().unwrap());
    let (mut out, mut err) = (String::new(), String::new());
    let (events, a, b) =
        tokio::join!(events(&mut process), stdout.read_to_string(&mut out), stderr.read_to_string(&mut err));
    a.unwrap();
    b.unwrap();
    Outcome { events, stdout: out, stderr: err }
}

pub async fn events(process: &mut Process) -> Vec<ProcessEvent> {
    let mut events = Vec::new();
    while !events.last().is_some_and(ProcessEvent::is_last) {
        events.push(process.next().await);
    }
    events
}

pub async fn started(process: &mut Process) -> u32 {
    match process.next().await {
        ProcessEvent::Started { identity } => identity.pid,
        other => panic!("{other:?}"),
    }
}

/// Waits for a line that the script prints when it has got where the test needs it.
pub async fn line(process: &mut Process) -> String {
    let mut line = Vec::new();
    let stdout = process.stdout.as_mut().unwrap();
    while line.last() != Some(&b'\n') {
        line.push(stdout.read_u8().await.expect("the output ended"));
    }
    String::from_utf8(line).unwrap().trim().to_owned()
}

/// For what the system tells nobody about. Everything else is waited for by its event.
pub async fn until(mut holds: impl FnMut() -> bool) {
    while !holds() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Living processes that carry the mark of a lab.
pub fn marked(mark: &str) -> Vec<u32> {
    let ours = format!("{RUN_VARIABLE}={mark}-");
    let carries = |pid: &u32| {
        let block = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        block.split(|byte| *byte == 0).any(|entry| entry.starts_with(ours.as_bytes()))
    };
    pids().into_iter().filter(carries).collect()
}

pub fn children(parent: u32) -> Vec<u32> {
    pids().into_iter().filter(|pid| parent_of(*pid) == Some(parent)).collect()
}

pub fn parent_of(pid: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()
}

pub fn is_dead(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/status")).map_or(true, |status| status.contains("State:\tZ"))
}

pub fn name_of(pid: u32) -> String {
    fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim().to_owned()
}

pub fn descriptors(pid: u32) -> HashSet<String> {
    let folder = fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
    folder.flatten().map(|entry| entry.file_name().into_string().unwrap()).collect()
}

pub fn kill(pid: u32) {
    send(pid, Signal::KILL);
}

/// The signal alone is not enough: until it arrives, the process may still take what it waits for.
pub async fn stop(pid: u32) {
    send(pid, Signal::STOP);
    let stopped = |pid: u32| fs::read_to_string(format!("/proc/{pid}/status")).unwrap().contains("State:\tT");
    until(|| stopped(pid)).await;
}

fn send(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(pid.try_into().unwrap()).unwrap(), signal).unwrap();
}

fn pids() -> Vec<u32> {
    let folder = fs::read_dir("/proc").unwrap();
    folder.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}
