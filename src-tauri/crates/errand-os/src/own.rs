//! This process itself.

/// The user this process acts for.
#[cfg(unix)]
pub fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// The hardest end there is, for tests of crashes: nothing is flushed, nothing is dropped.
#[cfg(unix)]
pub fn kill_self() {
    let own = rustix::process::getpid();
    rustix::process::kill_process(own, rustix::process::Signal::KILL).ok();
}
