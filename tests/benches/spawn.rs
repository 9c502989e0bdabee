//! Runs per second with three at once: what the system can do at best, and what a supervised run costs.
//! The processor time says the same on a busy machine.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::panic, reason = "a measurement")]

use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use errand_base::{Clock, RunId, SystemClock, TaskId};
use errand_os::{Exit, Launch, ProcessEvent, Spawner};
use tokio::io::AsyncReadExt;

const AT_ONCE: u32 = 3;

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("spawner") {
        return errand_os::serve();
    }
    let runs = 6_000;
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for _ in 0..3 {
        measure("bare spawn and wait", runs, || bare(runs));
        measure("supervised", runs, || runtime.block_on(supervised(runs)));
    }
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

async fn supervised(runs: u32) -> Duration {
    let spawner = Arc::new(Spawner::start(&std::env::current_exe().unwrap(), "bench").await.unwrap());
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

async fn one(spawner: &Spawner) {
    let mut process = spawner
        .spawn(Launch {
            run: RunId::random(),
            task: TaskId::random(),
            argv: vec!["/bin/true".into()],
            cwd: "/".into(),
            env: vec![("PATH".into(), "/usr/bin:/bin".into()), ("HOME".into(), "/".into())],
            grace: Duration::from_secs(5),
            sandbox: None,
        })
        .unwrap();
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
