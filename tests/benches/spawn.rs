//! Runs per second with three at once: what the system can do at best, and what a supervised run costs.
//! The processor time says the same on a busy machine. Then 200 runs at once: what they take, and that it is given back.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::panic, reason = "a measurement")]

use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use errand_base::{Clock, RunId, SystemClock, TaskId};
use errand_os::{Exit, Groups, Launch, ProcessEvent, Spawner};
use errand_testkit::desktop::wait;
use tokio::io::AsyncReadExt;

const AT_ONCE: u32 = 3;

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("spawner") {
        return errand_os::serve();
    }
    let runs = 6_000;
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let groups = errand_os::probe().groups;
    for _ in 0..3 {
        measure("bare spawn and wait", runs, || bare(runs));
        measure("supervised", runs, || runtime.block_on(supervised(runs, None)));
        match &groups {
            Ok(groups) => {
                let supervised = supervised(runs, Some(groups));
                measure("supervised, in control groups", runs, || runtime.block_on(supervised));
            }
            Err(why) => println!("no control groups: {why}"),
        }
    }
    runtime.block_on(crowd(200));
    ExitCode::SUCCESS
}

fn measure(what: &str, runs: u32, run: impl FnOnce() -> Duration) {
    let before = ticks();
    let took = run();
    let each = f64::from(ticks() - before) * 10_000.0 / f64::from(runs);
    println!(
        "{what}: {:.0} runs/s, {each:.0} µs of processor time each",
        f64::from(runs) / took.as_secs_f64()
    );
}

/// Processor time of this process and of all it has collected, in hundredths of a second.
fn ticks() -> u32 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields = stat.rsplit_once(')').unwrap().1.split_ascii_whitespace();
    fields.skip(11).take(4).map(|field| field.parse::<u32>().unwrap()).sum()
}

fn bare(runs: u32) -> Duration {
    let clock = SystemClock::default();
    let left = AtomicU32::new(runs);
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while left
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
                    .is_ok()
                {
                    assert!(Command::new("/bin/true").env_clear().status().unwrap().success());
                }
            });
        }
    });
    clock.awake()
}

async fn supervised(runs: u32, groups: Option<&Groups>) -> Duration {
    let spawner = Arc::new(Spawner::start(&std::env::current_exe().unwrap(), "bench", groups).await.unwrap());
    let clock = SystemClock::default();
    let left = Arc::new(AtomicU32::new(runs));
    let workers = (0..AT_ONCE).map(|_| {
        let (spawner, left) = (spawner.clone(), left.clone());
        tokio::spawn(async move {
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
            {
                one(&spawner).await;
            }
        })
    });
    for worker in workers.collect::<Vec<_>>() {
        worker.await.unwrap();
    }
    let took = clock.awake();
    Arc::into_inner(spawner).unwrap().close().await;
    took
}

/// What is ours while so many runs are under way, and afterwards.
async fn crowd(count: u32) {
    let spawner = Spawner::start(&std::env::current_exe().unwrap(), "bench", None).await.unwrap();
    one(&spawner).await;
    println!("before: {}", Ours::settled());
    for round in 1..=3 {
        let mut processes: Vec<_> =
            (0..count).map(|_| spawner.spawn(launch(&["/bin/sleep", "600"])).unwrap()).collect();
        for process in &mut processes {
            assert!(matches!(process.next().await, ProcessEvent::Started { .. }));
        }
        println!("{count} at once, round {round}: {}", Ours::now());
        for process in &mut processes {
            process.end();
        }
        for process in &mut processes {
            while !process.next().await.is_last() {}
        }
        drop(processes);
        println!("after round {round}: {}", Ours::settled());
    }
    spawner.close().await;
}

/// The spawner and its supervisors, without the programs; and the descriptors of this process.
struct Ours {
    supervisors: usize,
    pss_kib: u64,
    descriptors: usize,
}

impl Ours {
    fn now() -> Ours {
        let own = std::process::id();
        let spawners = children(own);
        let supervisors: Vec<u32> = spawners.iter().flat_map(|spawner| children(*spawner)).collect();
        Ours {
            supervisors: supervisors.len(),
            pss_kib: spawners.iter().chain(&supervisors).map(|pid| pss_kib(*pid)).sum(),
            descriptors: std::fs::read_dir("/proc/self/fd").unwrap().count(),
        }
    }

    /// Once no supervisor is left: one that has nothing to do leaves after two seconds.
    fn settled() -> Ours {
        let quiet = wait::until("every supervisor has left", Duration::from_secs(60), || {
            let ours = Ours::now();
            Ok((ours.supervisors == 0).then_some(ours))
        });
        quiet.unwrap()
    }
}

impl std::fmt::Display for Ours {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Ours { supervisors, pss_kib, descriptors } = self;
        write!(f, "{supervisors} supervisors, {pss_kib} KiB with the spawner, {descriptors} descriptors")
    }
}

fn children(pid: u32) -> Vec<u32> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect()
}

fn pss_kib(pid: u32) -> u64 {
    let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

fn launch(argv: &[&str]) -> Launch {
    Launch {
        run: RunId::random(),
        task: TaskId::random(),
        argv: argv.iter().map(|word| (*word).to_owned()).collect(),
        cwd: "/".into(),
        env: vec![("PATH".into(), "/usr/bin:/bin".into()), ("HOME".into(), "/".into())],
        secrets: Vec::new(),
        grace: Duration::from_secs(5),
        sandbox: None,
    }
}

async fn one(spawner: &Spawner) {
    let mut process = spawner.spawn(launch(&["/bin/true"])).unwrap();
    let (mut stdout, mut stderr) = (process.stdout.take().unwrap(), process.stderr.take().unwrap());
    let mut text = Vec::new();
    loop {
        match process.next().await {
            ProcessEvent::Started { .. } => {}
            ProcessEvent::Exited { exit: Exit::Code(0), gone: true, .. } => break,
            other => panic!("{other:?}"),
        }
    }
    stdout.read_to_end(&mut text).await.unwrap();
    stderr.read_to_end(&mut text).await.unwrap();
}
