//! The spawner: takes descriptors from the engine, forks a supervisor for them, and never waits for either.

use std::collections::HashSet;
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
use super::supervise::{LEFT_IDLE, drain, report, supervise};
use super::{OPEN_FILES_VARIABLE, ProcessEvent, StartFailure};
use crate::limits;
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
    supervisors: HashSet<u32>,
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
            supervisors: HashSet::new(),
            pool: Pool::open(),
            orphans,
        })
    }

    /// Returns when the engine is gone and no child is left. Supervisors need no word from here: they see the
    /// end of file on their own sockets.
    fn work(mut self) {
        loop {
            let some_left = self.collect();
            if self.engine.is_none() && !some_left {
                return;
            }
            let supervisors = &self.supervisors;
            self.orphans.step(process::now(), || orphans(supervisors));
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
        match fork(&self.alone) {
            Ok(Half::New) => {
                // What this process keeps open, its fork has too: nothing but signals, engine and pool.
                self.engine = None;
                let pool = self.pool.take().map(|pool| pool.theirs);
                leave(supervise(run, &self.signals, pool.as_ref()))
            }
            Ok(Half::Old { child }) => drop(self.supervisors.insert(child)),
            Err(error) => {
                let kind = StartFailure::Other(format!("the system starts no more processes: {error}"));
                report(&run.control, &ProcessEvent::StartFailed { kind });
            }
        }
    }

    /// Collects who has exited. Returns whether anybody is left.
    fn collect(&mut self) -> bool {
        let some_left = loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) if self.supervisors.remove(&pid.as_raw_pid().unsigned_abs()) => {
                    match status.exit_status() {
                        // The engine or the pool it belonged to is gone.
                        Some(0) => {}
                        code => self.lost(code == Some(LEFT_IDLE)),
                    }
                }
                Ok(Some(_)) | Err(rustix::io::Errno::INTR) => {}
                left => break left.is_ok(),
            }
        };
        if !self.orphans.is_resting() && orphans(&self.supervisors).is_empty() {
            self.orphans.rest();
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

/// Children that are no supervisors, with everything below them.
fn orphans(supervisors: &HashSet<u32>) -> Vec<Row> {
    let own = std::process::id();
    let table = process::table();
    let adopted = |row: &&Row| row.parent == own && !supervisors.contains(&row.pid);
    let roots: HashSet<u32> = table.iter().filter(adopted).map(|row| row.pid).collect();
    let below = process::below(roots.iter().copied(), &table);
    table
        .into_iter()
        .filter(|row| !row.dead && (roots.contains(&row.pid) || below.contains(&row.pid)))
        .collect()
}
