//! The last step before the program: limits and Landlock are set here, on nobody but the program.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};
use rustix::stdio::dup2_stdin;
use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities};
use serde::{Deserialize, Serialize};

use super::landlock::Rules;
use super::places::real;
use super::scratch::Scratch;
use super::{Isolation, Limits, NOT_INSIDE, Sandbox, bubblewrap, probe};
use crate::os::sys::{
    Half, SingleThreaded, close_inherited, collect, fork, hold_signals, leave, release_signals,
};
use crate::spawner::fds::{Received, pair, receive, tell};
use crate::spawner::supervise::{drain, exit_of};
use crate::spawner::{Exit, RUN_VARIABLE, StartFailure};

/// What a message on a socket holds at most.
const LONGEST_PLAN: usize = 256 * 1024;

/// What the gate is told, apart from the command line behind it.
#[derive(Serialize, Deserialize)]
struct Plan {
    limits: Limits,
    /// What the program finds in its environment beside what the gate does. Bubblewrap never sees it.
    secrets: Vec<(String, String)>,
    rules: Option<Rules>,
    /// It is process 1: the program is a child of its own, and what that leaves behind is collected here.
    stays: bool,
}

/// What the gate tells.
#[derive(Debug, Serialize, Deserialize)]
pub enum Word {
    /// Everything is set; the end of file after it says that the program runs.
    Confined,
    Started,
    Failed {
        kind: StartFailure,
    },
    /// `last`: nothing but the gate is left inside.
    Exited {
        exit: Exit,
        last: bool,
        cpu: Duration,
        max_rss_kib: u64,
    },
}

/// A program with everything that stands before it.
pub struct Confined {
    pub file: PathBuf,
    pub argv: Vec<OsString>,
    pub env: Vec<(String, String)>,
    /// The supervisor's end, with the plan written into the other.
    pub socket: OwnedFd,
    /// What the gate gets as its standard input.
    pub stdin: OwnedFd,
    pub cwd: PathBuf,
    /// The first process is bubblewrap's; it is not to be asked to leave, as it would go before the program.
    pub wrapped: bool,
    pub scratch: Option<Scratch>,
}

/// Puts a sandbox around a program, or says in a half sentence why that cannot be. `program`: the file found for
/// `argv`.
pub fn confine(
    sandbox: &Sandbox,
    program: &Path,
    argv: &[String],
    env: &[(String, String)],
    secrets: &[(String, String)],
    cwd: &Path,
) -> Result<Confined, String> {
    if let Some(refusal) = sandbox.refuses_folder(cwd) {
        return Err(refusal);
    }
    let folder = real(cwd);
    let inside = sandbox
        .finds(program, &folder)
        .ok_or_else(|| format!("{} is not among what an isolated program finds", program.display()))?;
    let gate = own_binary().map_err(|error| format!("Errand's own program is not to be found: {error}"))?;
    let failed = |error: io::Error| format!("the isolation could not be prepared: {error}");

    let mut env: Vec<(String, String)> =
        env.iter().filter(|(name, _)| !NOT_INSIDE.contains(&name.as_str())).cloned().collect();
    let secrets = secrets.to_vec();
    let mut plan = Plan { limits: of_each(sandbox.limits), secrets, rules: None, stays: false };
    let mut words: Vec<OsString> = Vec::new();
    let (file, cwd, scratch) = match sandbox.isolation {
        Isolation::Bubblewrap { landlock } => {
            let bwrap = bubblewrap::find().ok_or("bubblewrap is not installed any more")?;
            plan.stays = true;
            plan.rules = sandbox.network.then(|| Rules::for_a_shared_network(landlock)).flatten();
            words.push("bwrap".into());
            words.extend(bubblewrap::arguments(sandbox, &folder, &gate));
            words.push(super::GATE.into());
            (bwrap, PathBuf::from("/"), None)
        }
        Isolation::Landlock { level } => {
            let run = env.iter().find(|(name, _)| name == RUN_VARIABLE).map(|(_, run)| run.as_str());
            let scratch = Scratch::make(run.unwrap_or_default()).map_err(failed)?;
            let own = scratch.path().display().to_string();
            env.retain(|(name, _)| name != "HOME");
            env.extend([("HOME".to_owned(), own.clone()), ("TMPDIR".to_owned(), own)]);
            plan.rules = Some(Rules::for_all(sandbox, level, folder.clone(), scratch.path().to_owned()));
            words.push("errand".into());
            let cwd = sandbox.start(&folder).unwrap_or_else(|| scratch.path().to_owned());
            (gate, cwd, Some(scratch))
        }
    };
    words.extend(["gate".into(), inside.into_os_string()]);
    words.extend(argv.iter().map(OsString::from));
    let (socket, stdin) = pair().map_err(failed)?;
    let text = serde_json::to_vec(&plan).map_err(|error| failed(error.into()))?;
    tell(socket.as_fd(), &text).map_err(failed)?;
    Ok(Confined { file, argv: words, env, socket, stdin, cwd, wrapped: plan.stays, scratch })
}

/// What is left for the gate to set: what the control group counts for all needs no second limit for each, which
/// would refuse a program that reserves much and uses little.
fn of_each(limits: Limits) -> Limits {
    let Limits { cpu, memory, processes, together } = limits;
    Limits {
        cpu,
        memory: memory.filter(|_| !together.memory),
        processes: processes.filter(|_| !together.processes),
        together,
    }
}

/// What could have kept a sandbox from coming up, asked after it did not.
pub fn why_not(wrapped: bool) -> String {
    let found = probe();
    let reason = if wrapped { found.bubblewrap.err() } else { found.landlock.err() };
    reason.map_or_else(
        || "the isolation that was agreed on did not come up".to_owned(),
        |why| format!("it cannot be isolated as agreed: {why}"),
    )
}

/// After an update the file of a running program has another name for as long as it runs.
fn own_binary() -> io::Result<PathBuf> {
    let path = std::env::current_exe()?;
    if path.exists() {
        return Ok(path);
    }
    let replaced = path.to_string_lossy().trim_end_matches(" (deleted)").to_owned();
    std::fs::canonicalize(replaced)
}

/// The whole life of the process `errand gate PROGRAM NAME ARGS…`, which the supervisor starts. Standard input
/// is the socket to it. Must run before any thread is started.
pub fn gate() -> ExitCode {
    match pass_through() {
        Ok(code) => code,
        Err(_) => ExitCode::FAILURE,
    }
}

fn pass_through() -> io::Result<ExitCode> {
    let alone = SingleThreaded::check()?;
    close_inherited(&alone)?;
    let supervisor = rustix::io::fcntl_dupfd_cloexec(io::stdin(), 3)?;
    dup2_stdin(open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?)?;
    let mut buffer = vec![0; LONGEST_PLAN];
    let plan: Plan = match receive(supervisor.as_fd(), &mut buffer)? {
        Received::Message(text) => serde_json::from_slice(text)?,
        Received::NothingNow | Received::End => return Err(io::ErrorKind::UnexpectedEof.into()),
    };
    let mut words = std::env::args_os().skip(2);
    let (Some(program), Some(name)) = (words.next(), words.next()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let mut command = Command::new(program);
    command.arg0(name).args(words).envs(plan.secrets.iter().map(|(name, value)| (name, value)));
    if plan.stays {
        return stay(&alone, &supervisor, &plan, command);
    }
    let failed = match bind(&plan, 0) {
        Ok(()) => {
            say(&supervisor, &Word::Confined)?;
            become_program(command)
        }
        Err(failed) => failed,
    };
    say(&supervisor, &Word::Failed { kind: failed })?;
    Ok(ExitCode::FAILURE)
}

/// As process 1: starts the program, collects whatever ends, and leaves with the last.
fn stay(alone: &SingleThreaded, supervisor: &OwnedFd, plan: &Plan, command: Command) -> io::Result<ExitCode> {
    // Nobody but KILL ends process 1 before the others.
    let signals = hold_signals()?;
    // And nobody takes it over to do without limits what the program itself may not.
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    // Closed by the start of the program, or else it brings the reason why it did not start.
    let (failure, said) = pipe_with(PipeFlags::CLOEXEC)?;
    let main = match fork(alone)? {
        Half::New => {
            let failed = match bind(plan, 1) {
                // The program is to have the signals that we hold back from ourselves.
                Ok(()) => match release_signals() {
                    Ok(()) => become_program(command),
                    Err(error) => StartFailure::Other(format!("signals are held back: {error}")),
                },
                Err(failed) => failed,
            };
            if let Ok(text) = serde_json::to_vec(&failed) {
                std::fs::File::from(said).write_all(&text).ok();
            }
            leave(1)
        }
        Half::Old { child } => child,
    };
    drop(said);
    let mut text = Vec::new();
    std::fs::File::from(failure).read_to_end(&mut text)?;
    if let Ok(kind) = serde_json::from_slice(&text) {
        say(supervisor, &Word::Failed { kind })?;
        return Ok(ExitCode::FAILURE);
    }
    say(supervisor, &Word::Started)?;
    let (mut exit, mut cpu, mut max_rss_kib) = (None, Duration::ZERO, 0);
    loop {
        let mut alone = false;
        loop {
            match collect() {
                Ok(Some(child)) => {
                    cpu += child.cpu;
                    max_rss_kib = max_rss_kib.max(child.max_rss_kib);
                    if child.pid == main {
                        exit = Some(exit_of(child.status));
                    }
                }
                Ok(None) => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => {
                    alone = true;
                    break;
                }
            }
        }
        if let Some(exit) = exit.take() {
            say(supervisor, &Word::Exited { exit, last: alone, cpu, max_rss_kib })?;
        }
        if alone {
            return Ok(ExitCode::SUCCESS);
        }
        poll(&mut [PollFd::new(&signals, PollFlags::IN)], None).ok();
        drain(&signals);
    }
}

fn say(supervisor: &OwnedFd, word: &Word) -> io::Result<()> {
    tell(supervisor.as_fd(), &serde_json::to_vec(word)?)
}

/// `others`: how many processes beside the program's the kernel counts inside.
fn bind(plan: &Plan, others: u32) -> Result<(), StartFailure> {
    let failed = |what: &str, error: &dyn std::fmt::Display| {
        StartFailure::Other(format!("{what} could not be set: {error}"))
    };
    if let Some(rules) = &plan.rules {
        rules.enforce().map_err(|error| failed("its isolation by Landlock", &error))?;
    }
    let Limits { cpu, memory, processes, together: _ } = plan.limits;
    // The kernel counts whole seconds.
    let cpu = cpu.map(|cpu| cpu.as_secs() + u64::from(cpu.subsec_nanos() > 0));
    let processes = processes.map(|count| u64::from(count + others));
    for (kind, value, what) in [
        (Resource::Cpu, cpu, "the limit of processor time"),
        (Resource::As, memory, "the limit of memory"),
        (Resource::Nproc, processes, "the limit of processes"),
    ] {
        let Some(value) = value else { continue };
        let maximum = getrlimit(kind).maximum;
        let value = maximum.map_or(value, |maximum| value.min(maximum));
        // Processor time: the first limit asks (SIGXCPU), the second kills.
        let hard = if kind == Resource::Cpu { value + 1 } else { value };
        let hard = maximum.map_or(hard, |maximum| hard.min(maximum));
        setrlimit(kind, Rlimit { current: Some(value), maximum: Some(hard) })
            .map_err(|error| failed(what, &error))?;
    }
    // With root's powers a program could still read other processes, whatever Landlock says.
    let none = CapabilitySet::empty();
    let none = CapabilitySets { effective: none, permitted: none, inheritable: none };
    set_capabilities(None, none).map_err(|error| failed("its loss of root's powers", &error))
}

/// Returns only if that failed.
fn become_program(mut command: Command) -> StartFailure {
    let name = command.get_program().to_string_lossy().into_owned();
    let error = command.exec();
    StartFailure::Other(match error.kind() {
        io::ErrorKind::NotFound => format!("{name}, or the program that is to read it, is missing inside"),
        _ => format!("{name} does not start: {error}"),
    })
}
