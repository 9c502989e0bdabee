//! What an engine does about processes that no supervisor of its own watches.

use std::collections::HashSet;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use errand_base::RunId;
use rustix::process::{Pid, Signal, WaitOptions, set_child_subreaper, waitpid};

use super::group::Group;
use super::groups::{has_owner, of_home, of_supervisor};
use super::ladder::Ladder;
use super::process::{self, Row};
use crate::ProcessIdentity;
use crate::sandbox::scratch;
use crate::spawner::{RUN_VARIABLE, SPAWNER_VARIABLE, SUPERVISOR_NAME};
use crate::swept::{Swept, SweptProcess};

/// How long [`reap_adopted`] waits for what it has killed.
const DYING: Duration = Duration::from_secs(1);

/// Ends what an earlier engine of this home has left: every process that carries our mark, every process in
/// `known` (as recorded with its run), all in the control groups of its runs (`places`: where those are), and all
/// below them. TERM, after `grace` KILL, and returns when they are
/// gone. Spawner and supervisors of that engine end by themselves meanwhile, and are killed only after the
/// grace. This process, what it descends from and what it has started are left alone. Blocks the thread.
pub fn sweep(mark: &str, known: &[ProcessIdentity], places: &[PathBuf], grace: Duration) -> Swept {
    let mut ended = HashSet::new();
    let mut ladder = Ladder::resting(grace);
    ladder.begin();
    loop {
        let rows = remains(mark, known, places);
        if rows.is_empty() {
            scratch::clear(mark);
            let left = of_home(places, mark).into_iter().filter(|group| !has_owner(group));
            // One with somebody in it belongs to a supervisor of ours whose spawner is gone.
            left.for_each(|group| drop(group.remove()));
            return Swept { ended: ended.into_iter().collect(), left: 0 };
        }
        // Opened before the signals, so that no exit is missed between them and the wait.
        let exits: Vec<_> = rows.iter().filter_map(|row| process::watch(row.pid).ok()).collect();
        ended.extend(rows.iter().filter(|row| !is_ours(row.pid)).map(|row| SweptProcess {
            pid: row.pid,
            name: row.name.clone(),
            run: run_of(mark, row.pid),
        }));
        let now = process::now();
        if ladder.forces(now) {
            // At once, where signals one by one would leave time to fork.
            let below = process::below([std::process::id()], &process::table());
            let left = of_home(places, mark).into_iter();
            let left = left.filter(|group| !group.members().iter().any(|pid| below.contains(pid)));
            left.for_each(|group| _ = group.kill());
        }
        if let Some(left) = ladder.step(now, || remains(mark, known, places)) {
            return Swept { ended: ended.into_iter().collect(), left };
        }
        process::wait_any(&exits, ladder.idle(process::now()));
    }
}

fn remains(mark: &str, known: &[ProcessIdentity], places: &[PathBuf]) -> Vec<Row> {
    let own = std::process::id();
    let table = process::table();
    let mut spared = process::below([own], &table);
    let mut ancestor = Some(own);
    while let Some(pid) = ancestor.filter(|pid| spared.insert(*pid)) {
        ancestor = table.iter().find(|row| row.pid == pid).map(|row| row.parent);
    }
    let boot = process::boot_id().unwrap_or_default();
    // A backup that was put into another home names processes that go on working for the first one.
    let elsewhere = |pid| process::variable(pid, RUN_VARIABLE).is_some() && run_of(mark, pid).is_none();
    let recorded = |row: &Row| {
        known.iter().any(|it| it.pid == row.pid && it.start_time == row.start_time && it.boot_id == boot)
            && !elsewhere(row.pid)
    };
    let marked = |row: &Row| run_of(mark, row.pid).is_some() || is_spawner(mark, row.pid);
    let grouped: HashSet<u32> = of_home(places, mark).iter().flat_map(Group::members).collect();
    let kept = |row: &Row| grouped.contains(&row.pid);
    let mut ours: HashSet<u32> = table
        .iter()
        .filter(|row| !row.dead && !spared.contains(&row.pid))
        .filter(|row| kept(row) || recorded(row) || marked(row))
        .map(|row| row.pid)
        .collect();
    ours.extend(process::below(ours.iter().copied(), &table));
    table
        .into_iter()
        .filter(|row| !row.dead && ours.contains(&row.pid) && !spared.contains(&row.pid))
        .collect()
}

fn run_of(mark: &str, pid: u32) -> Option<RunId> {
    RunId::parse(process::variable(pid, RUN_VARIABLE)?.strip_prefix(mark)?.strip_prefix('-')?)
}

fn is_spawner(mark: &str, pid: u32) -> bool {
    process::variable(pid, SPAWNER_VARIABLE).as_deref() == Some(mark)
}

/// Spawner and supervisors: part of Errand, no worker.
fn is_ours(pid: u32) -> bool {
    process::variable(pid, SPAWNER_VARIABLE).is_some()
}

/// Makes this process the new parent of supervisors and workers whose spawner has died, instead of process 1.
pub fn become_subreaper() -> io::Result<()> {
    Ok(set_child_subreaper(Some(rustix::process::getpid()))?)
}

/// After a spawner has died: kills the workers this process has adopted from it, with all below them and all that
/// stand in a control group without their supervisor, and collects their exit status and that of adopted supervisors that have ended. Supervisors that still watch a
/// run go on. Touches only what carries our mark or a supervisor's name, so the exit status of children that
/// somebody else in this process has started stays where it is. Returns the workers it has ended.
pub fn reap_adopted(mark: &str, places: &[PathBuf]) -> Vec<SweptProcess> {
    let own = std::process::id();
    let table = process::table();
    let children = || table.iter().filter(|row| row.parent == own);
    for dead in children().filter(|row| row.dead && row.name.as_bytes() == SUPERVISOR_NAME.to_bytes()) {
        reap(dead.pid);
    }
    let workers: Vec<(&Row, RunId)> =
        children().filter_map(|row| run_of(mark, row.pid).map(|run| (row, run))).collect();
    let below = process::below(workers.iter().map(|(row, _)| row.pid), &table);
    let roots: HashSet<u32> = workers.iter().map(|(row, _)| row.pid).collect();
    let abandoned = abandoned(mark, places, &table);
    let grouped: HashSet<u32> = abandoned.iter().flat_map(Group::members).collect();
    let doomed: Vec<&Row> = table
        .iter()
        .filter(|row| !row.dead && [&roots, &below, &grouped].iter().any(|some| some.contains(&row.pid)))
        .collect();
    let mut exits: Vec<_> =
        doomed.iter().filter_map(|row| Some((row.pid, process::watch(row.pid).ok()?))).collect();
    for row in &doomed {
        process::signal(row.pid, row.start_time, Signal::KILL).ok();
    }
    abandoned.iter().for_each(|group| _ = group.kill());
    let until = process::now() + DYING;
    while !exits.is_empty() && process::now() < until {
        let (pids, fds): (Vec<u32>, Vec<_>) = exits.into_iter().unzip();
        process::wait_any(&fds, Some(until.saturating_sub(process::now())));
        exits = pids
            .into_iter()
            .zip(fds)
            .filter(|(pid, _)| process::read(*pid).is_ok_and(|row| !row.dead))
            .collect();
        // What was below a worker has become our child when the worker died.
        doomed.iter().for_each(|row| reap(row.pid));
    }
    abandoned.iter().for_each(|group| drop(group.remove()));
    let ended =
        |(row, run): (&Row, RunId)| SweptProcess { pid: row.pid, name: row.name.clone(), run: Some(run) };
    workers.into_iter().map(ended).collect()
}

/// The groups of dead spawners in which no supervisor watches any more.
fn abandoned(mark: &str, places: &[PathBuf], table: &[Row]) -> Vec<Group> {
    let own: HashSet<u32> =
        table.iter().filter(|row| !row.dead && is_spawner(mark, row.pid)).map(|row| row.pid).collect();
    let is_watched = |group: &Group| group.members().iter().any(|pid| own.contains(pid));
    let mut abandoned = Vec::new();
    for spawner in of_home(places, mark).into_iter().filter(|group| !has_owner(group)) {
        let groups = spawner.below();
        let watched: HashSet<PathBuf> =
            groups.iter().filter(|group| is_watched(group)).map(|group| group.path().to_owned()).collect();
        abandoned.extend(groups.into_iter().filter(|group| !watched.contains(&of_supervisor(group))));
        if watched.is_empty() {
            abandoned.push(spawner);
        }
    }
    abandoned
}

fn reap(pid: u32) {
    let dead_and_ours = process::read(pid).is_ok_and(|row| row.dead && row.parent == std::process::id());
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw).filter(|_| dead_and_ours) {
        waitpid(Some(pid), WaitOptions::NOHANG).ok();
    }
}
