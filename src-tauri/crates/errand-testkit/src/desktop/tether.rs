//! Programs that do not outlive the test that started them, however it ends.

use std::{
    io,
    os::unix::process::CommandExt,
    process::{Child, Command, ExitStatus},
    sync::mpsc,
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, getpid, getppid, kill_process, set_parent_process_death_signal};

use super::{
    error::{DesktopError, Result},
    wait::until,
};

/// A running program; dropping it kills it, and so does the end of this process, even by SIGKILL.
#[derive(Debug)]
pub struct Running {
    name: String,
    child: Child,
}

impl Running {
    pub fn start(command: Command) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let child = spawn(command).map_err(|source| DesktopError::Start { program: name.clone(), source })?;
        Ok(Self { name, child })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// For the pipes, when the command was given some.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    pub fn is_running(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// Asks politely, as a logout does.
    pub fn terminate(&self) -> Result<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            kill_process(pid, Signal::TERM).map_err(io::Error::from)?;
        }
        Ok(())
    }

    pub fn wait(&mut self, limit: Duration) -> Result<ExitStatus> {
        let what = format!("`{}` ends", self.name);
        until(&what, limit, || Ok(self.child.try_wait()?))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only when the program has ended already, which is what they are for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

type Order = (Command, mpsc::Sender<io::Result<Child>>);

/// The kernel sends the death signal when the *thread* that forked ends. Test threads and runtime threads come and
/// go, so that one thread that stays for the life of the process does all the forking.
fn spawn(command: Command) -> io::Result<Child> {
    static NURSERY: std::sync::LazyLock<mpsc::Sender<Order>> = std::sync::LazyLock::new(|| {
        let (orders, inbox) = mpsc::channel::<Order>();
        thread::spawn(move || {
            for (command, reply) in inbox {
                // A caller that no longer listens has dropped the child's only handle: nothing to tell.
                let _ = reply.send(fork_with_death_signal(command));
            }
        });
        orders
    });
    let (reply, answer) = mpsc::channel();
    let gone = |_| io::Error::other("the thread that starts programs has ended");
    NURSERY.send((command, reply)).map_err(|_| gone(mpsc::RecvError))?;
    answer.recv().map_err(gone)?
}

#[expect(
    unsafe_code,
    reason = "`pre_exec` is the only place between fork and exec; two system calls, no memory"
)]
fn fork_with_death_signal(mut command: Command) -> io::Result<Child> {
    let parent = getpid();
    let tie = move || {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // Had the parent died before the call above, nobody would ever send the signal.
        if getppid() == Some(parent) { Ok(()) } else { Err(io::ErrorKind::BrokenPipe.into()) }
    };
    // SAFETY: the closure makes two async-signal-safe system calls and touches no lock and no heap.
    unsafe { command.pre_exec(tie) }.spawn()
}
