//! What the app costs a desktop beside the smallest Tauri tray app of the same profile. Prints; judges nothing.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench prints, and stops when it cannot go on"
)]
#![allow(clippy::disallowed_methods, reason = "a bench reads the clock")]

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use errand_testkit::desktop::tray::{TrayHost, TrayItem};
use errand_testkit::desktop::wait::eventually;
use errand_testkit::desktop::{Desktop, Result, Running};

const LIMIT: Duration = Duration::from_secs(60);
/// What has just started or closed still puts things away.
const SETTLE: Duration = Duration::from_secs(3);
const STARTS: usize = 7;

struct Figures {
    tray: Duration,
    idle: f64,
    open: f64,
    closed: f64,
}

#[tokio::main]
async fn main() -> Result<()> {
    let folder = errand_tests::errand().unwrap().parent().unwrap().to_owned();
    let app = folder.join("errand-desktop");
    let bare = folder.join("errand-bare-tray");
    let ours = measure(&app, &["--hidden"], "New task…").await?;
    let theirs = measure(&bare, &[], "Open").await?;
    println!("                                    errand    bare tray app");
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    println!(
        "start to tray, median of {STARTS}        {:>7.0} {:>7.0} ms",
        millis(ours.tray),
        millis(theirs.tray)
    );
    println!("PSS without a window             {:>9.0} {:>7.0} MiB", ours.idle, theirs.idle);
    println!("PSS with one                     {:>9.0} {:>7.0} MiB", ours.open, theirs.open);
    println!("PSS after it was closed          {:>9.0} {:>7.0} MiB", ours.closed, theirs.closed);
    let size = |file: &Path| file.metadata().unwrap().len() as f64 / f64::from(1 << 20);
    let terminal = size(&folder.join("errand"));
    println!(
        "binary                           {:>9.1} {:>7.1} MiB, and {terminal:.1} of `errand`",
        size(&app),
        size(&bare)
    );
    Ok(())
}

async fn measure(program: &Path, args: &[&str], entry: &str) -> Result<Figures> {
    let mut times = Vec::new();
    for _ in 1..STARTS {
        let desktop = Desktop::start()?;
        let tray = TrayHost::start(&desktop).await?;
        times.push(start(&desktop, &tray, program, args).await?.2);
    }
    let desktop = Desktop::start()?;
    let tray = TrayHost::start(&desktop).await?;
    let (app, icon, time) = start(&desktop, &tray, program, args).await?;
    times.push(time);
    times.sort();
    tokio::time::sleep(SETTLE).await;
    let idle = pss(app.pid());
    let before = count(app.pid());
    icon.click(&[entry]).await?;
    let window = eventually("a window shows", LIMIT, async || Ok(window(&desktop))).await?;
    tokio::time::sleep(SETTLE).await;
    let open = pss(app.pid());
    desktop.xdotool(&["windowactivate", "--sync", &window, "key", "alt+F4"])?;
    eventually("it is closed", LIMIT, async || Ok(window_is_gone(&desktop).then_some(()))).await?;
    // Ours lets the processes of its windows go a while after the last one; the other keeps them.
    let gone = eventually("they are gone", Duration::from_secs(30), async || {
        Ok((count(app.pid()) <= before).then_some(()))
    });
    drop(gone.await);
    tokio::time::sleep(SETTLE).await;
    Ok(Figures { tray: times[times.len() / 2], idle, open, closed: pss(app.pid()) })
}

async fn start(
    desktop: &Desktop,
    tray: &TrayHost,
    program: &Path,
    args: &[&str],
) -> Result<(Running, TrayItem, Duration)> {
    let mut command = desktop.command(program);
    command.args(args);
    let begin = Instant::now();
    let app = desktop.spawn(command)?;
    let icon = tray.item_of(app.pid(), LIMIT).await?;
    Ok((app, icon, begin.elapsed()))
}

fn window(desktop: &Desktop) -> Option<String> {
    let found = desktop.xdotool(&["search", "--onlyvisible", "--name", "New task|Tauri"]).ok()?;
    found.lines().next().map(str::to_owned)
}

fn window_is_gone(desktop: &Desktop) -> bool {
    window(desktop).is_none()
}

/// A process and everything below it.
fn tree(root: u32) -> Vec<u32> {
    let mut parents: HashMap<u32, u32> = HashMap::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        let parent =
            stat.rsplit_once(')').and_then(|(_, rest)| rest.split_ascii_whitespace().nth(1)?.parse().ok());
        parents.extend(parent.map(|parent| (pid, parent)));
    }
    let mut tree = vec![root];
    let mut next = 0;
    while let Some(parent) = tree.get(next).copied() {
        tree.extend(parents.iter().filter(|(_, of)| **of == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    tree
}

fn count(root: u32) -> usize {
    tree(root).len()
}

/// Proportional set size of the tree in MiB: pages that several share count once.
fn pss(root: u32) -> f64 {
    let of = |pid: &u32| -> Option<f64> {
        let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
        line.trim().trim_end_matches("kB").trim().parse().ok()
    };
    tree(root).iter().filter_map(of).sum::<f64>() / 1024.0
}
