//! The spawner: takes descriptors from the engine, forks a supervisor for them, and never waits for either.

use std::collections::{HashMap, HashSet};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::process::ExitCode;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::process::{WaitOptions, set_child_subreaper, setsid, wait};
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};

use super::fds::{Received, RunFds, pair, pass, receive, receive_run, tell};
use super::pen::{Fold, Pen};
use super::supervise::{LEFT_IDLE, Place, drain, report, supervise};
use super::{GROUPS_VARIABLE, OPEN_FILES_VARIABLE, ProcessEvent, SPAWNER_VARIABLE, StartFailure};
use crate::limits;
use crate::os::into::fork_into;
use crate::os::ladder::Ladder;
use crate::os::process::{self, Row};
use crate::os::sys::{Half, SingleThreaded, close_inherited, fork, hold_signals, leave};

/// Its supervisor was killed, so it has had no say in how it ends; a short time to put things away is enough.
const GRACE_OF_ORPHANS: Duration = Duration::from_secs(2);

/// Programs that follow one another find a supervisor waiting. It leaves after this time without any.
const IDLE: Duration = Duration::from_secs(2);

/// The whole life of the process `errand spawner`. Standard input is the socket to the engine. Must run before
/// any thread is started.
pub fn serve() -> ExitCode {
    match Desk::open() {
        Ok(desk) => {
            desk.work();
            ExitCode::SUCCESS
        }
        Err(_) => ExitCode::FAILURE,
    }
}

/// Where supervisors that have become free wait for another run. All of them share one socket, so nobody has to
/// say who takes what.
struct Pool {
    ours: OwnedFd,
    theirs: OwnedFd,
    /// How many wait, less the runs that lie ready for them.
    free: usize,
}

impl Pool {
    fn open() -> Option<Pool> {
        let (ours, theirs) = pair().ok()?;
        set_socket_timeout(&theirs, Timeout::Recv, Some(IDLE)).ok()?;
        Some(Pool { ours, theirs, free: 0 })
    }

    /// Nobody wakes us for it: it matters only when there is a run to start.
    fn count(&mut self) {
        while let Ok(Received::Message(_)) = receive(self.ours.as_fd(), &mut [0; 16]) {
            self.free += 1;
        }
    }

    /// Runs that nobody has taken yet.
    fn take_back(&mut self) -> Vec<RunFds> {
        let mut runs = Vec::new();
        while let Ok(Received::Message(run)) = receive_run(self.theirs.as_fd()) {
            runs.push(run);
        }
        self.free += runs.len();
        runs
    }
}

struct Desk {
    alone: SingleThreaded,
    signals: OwnedFd,
    /// Closed once the engine is gone.
    engine: Option<OwnedFd>,
    /// With the control group of each, where there are any.
    supervisors: HashMap<u32, Option<Pen>>,
    fold: Option<Fold>,
    /// Of supervisors that were killed, until nobody is in it.
    lost: Vec<Pen>,
    pool: Option<Pool>,
    /// Ends what came to us because its supervisor was killed.
    orphans: Ladder,
}

impl Desk {
    fn open() -> io::Result<Desk> {
        let alone = SingleThreaded::check()?;
        close_inherited(&alone)?;
        let engine = rustix::io::fcntl_dupfd_cloexec(io::stdin(), 3)?;
        // Standard output and error belong to the engine's terminal or pipe, which must not stay open for as
        // long as the last worker needs to end.
        let null = open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
        dup2_stdin(&null)?;
        dup2_stdout(&null)?;
        dup2_stderr(&null)?;
        // Fails if we lead a group already; then we are as far from the engine's terminal as we need.
        setsid().ok();
        rustix::thread::set_name(c"errand-spawner").ok();
        set_child_subreaper(Some(rustix::process::getpid()))?;
        if let Some(given) = std::env::var(OPEN_FILES_VARIABLE).ok().and_then(|text| text.parse().ok()) {
            limits::restore(given)?;
        }
        let signals = hold_signals()?;
        // Read once here instead of once in each supervisor.
        process::boot_id()?;
        tell(engine.as_fd(), b"ready")?;
        let orphans = Ladder::resting(GRACE_OF_ORPHANS);
        Ok(Desk {
            alone,
            signals,
            engine: Some(engine),
            supervisors: HashMap::new(),
            fold: fold(),
            lost: Vec::new(),
            pool: Pool::open(),
            orphans,
        })
    }

    /// Returns when the engine is gone and no child is left. Supervisors need no word from here: they see the
    /// end of file on their own sockets.
    fn work(mut self) {
        loop {
            let some_left = self.collect();
            if self.engine.is_none() && !some_left && self.orphans.is_resting() {
                return;
            }
            let now = process::now();
            if self.orphans.forces(now) {
                self.lost.iter().for_each(Pen::kill);
            }
            let (supervisors, lost) = (&self.supervisors, &self.lost);
            self.orphans.step(now, || orphans(supervisors, lost));
            let idle = self.orphans.idle(process::now()).map(process::timespec);
            let mut fds = vec![PollFd::new(&self.signals, PollFlags::IN)];
            fds.extend(self.engine.as_ref().map(|engine| PollFd::new(engine, PollFlags::IN)));
            poll(&mut fds, idle.as_ref()).ok();
            drain(&self.signals);
            self.accept();
        }
    }

    fn accept(&mut self) {
        while let Some(engine) = &self.engine {
            match receive_run(engine.as_fd()) {
                Ok(Received::Message(run)) => self.launch(run),
                Ok(Received::NothingNow) => return,
                Ok(Received::End) => {
                    self.engine = None;
                    self.pool = None;
                }
                // Out of descriptors or memory. Its descriptors are closed, so the engine learns of the loss.
                Err(_) => return,
            }
        }
    }

    fn launch(&mut self, run: RunFds) {
        if let Some(pool) = &mut self.pool {
            pool.count();
            if pool.free > 0 && pass(pool.ours.as_fd(), &run).is_ok() {
                pool.free -= 1;
                return;
            }
        }
        let pen = self.fold.as_mut().and_then(|fold| fold.pen().ok());
        match self.fork(pen) {
            Ok((Half::New, pen)) => {
                // What this process keeps open, its fork has too: nothing but signals, engine and pool.
                self.engine = None;
                let pool = self.pool.take().map(|pool| pool.theirs);
                let place = Place { alone: &self.alone, pen: pen.as_ref() };
                leave(supervise(run, &self.signals, pool.as_ref(), &place))
            }
            Ok((Half::Old { child }, pen)) => drop(self.supervisors.insert(child, pen)),
            Err(error) => {
                let kind = StartFailure::Other(format!("the system starts no more processes: {error}"));
                report(&run.control, &ProcessEvent::StartFailed { kind });
            }
        }
    }

    /// Where the kernel refuses a start in a group, a run goes without.
    fn fork(&self, pen: Option<Pen>) -> io::Result<(Half, Option<Pen>)> {
        let Some(pen) = pen else { return fork(&self.alone).map(|half| (half, None)) };
        match pen.open().and_then(|group| fork_into(&self.alone, group.as_fd())) {
            Ok(half) => Ok((half, Some(pen))),
            Err(_) => {
                pen.remove();
                fork(&self.alone).map(|half| (half, None))
            }
        }
    }

    /// Collects who has exited. Returns whether anybody is left.
    fn collect(&mut self) -> bool {
        let some_left = loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) => {
                    let Some(pen) = self.supervisors.remove(&pid.as_raw_pid().unsigned_abs()) else {
                        continue;
                    };
                    let code = status.exit_status();
                    match pen {
                        Some(pen) if [Some(0), Some(LEFT_IDLE)].contains(&code) => pen.remove(),
                        pen => self.lost.extend(pen),
                    }
                    match code {
                        // The engine or the pool it belonged to is gone.
                        Some(0) => {}
                        code => self.lost(code == Some(LEFT_IDLE)),
                    }
                }
                Err(rustix::io::Errno::INTR) => {}
                left => break left.is_ok(),
            }
        };
        if !self.orphans.is_resting() && orphans(&self.supervisors, &self.lost).is_empty() {
            self.orphans.rest();
            self.lost.drain(..).for_each(|pen| pen.remove());
        }
        some_left
    }

    /// A supervisor has left for want of work, or it was killed. A killed one leaves us its children, and nobody
    /// knows whether it counted as free, so the pool begins anew; those that wait in the old one leave.
    fn lost(&mut self, idle: bool) {
        if !idle {
            self.orphans.begin();
        }
        let Some(pool) = &mut self.pool else { return };
        pool.count();
        // What lay ready for the lost one must not wait until another is free.
        let runs = pool.take_back();
        pool.free = pool.free.saturating_sub(1);
        if !idle {
            self.pool = Pool::open();
        }
        for run in runs {
            self.launch(run);
        }
    }
}

/// Control groups where the engine has found that it may make some.
fn fold() -> Option<Fold> {
    let base = std::env::var_os(GROUPS_VARIABLE)?;
    Fold::open(base.as_ref(), &std::env::var(SPAWNER_VARIABLE).ok()?).ok()
}

/// Children that are no supervisors, with everything below them and everything that stood in a group with them.
fn orphans(supervisors: &HashMap<u32, Option<Pen>>, lost: &[Pen]) -> Vec<Row> {
    let own = std::process::id();
    let table = process::table();
    let adopted = |row: &&Row| row.parent == own && !supervisors.contains_key(&row.pid);
    let roots: HashSet<u32> = table.iter().filter(adopted).map(|row| row.pid).collect();
    let below = process::below(roots.iter().copied(), &table);
    let grouped: HashSet<u32> = lost.iter().flat_map(Pen::members).collect();
    table
        .into_iter()
        .filter(|row| !row.dead)
        .filter(|row| [&roots, &below, &grouped].iter().any(|some| some.contains(&row.pid)))
        .collect()
}
