//! What a supervisor is on Windows: a job object, from which nothing that was started in it can get out.
//!
//! Written, not run. It is compiled for Windows by itself; the rest of this crate is not yet, so nothing uses it.
//!
//! There is no process between engine and program here. The job ends all that is in it when its last handle is
//! closed, which the kernel does for an engine that dies, too. The handle is inherited by nobody.
#![expect(unsafe_code, reason = "every call of the system is one")]

use std::ffi::c_void;
use std::io;
use std::mem::size_of;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::os::windows::process::CommandExt;
use std::process::{Child, Command};
use std::ptr::{null, null_mut};
use std::time::{Duration, Instant};

use windows_sys::Win32::Foundation::{HANDLE, INVALID_HANDLE_VALUE};
use windows_sys::Win32::System::Console::{CTRL_BREAK_EVENT, GenerateConsoleCtrlEvent};
use windows_sys::Win32::System::Diagnostics::ToolHelp::{
    CreateToolhelp32Snapshot, TH32CS_SNAPTHREAD, THREADENTRY32, Thread32First, Thread32Next,
};
use windows_sys::Win32::System::IO::{CreateIoCompletionPort, GetQueuedCompletionStatus};
use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_ACTIVE_PROCESS, JOB_OBJECT_LIMIT_JOB_MEMORY,
    JOB_OBJECT_LIMIT_JOB_TIME, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE, JOBOBJECT_ASSOCIATE_COMPLETION_PORT,
    JOBOBJECT_BASIC_ACCOUNTING_INFORMATION, JOBOBJECT_EXTENDED_LIMIT_INFORMATION,
    JobObjectAssociateCompletionPortInformation, JobObjectBasicAccountingInformation,
    JobObjectExtendedLimitInformation, QueryInformationJobObject, SetInformationJobObject,
    TerminateJobObject,
};
use windows_sys::Win32::System::Threading::{
    CREATE_NEW_PROCESS_GROUP, CREATE_SUSPENDED, OpenThread, ResumeThread, THREAD_SUSPEND_RESUME,
};

/// The exit code of what was ended from here.
const ENDED: u32 = 1;
/// The system promises no message for an empty job, so it is asked as often as this.
const LOOK_AGAIN: Duration = Duration::from_millis(250);
/// The system counts time in these.
const TICK_NANOS: u128 = 100;

/// What all processes of a run may use together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobLimits {
    /// Time in programs alone, without what the system does for them.
    pub cpu: Option<Duration>,
    /// In bytes, as promised by the system, used or not.
    pub memory: Option<usize>,
    pub processes: Option<u32>,
}

/// What a run has used so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobUse {
    pub cpu: Duration,
    /// Processes that have not exited.
    pub active: u32,
}

/// A run. Dropped, all of it is ended.
#[derive(Debug)]
pub struct Job {
    job: OwnedHandle,
    port: OwnedHandle,
}

impl Job {
    pub fn make(limits: JobLimits) -> io::Result<Job> {
        // SAFETY: without a name and without attributes; an invalid handle becomes an error.
        let job = unsafe { owned(CreateJobObjectW(null(), null()))? };
        // SAFETY: the same; the port is a new one.
        let port = unsafe { owned(CreateIoCompletionPort(INVALID_HANDLE_VALUE, null_mut(), 0, 1))? };
        let job = Job { job, port };

        let mut wish = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
        let basic = &mut wish.BasicLimitInformation;
        basic.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
        if let Some(cpu) = limits.cpu {
            basic.LimitFlags |= JOB_OBJECT_LIMIT_JOB_TIME;
            basic.PerJobUserTimeLimit = i64::try_from(cpu.as_nanos() / TICK_NANOS).unwrap_or(i64::MAX);
        }
        if let Some(count) = limits.processes {
            basic.LimitFlags |= JOB_OBJECT_LIMIT_ACTIVE_PROCESS;
            basic.ActiveProcessLimit = count;
        }
        if let Some(bytes) = limits.memory {
            basic.LimitFlags |= JOB_OBJECT_LIMIT_JOB_MEMORY;
            wish.JobMemoryLimit = bytes;
        }
        job.set(JobObjectExtendedLimitInformation, &wish)?;
        let port = JOBOBJECT_ASSOCIATE_COMPLETION_PORT {
            CompletionKey: null_mut(),
            CompletionPort: job.port.as_raw_handle(),
        };
        job.set(JobObjectAssociateCompletionPortInformation, &port)?;
        Ok(job)
    }

    /// Starts a program, which is in the job before its first instruction. Should this process die in between, a
    /// program is left that never begins; [`enclose_self`] sees to that one, too.
    pub fn start(&self, command: &mut Command) -> io::Result<Child> {
        let mut child = command.creation_flags(CREATE_SUSPENDED | CREATE_NEW_PROCESS_GROUP).spawn()?;
        // SAFETY: both handles are open for the whole call.
        let assigned =
            succeeded(unsafe { AssignProcessToJobObject(self.job.as_raw_handle(), child.as_raw_handle()) });
        match assigned.and_then(|()| resume(child.id())) {
            Ok(()) => Ok(child),
            Err(error) => {
                child.kill().ok();
                child.wait().ok();
                Err(error)
            }
        }
    }

    /// Ends all of it: asked, given `grace`, then forced. Returns when nothing is left, or false when something was
    /// left for `patience` after that. Blocks.
    pub fn end(&self, first: &Child, grace: Duration, patience: Duration) -> io::Result<bool> {
        if ask(first) && self.wait_until_empty(grace)? {
            return Ok(true);
        }
        // SAFETY: the handle is open for the whole call.
        succeeded(unsafe { TerminateJobObject(self.job.as_raw_handle(), ENDED) })?;
        self.wait_until_empty(patience)
    }

    /// Whether nothing was left within this time. Blocks.
    #[expect(clippy::disallowed_methods, reason = "a wait inside of one call, whose end no test has to set")]
    pub fn wait_until_empty(&self, limit: Duration) -> io::Result<bool> {
        let begun = Instant::now();
        loop {
            if self.used()?.active == 0 {
                return Ok(true);
            }
            let left = limit.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return Ok(false);
            }
            self.wait_for_message(left.min(LOOK_AGAIN));
        }
    }

    pub fn used(&self) -> io::Result<JobUse> {
        let mut found = JOBOBJECT_BASIC_ACCOUNTING_INFORMATION::default();
        // SAFETY: the system writes at most as many bytes as it is told, into a structure of plain numbers.
        succeeded(unsafe {
            QueryInformationJobObject(
                self.job.as_raw_handle(),
                JobObjectBasicAccountingInformation,
                (&raw mut found).cast(),
                size_in_u32::<JOBOBJECT_BASIC_ACCOUNTING_INFORMATION>(),
                null_mut(),
            )
        })?;
        let ticks = |ticks: i64| ticks.unsigned_abs();
        let ticks = ticks(found.TotalUserTime).saturating_add(ticks(found.TotalKernelTime));
        let nanos = u128::from(ticks) * TICK_NANOS;
        let cpu = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        Ok(JobUse { cpu, active: found.ActiveProcesses })
    }

    /// Whatever it says: whoever waits asks the job itself.
    fn wait_for_message(&self, limit: Duration) {
        let (mut message, mut key, mut of_whom) = (0, 0, null_mut());
        let millis = u32::try_from(limit.as_millis()).unwrap_or(u32::MAX - 1).max(1);
        // SAFETY: all three places are ours to write. What comes last is a process number, no pointer to follow.
        unsafe {
            GetQueuedCompletionStatus(
                self.port.as_raw_handle(),
                &raw mut message,
                &raw mut key,
                &raw mut of_whom,
                millis,
            )
        };
    }

    fn set<T>(&self, class: i32, value: &T) -> io::Result<()> {
        // SAFETY: the structure belongs to the class at each of the two calls and outlives this one.
        succeeded(unsafe {
            SetInformationJobObject(
                self.job.as_raw_handle(),
                class,
                std::ptr::from_ref(value).cast::<c_void>(),
                size_in_u32::<T>(),
            )
        })
    }
}

/// Puts this process into a job of its own that ends with it, around the jobs of its runs. To be kept for as long as
/// the process lives: dropped, it ends the process.
pub fn enclose_self() -> io::Result<Job> {
    use windows_sys::Win32::System::Threading::GetCurrentProcess;
    let job = Job::make(JobLimits::default())?;
    // SAFETY: the handle is open, and that of the process itself needs no closing.
    succeeded(unsafe { AssignProcessToJobObject(job.job.as_raw_handle(), GetCurrentProcess()) })?;
    Ok(job)
}

/// Only programs that share our console can be asked. False: nobody was.
fn ask(first: &Child) -> bool {
    // SAFETY: always sound. The number is that of the process group that was made for this child.
    unsafe { GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, first.id()) != 0 }
}

/// Lets a process run that was started suspended. Nobody else knows of it yet, so it has the one thread.
fn resume(pid: u32) -> io::Result<()> {
    // SAFETY: an invalid handle becomes an error.
    let threads = unsafe { owned(CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0))? };
    let mut row = THREADENTRY32 { dwSize: size_in_u32::<THREADENTRY32>(), ..Default::default() };
    // SAFETY: the structure says its own size, as is asked for.
    let mut some = unsafe { Thread32First(threads.as_raw_handle(), &raw mut row) } != 0;
    while some {
        if row.th32OwnerProcessID == pid {
            // SAFETY: an invalid handle becomes an error.
            let thread = unsafe { owned(OpenThread(THREAD_SUSPEND_RESUME, 0, row.th32ThreadID))? };
            // SAFETY: the handle is open for the whole call.
            return match unsafe { ResumeThread(thread.as_raw_handle()) } {
                u32::MAX => Err(io::Error::last_os_error()),
                _ => Ok(()),
            };
        }
        // SAFETY: as above.
        some = unsafe { Thread32Next(threads.as_raw_handle(), &raw mut row) } != 0;
    }
    Err(io::Error::other("the program that was started has no thread"))
}

/// # Safety
/// The handle is new and nobody else's, or one of the two that say that there is none.
unsafe fn owned(handle: HANDLE) -> io::Result<OwnedHandle> {
    if handle.is_null() || handle == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: promised by the caller.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

fn succeeded(done: i32) -> io::Result<()> {
    if done == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn size_in_u32<T>() -> u32 {
    u32::try_from(size_of::<T>()).unwrap_or_default()
}
