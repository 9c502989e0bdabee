//! Starting something in a control group, so that not even its first instruction runs outside. `posix_spawn` learns
//! that only with a C library newer than many systems have, so the kernel is asked itself.
#![expect(
    unsafe_code,
    reason = "clone3 has no other form, and what comes between it and the program needs execve"
)]

use std::ffi::{CStr, CString, c_char};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::ptr;

use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, WaitOptions, setsid, waitpid};
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};

use super::sys::{Half, SingleThreaded, leave, release_signals};

/// What the call is told, in the kernel's own layout. Zero means “not asked for”.
#[repr(C)]
#[derive(Default)]
struct Wish {
    flags: u64,
    pidfd: u64,
    child_tid: u64,
    parent_tid: u64,
    exit_signal: u64,
    stack: u64,
    stack_size: u64,
    tls: u64,
    set_tid: u64,
    set_tid_size: u64,
    cgroup: u64,
}

const INTO_GROUP: u64 = 0x2_0000_0000;
const LAST_SIGNAL: i32 = 64;

/// Whether this kernel, and whoever filters its calls, knows how. Asked with nothing to do.
pub fn is_known() -> bool {
    // SAFETY: without arguments the call is refused before it does anything.
    let refused = unsafe { libc::syscall(libc::SYS_clone3, ptr::null::<u8>(), 0_usize) } == -1;
    // Known since Linux 5.3, with groups since 5.7.
    let version = rustix::system::uname();
    let release = version.release().to_string_lossy();
    let mut numbers =
        release.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse::<u32>().unwrap_or(0));
    let (major, minor) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    refused && io::Error::last_os_error().raw_os_error() == Some(libc::EINVAL) && (major, minor) >= (5, 7)
}

/// As [`super::sys::fork`], with the new half in `group`.
pub fn fork_into(_alone: &SingleThreaded, group: BorrowedFd<'_>) -> io::Result<Half> {
    let wish = Wish {
        flags: INTO_GROUP,
        exit_signal: libc::SIGCHLD.unsigned_abs().into(),
        cgroup: group.as_raw_fd().unsigned_abs().into(),
        ..Wish::default()
    };
    // SAFETY: without a stack and without shared memory this is a fork; `SingleThreaded` proves that no other thread
    // can hold a lock the new half may need. What the C library does beyond it concerns its threads.
    match unsafe { libc::syscall(libc::SYS_clone3, &raw const wish, size_of_val(&wish)) } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(Half::New),
        pid => Ok(Half::Old { child: u32::try_from(pid).unwrap_or_default() }),
    }
}

/// As [`super::sys::start`], with the program in `group`.
#[expect(clippy::too_many_arguments, reason = "those of `start`, and the two that make the difference")]
pub fn start_into(
    alone: &SingleThreaded,
    group: BorrowedFd<'_>,
    program: &CStr,
    argv: &[CString],
    env: &[CString],
    stdin: Option<BorrowedFd<'_>>,
    stdout: BorrowedFd<'_>,
    stderr: BorrowedFd<'_>,
) -> io::Result<u32> {
    // Closed by the start of the program, or else it brings the reason why it did not start.
    let (failure, said) = pipe_with(PipeFlags::CLOEXEC)?;
    match fork_into(alone, group)? {
        Half::New => {
            let error = become_program(program, argv, env, stdin, stdout, stderr);
            let number = error.raw_os_error().unwrap_or(libc::EINVAL);
            File::from(said).write_all(&number.to_ne_bytes()).ok();
            leave(127)
        }
        Half::Old { child } => {
            drop(said);
            match reason(failure) {
                None => Ok(child),
                Some(error) => {
                    let pid = i32::try_from(child).ok().and_then(Pid::from_raw);
                    waitpid(pid, WaitOptions::empty()).ok();
                    Err(error)
                }
            }
        }
    }
}

fn reason(failure: OwnedFd) -> Option<io::Error> {
    let mut number = [0; 4];
    File::from(failure).read_exact(&mut number).ok()?;
    Some(io::Error::from_raw_os_error(i32::from_ne_bytes(number)))
}

/// Returns only if that failed.
fn become_program(
    program: &CStr,
    argv: &[CString],
    env: &[CString],
    stdin: Option<BorrowedFd<'_>>,
    stdout: BorrowedFd<'_>,
    stderr: BorrowedFd<'_>,
) -> io::Error {
    let prepared = || -> io::Result<()> {
        setsid()?;
        if let Some(stdin) = stdin {
            dup2_stdin(stdin)?;
        }
        dup2_stdout(stdout)?;
        dup2_stderr(stderr)?;
        for signal in 1..=LAST_SIGNAL {
            // SAFETY: to the default, which is no function of ours. Those that cannot be set are at it already.
            unsafe { libc::signal(signal, libc::SIG_DFL) };
        }
        release_signals()
    };
    if let Err(error) = prepared() {
        return error;
    }
    let pointers = |list: &[CString]| -> Vec<*const c_char> {
        list.iter().map(|text| text.as_ptr()).chain([ptr::null()]).collect()
    };
    let (argv, env) = (pointers(argv), pointers(env));
    // SAFETY: both lists end with a null, and what they point to outlives the call, which copies it.
    unsafe { libc::execve(program.as_ptr(), argv.as_ptr(), env.as_ptr()) };
    io::Error::last_os_error()
}
