//! The supervisor: a process that watches over one run, forked by the spawner. Once nothing of the run is left
//! it may serve another one: its table of children is proven empty, and a fork costs as much as a program.

use std::ffi::CString;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::process::{Signal, chdir, set_child_subreaper};

use super::fds::{Received, RunFds, await_run, receive, tell};
use super::gated::{Gated, Opening};
use super::pen::{Apart, Pen};
use super::{Exit, Order, ProcessEvent, SUPERVISOR_NAME, StartFailure};
use crate::os::into::start_into;
use crate::os::ladder::Ladder;
use crate::os::process::Row;
use crate::os::sys::SingleThreaded;
use crate::os::{process, sys};
use crate::program::{USUAL_PATH, find_program};
use crate::sandbox::confine;
use crate::{ProcessIdentity, Sandbox};

/// The exit code of a supervisor that has left because there was nothing to do.
pub const LEFT_IDLE: i32 = 3;

/// How often we look for what is in our control group without being below us; nobody tells us of its end.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// How close to its end a limit of processor time is looked at.
const CPU_STEP: Duration = Duration::from_millis(20);

/// What may be used after that was told.
const CPU_GRACE: Duration = Duration::from_secs(1);

/// Where a supervisor stands.
pub struct Place<'a> {
    pub alone: &'a SingleThreaded,
    /// Its control group.
    pub pen: Option<&'a Pen>,
}

/// The life of a supervisor. `pool` is shared by all: there the spawner offers runs, and there one says that it
/// is free. Returns the exit code.
pub fn supervise(first: RunFds, signals: &OwnedFd, pool: Option<&OwnedFd>, place: &Place<'_>) -> i32 {
    rustix::thread::set_name(SUPERVISOR_NAME).ok();
    if let Err(error) = set_child_subreaper(Some(rustix::process::getpid())) {
        report(&first.control, &ProcessEvent::StartFailed { kind: StartFailure::Other(error.to_string()) });
        return 0;
    }
    let mut run = first;
    loop {
        watch_over(run, signals, place);
        let Some(pool) = pool else { return 0 };
        if tell(pool.as_fd(), b"free").is_err() {
            return 0;
        }
        run = match await_run(pool.as_fd()) {
            Ok(Received::Message(run)) => run,
            Ok(Received::NothingNow) => return LEFT_IDLE,
            Ok(Received::End) => return 0,
            // Not understood or out of descriptors: the spawner must look after what lies ready.
            Err(_) => return LEFT_IDLE,
        };
    }
}

/// Starts the program and returns when nothing of it is left.
fn watch_over(run: RunFds, signals: &OwnedFd, place: &Place<'_>) {
    let RunFds { control, stdout, stderr, order } = run;
    // The engine may have died since it asked; then nothing is to start. Or it may have changed its mind.
    let mut buffer = [0; 16];
    let ended = match receive(control.as_fd(), &mut buffer) {
        Ok(Received::End) => return,
        Ok(Received::Message(_)) => true,
        Ok(Received::NothingNow) | Err(_) => false,
    };
    let started = start(order, &stdout, &stderr, place);
    // The program keeps the folder; that we stay in it would only keep the folder's disk from being unmounted.
    chdir("/").ok();
    // Ours must be closed, or the engine would never see the end of the output.
    drop((stdout, stderr));
    let Begun { identity, grace, gated, apart } = match started {
        Ok(begun) => begun,
        Err(kind) => return report(&control, &ProcessEvent::StartFailed { kind }),
    };
    let main = identity.pid;
    let mut ladder = Ladder::resting(grace).sparing(gated.as_ref().and_then(Gated::wrapper));
    if ended {
        ladder.begin();
    }
    if gated.is_none() {
        report(&control, &ProcessEvent::Started { identity });
    }
    let (cpu, max_rss_kib) = (Duration::ZERO, 0);
    Supervisor {
        control: Some(control),
        main,
        exit: None,
        exit_told: false,
        cpu,
        max_rss_kib,
        ladder,
        gated,
        pen: place.pen,
        apart,
        cpu_told: false,
        elsewhere: false,
    }
    .watch(signals);
}

/// A program that runs, or one whose gate does.
struct Begun {
    identity: ProcessIdentity,
    grace: Duration,
    gated: Option<Gated>,
    apart: Option<Apart>,
}

fn start(
    order: OwnedFd,
    stdout: &OwnedFd,
    stderr: &OwnedFd,
    place: &Place<'_>,
) -> Result<Begun, StartFailure> {
    let other = |error: io::Error| StartFailure::Other(error.to_string());
    let order = read(order).map_err(other)?;
    chdir(&order.cwd).map_err(|error| match error.into() {
        error if missing(&error) => StartFailure::FolderMissing,
        error => {
            StartFailure::Other(format!("the folder {} cannot be entered: {error}", order.cwd.display()))
        }
    })?;
    let program = locate(&order)?;
    let Some(sandbox) = &order.sandbox else {
        let pid = exec(&order, &program, stdout, stderr)?;
        let identity = ProcessIdentity::read(pid).map_err(other)?;
        return Ok(Begun { identity, grace: order.grace, gated: None, apart: None });
    };
    let confined = confine(sandbox, &program, &order.argv, &order.env, &order.secrets, &order.cwd)
        .map_err(StartFailure::Other)?;
    chdir(&confined.cwd).map_err(|error| other(error.into()))?;
    let argv = confined.argv.iter().map(|word| word.as_bytes()).collect();
    let (argv, env) = (texts(argv)?, environment(&confined.env, &[])?);
    let file = texts(vec![confined.file.as_os_str().as_bytes()])?;
    let (stdin, stdout, stderr) = (Some(confined.stdin.as_fd()), stdout.as_fd(), stderr.as_fd());
    let apart = set_apart(sandbox, place).map_err(StartFailure::Other)?;
    let started = match apart.as_ref().map(Apart::open) {
        None => sys::start(&file[0], &argv, &env, stdin, stdout, stderr),
        Some(group) => group.and_then(|group| {
            start_into(place.alone, group.as_fd(), &file[0], &argv, &env, stdin, stdout, stderr)
        }),
    };
    let pid = started.map_err(|error| {
        StartFailure::Other(format!("{} does not start: {error}", confined.file.display()))
    })?;
    let identity = ProcessIdentity::read(pid).map_err(other)?;
    Ok(Begun { gated: Some(Gated::over(confined, identity.clone())), identity, grace: order.grace, apart })
}

/// A control group of its own. Without one, limits that were to hold for all together would hold for nobody.
fn set_apart(sandbox: &Sandbox, place: &Place<'_>) -> Result<Option<Apart>, String> {
    match place.pen.map(|pen| pen.set_apart(sandbox)) {
        Some(Ok(apart)) => Ok(Some(apart)),
        Some(Err(why)) if sandbox.limits.together.any() => Err(why),
        None if sandbox.limits.together.any() => {
            Err("its limits cannot hold for all its processes together, as agreed: it has no control group"
                .into())
        }
        Some(Err(_)) | None => Ok(None),
    }
}

fn texts(texts: Vec<&[u8]>) -> Result<Vec<CString>, StartFailure> {
    let zero = |_| StartFailure::Other("a zero byte stands in the command or its environment".into());
    texts.into_iter().map(CString::new).collect::<Result<Vec<_>, _>>().map_err(zero)
}

fn environment(env: &[(String, String)], secrets: &[(String, String)]) -> Result<Vec<CString>, StartFailure> {
    let env: Vec<String> = env.iter().chain(secrets).map(|(name, value)| format!("{name}={value}")).collect();
    texts(env.iter().map(String::as_bytes).collect())
}

fn read(order: OwnedFd) -> io::Result<Order> {
    let mut file = File::from(order);
    let mut text = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}

/// A file that is nowhere: whoever reads it comes to its end, however late.
fn in_memory(text: &str) -> io::Result<File> {
    let mut file = File::from(memfd_create("errand-input", MemfdFlags::CLOEXEC)?);
    file.write_all(text.as_bytes())?;
    file.rewind()?;
    Ok(file)
}

fn exec(order: &Order, program: &Path, stdout: &OwnedFd, stderr: &OwnedFd) -> Result<u32, StartFailure> {
    let env = environment(&order.env, &order.secrets)?;
    let argv = texts(order.argv.iter().map(String::as_bytes).collect())?;
    let file = texts(vec![program.as_os_str().as_bytes()])?.remove(0);
    let input = order.input.as_deref().map(in_memory).transpose();
    let input = input.map_err(|error| StartFailure::Other(format!("its input cannot be kept: {error}")))?;
    let stdin = input.as_ref().map(AsFd::as_fd);
    let start = |file, argv: &[CString]| sys::start(file, argv, &env, stdin, stdout.as_fd(), stderr.as_fd());
    let started = match start(&file, &argv) {
        // A script that does not say which program reads it: the shell, as in every terminal.
        Err(error) if error.raw_os_error() == Some(libc::ENOEXEC) => {
            let script =
                [vec![c"/bin/sh".to_owned(), file.clone()], argv.into_iter().skip(1).collect()].concat();
            start(c"/bin/sh", &script)
        }
        started => started,
    };
    started.map_err(|error| {
        StartFailure::Other(match missing(&error) {
            // It was there a moment ago, so what is missing is what should load it.
            true => format!("the program that is to read {} is missing", program.display()),
            false => format!("{} does not start: {error}", program.display()),
        })
    })
}

fn locate(order: &Order) -> Result<PathBuf, StartFailure> {
    let name = order.argv.first().map(String::as_str).unwrap_or_default();
    let path =
        order.env.iter().rev().find(|(name, _)| name == "PATH").map_or(USUAL_PATH, |(_, path)| path.as_str());
    find_program(name, path, &order.cwd).ok_or_else(|| {
        let file = order.cwd.join(name);
        if name.contains('/') && Path::exists(&file) {
            StartFailure::Other(format!("{} is not an executable file", file.display()))
        } else {
            StartFailure::ProgramMissing
        }
    })
}

fn missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// An engine that is gone hears nothing; the end of file tells us soon enough.
pub fn report(control: &OwnedFd, event: &ProcessEvent) {
    if let Ok(text) = serde_json::to_vec(event) {
        tell(control.as_fd(), &text).ok();
    }
}

struct Supervisor<'a> {
    /// Closed once the engine is gone.
    control: Option<OwnedFd>,
    main: u32,
    exit: Option<Exit>,
    exit_told: bool,
    /// Of all that was collected.
    cpu: Duration,
    max_rss_kib: u64,
    ladder: Ladder,
    /// The gate in front of an isolated program.
    gated: Option<Gated>,
    /// The control group we stand in with the program, and the one that an isolated program has for itself.
    pen: Option<&'a Pen>,
    apart: Option<Apart>,
    cpu_told: bool,
    /// Somebody is left who is not below us.
    elsewhere: bool,
}

impl Supervisor<'_> {
    fn watch(mut self, signals: &OwnedFd) {
        loop {
            // As the reaper of all descendants we have a child for as long as there is a descendant.
            let childless = !self.collect();
            self.elsewhere = childless && !self.has_empty_groups();
            let gone = childless && !self.elsewhere;
            if self.opens(gone) {
                self.tell_exit(gone);
            }
            if gone {
                return;
            }
            self.hold_to_cpu_limit();
            let now = process::now();
            if let Some(apart) = self.apart.as_ref().filter(|_| self.ladder.forces(now)) {
                apart.kill();
            }
            let (pen, apart) = (self.pen, self.apart.as_ref());
            let stuck = self.ladder.step(now, || rows(pen, apart));
            if let Some(processes) = stuck {
                self.report(&ProcessEvent::Stuck { processes });
            }
            self.wait(signals);
        }
    }

    fn has_empty_groups(&self) -> bool {
        self.pen.is_none_or(|pen| pen.others().is_empty()) && self.apart.as_ref().is_none_or(Apart::is_empty)
    }

    /// As the kernel does with a single process: it is told, which ends those that do not listen, and has to go if it
    /// goes on nevertheless.
    fn hold_to_cpu_limit(&mut self) {
        if !self.cpu_left().is_some_and(|left| left.is_zero()) {
            return;
        }
        if self.cpu_told {
            self.ladder.begin();
            return;
        }
        self.cpu_told = true;
        let spared = self.gated.as_ref().and_then(Gated::wrapper);
        for row in rows(None, self.apart.as_ref()).into_iter().filter(|row| Some(row.pid) != spared) {
            process::signal(row.pid, row.start_time, Signal::XCPU).ok();
        }
    }

    /// None where nothing is due any more.
    fn cpu_left(&self) -> Option<Duration> {
        let apart = self.apart.as_ref().filter(|_| self.ladder.is_resting())?;
        apart.cpu_left(if self.cpu_told { CPU_GRACE } else { Duration::ZERO })
    }

    /// When the limit can be reached at the earliest, with every processor at work.
    fn cpu_due(&self) -> Option<Duration> {
        let processors = std::thread::available_parallelism().map_or(1, |count| count.get());
        Some((self.cpu_left()? / u32::try_from(processors).unwrap_or(1)).max(CPU_STEP))
    }

    /// Collects who has exited. Returns whether anybody is left.
    fn collect(&mut self) -> bool {
        loop {
            match sys::collect() {
                Ok(Some(child)) => {
                    self.cpu += child.cpu;
                    self.max_rss_kib = self.max_rss_kib.max(child.max_rss_kib);
                    if child.pid == self.main {
                        self.exit = Some(exit_of(child.status));
                    }
                }
                Ok(None) => return true,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
    }

    /// Hears what the gate has to say. False while there is no program whose end could be told.
    fn opens(&mut self, gone: bool) -> bool {
        let Some(gated) = &mut self.gated else { return true };
        let event = match gated.hear(gone, !self.ladder.is_resting()) {
            Opening::Open => return true,
            Opening::Closed => return false,
            Opening::Opened(identity) => {
                // If its end was ordered meanwhile, it was not yet there to hear of it.
                self.ladder.ask_again();
                ProcessEvent::Started { identity }
            }
            Opening::Failed(kind) => ProcessEvent::StartFailed { kind },
            Opening::Failing => {
                self.ladder.begin();
                return false;
            }
        };
        self.report(&event);
        matches!(event, ProcessEvent::Started { .. })
    }

    fn tell_exit(&mut self, gone: bool) {
        let exit = match &self.gated {
            Some(gated) => gated.exit(self.exit),
            None => self.exit,
        };
        let Some(exit) = exit else { return };
        if let Some(gated) = self.gated.as_mut().filter(|_| gone) {
            gated.clear();
        }
        if !self.exit_told {
            self.exit_told = true;
            let (mut cpu, mut max_rss_kib) = (self.cpu, self.max_rss_kib);
            if let Some(gated) = &self.gated {
                // Under bubblewrap the gate collects; what it has collected reaches us only with its own end.
                (cpu, max_rss_kib) = (cpu.max(gated.cpu), max_rss_kib.max(gated.max_rss_kib));
            }
            self.report(&ProcessEvent::Exited { exit, gone, cpu, max_rss_kib });
            self.ladder.begin();
        } else if gone {
            self.report(&ProcessEvent::Gone);
        }
    }

    fn wait(&mut self, signals: &OwnedFd) {
        let again = self.elsewhere.then_some(LOOK_AGAIN);
        let idle = [self.ladder.idle(process::now()), self.cpu_due(), again].into_iter().flatten().min();
        let idle = idle.map(process::timespec);
        let mut fds = vec![PollFd::new(signals, PollFlags::IN)];
        fds.extend(self.control.as_ref().map(|control| PollFd::new(control, PollFlags::IN)));
        let gate = self.gated.as_ref().and_then(Gated::socket);
        fds.extend(gate.map(|gate| PollFd::new(gate, PollFlags::IN)));
        poll(&mut fds, idle.as_ref()).ok();
        drain(signals);
        let Some(control) = &self.control else { return };
        let mut buffer = [0; 16];
        match receive(control.as_fd(), &mut buffer) {
            Ok(Received::NothingNow) => {}
            Ok(Received::Message(_)) => self.ladder.begin(),
            Ok(Received::End) | Err(_) => {
                self.control = None;
                self.ladder.begin();
            }
        }
    }

    fn report(&self, event: &ProcessEvent) {
        if let Some(control) = &self.control {
            report(control, event);
        }
    }
}

/// Whoever is below us, and whoever is in our groups without being below us.
fn rows(pen: Option<&Pen>, apart: Option<&Apart>) -> Vec<Row> {
    let own = std::process::id();
    let table = process::table();
    let mut ours = process::below([own], &table);
    ours.extend(pen.map(Pen::others).unwrap_or_default());
    ours.extend(apart.map(Apart::members).unwrap_or_default());
    table.into_iter().filter(|row| !row.dead && ours.contains(&row.pid)).collect()
}

pub fn exit_of(status: i32) -> Exit {
    if libc::WIFSIGNALED(status) {
        Exit::Signal(libc::WTERMSIG(status))
    } else {
        Exit::Code(libc::WEXITSTATUS(status))
    }
}

/// Signals of one kind merge into one, so reading says only that there was some; the table of children says who.
pub fn drain(signals: &OwnedFd) {
    let mut buffer = [0; 1024];
    rustix::io::read(signals, &mut buffer).ok();
}
