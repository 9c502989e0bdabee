//! The calls that have no safe form, each behind a function that cannot be misused from this crate.
#![expect(
    unsafe_code,
    reason = "fork, posix_spawn, signalfd and wait4 are C functions; so is the promise to the runtime"
)]

use std::ffi::{CStr, CString, c_char};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;
use std::time::Duration;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Which of the two processes after a fork we are.
pub enum Half {
    Old { child: u32 },
    New,
}

/// Splits this process in two. Not possible beside threads: the new half would have only one of them and could
/// wait forever for a lock that another held.
pub fn fork(_alone: &SingleThreaded) -> io::Result<Half> {
    // SAFETY: `SingleThreaded` proves that no other thread can hold a lock the new half may need.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(Half::New),
        pid => Ok(Half::Old { child: pid.unsigned_abs() }),
    }
}

/// The end of a new half: nothing of the old one's (buffers, exit handlers) runs a second time.
pub fn leave(code: i32) -> ! {
    // SAFETY: always sound.
    unsafe { libc::_exit(code) }
}

/// Proof that this process had one thread when asked. Whoever holds it starts no others.
#[derive(Debug)]
pub struct SingleThreaded(());

impl SingleThreaded {
    pub fn check() -> io::Result<SingleThreaded> {
        match std::fs::read_dir("/proc/self/task")?.count() {
            1 => Ok(SingleThreaded(())),
            threads => {
                Err(io::Error::other(format!("{threads} threads run; forking needs to be done before them")))
            }
        }
    }
}

/// Closes whatever this process was started with beyond the three standard descriptors. A careless parent of the
/// engine may have left some open, and from here they would go on to every program.
pub fn close_inherited(_alone: &SingleThreaded) -> io::Result<()> {
    let open = std::fs::read_dir("/proc/self/fd")?;
    let fds: Vec<i32> = open.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    for fd in fds.into_iter().filter(|fd| *fd > libc::STDERR_FILENO) {
        // SAFETY: called before anything in this process owns a descriptor beyond the standard ones. The one of
        // the folder just read is closed already, which makes this a harmless error.
        unsafe { libc::close(fd) };
    }
    Ok(())
}

/// Blocks every signal, which what we start does not inherit, and makes SIGCHLD readable from a descriptor.
/// Thus only KILL and STOP reach this process: its life hangs on its sockets, not on a logout or a Ctrl-C.
pub fn hold_signals() -> io::Result<OwnedFd> {
    let mut all = MaybeUninit::<libc::sigset_t>::uninit();
    let mut child = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: the sets are filled before they are read; the descriptor is new and ours.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        libc::sigemptyset(child.as_mut_ptr());
        libc::sigaddset(child.as_mut_ptr(), libc::SIGCHLD);
        if libc::sigprocmask(libc::SIG_SETMASK, all.as_ptr(), ptr::null_mut()) != 0 {
            return Err(io::Error::last_os_error());
        }
        match libc::signalfd(-1, child.as_ptr(), libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) {
            -1 => Err(io::Error::last_os_error()),
            fd => Ok(OwnedFd::from_raw_fd(fd)),
        }
    }
}

/// Lets every signal through again, for a new half that becomes a program.
pub fn release_signals() -> io::Result<()> {
    let mut none = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: the set is filled before it is read.
    let done = unsafe {
        libc::sigemptyset(none.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), ptr::null_mut())
    };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Has the runtime watch a descriptor for something to read.
pub fn watched(fd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` keeps one descriptor open from its making to its end and cannot be exchanged.
    Ok(unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) }?)
}

/// Starts a program in a session of its own, with default signals and nothing open but the two descriptors given
/// and, as standard input, `stdin` or else this process's own, the null device. Returns once the program really runs, or says why it does not.
/// `posix_spawn` shares memory with the new process until then, which makes it far cheaper than a second fork.
pub fn start(
    program: &CStr,
    argv: &[CString],
    env: &[CString],
    stdin: Option<BorrowedFd<'_>>,
    stdout: BorrowedFd<'_>,
    stderr: BorrowedFd<'_>,
) -> io::Result<u32> {
    let pointers = |list: &[CString]| -> Vec<*mut c_char> {
        list.iter().map(|text| text.as_ptr().cast_mut()).chain([ptr::null_mut()]).collect()
    };
    let (argv, env) = (pointers(argv), pointers(env));
    let flags =
        i32::from(libc::POSIX_SPAWN_SETSID) | libc::POSIX_SPAWN_SETSIGMASK | libc::POSIX_SPAWN_SETSIGDEF;
    let mut pid = 0;
    let mut plan = Plan::new()?;
    // SAFETY: the plan is initialised; both lists end with a null and outlive the call, which copies them. The
    // C signature lacks `const` for historical reasons, the strings are not written to.
    let error = unsafe {
        let mut set = MaybeUninit::<libc::sigset_t>::uninit();
        libc::sigemptyset(set.as_mut_ptr());
        libc::posix_spawnattr_setsigmask(&raw mut plan.attributes, set.as_ptr());
        libc::sigfillset(set.as_mut_ptr());
        libc::posix_spawnattr_setsigdefault(&raw mut plan.attributes, set.as_ptr());
        libc::posix_spawnattr_setflags(&raw mut plan.attributes, flags as libc::c_short);
        let stdin = stdin.map(|fd| (fd, libc::STDIN_FILENO));
        for (fd, target) in
            stdin.into_iter().chain([(stdout, libc::STDOUT_FILENO), (stderr, libc::STDERR_FILENO)])
        {
            match libc::posix_spawn_file_actions_adddup2(&raw mut plan.actions, fd.as_raw_fd(), target) {
                0 => {}
                error => return Err(io::Error::from_raw_os_error(error)),
            }
        }
        libc::posix_spawn(
            &raw mut pid,
            program.as_ptr(),
            &raw const plan.actions,
            &raw const plan.attributes,
            argv.as_ptr(),
            env.as_ptr(),
        )
    };
    if error == 0 { Ok(pid.unsigned_abs()) } else { Err(io::Error::from_raw_os_error(error)) }
}

/// The two parts of a `posix_spawn` request, freed together.
struct Plan {
    actions: libc::posix_spawn_file_actions_t,
    attributes: libc::posix_spawnattr_t,
}

impl Plan {
    fn new() -> io::Result<Plan> {
        let mut actions = MaybeUninit::uninit();
        let mut attributes = MaybeUninit::uninit();
        // SAFETY: each is read only after its init function has succeeded. A failed second one leaks the
        // first, which happens without memory only.
        unsafe {
            for error in [
                libc::posix_spawn_file_actions_init(actions.as_mut_ptr()),
                libc::posix_spawnattr_init(attributes.as_mut_ptr()),
            ] {
                if error != 0 {
                    return Err(io::Error::from_raw_os_error(error));
                }
            }
            Ok(Plan { actions: actions.assume_init(), attributes: attributes.assume_init() })
        }
    }
}

impl Drop for Plan {
    fn drop(&mut self) {
        // SAFETY: both were initialised and are freed once.
        unsafe {
            libc::posix_spawn_file_actions_destroy(&raw mut self.actions);
            libc::posix_spawnattr_destroy(&raw mut self.attributes);
        }
    }
}

/// A child that has exited.
pub struct Collected {
    pub pid: u32,
    /// As `wait` gives it: exit code or signal.
    pub status: i32,
    /// Of the child and all children it has collected itself.
    pub cpu: Duration,
    pub max_rss_kib: u64,
}

/// Collects a child that has exited, without waiting. Ok(None): children are left and all of them run. The
/// error ECHILD: there are no children.
pub fn collect() -> io::Result<Option<Collected>> {
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: both places are ours to write; the structure is plain numbers, valid when zeroed.
    let (pid, usage) = unsafe {
        let pid = libc::wait4(-1, &raw mut status, libc::WNOHANG, usage.as_mut_ptr());
        (pid, usage.assume_init())
    };
    let time = |value: libc::timeval| {
        Duration::from_secs(value.tv_sec.unsigned_abs()) + Duration::from_micros(value.tv_usec.unsigned_abs())
    };
    match pid {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(None),
        pid => Ok(Some(Collected {
            pid: pid.unsigned_abs(),
            status,
            cpu: time(usage.ru_utime) + time(usage.ru_stime),
            max_rss_kib: usage.ru_maxrss.unsigned_abs(),
        })),
    }
}
