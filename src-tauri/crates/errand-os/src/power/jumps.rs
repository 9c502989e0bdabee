//! Jumps of the wall clock, as the kernel tells of them: when somebody sets it, and when the machine wakes. Timers of
//! the runtime stand still while the machine sleeps, so without this a moment that has passed meanwhile would be
//! noticed that much too late.

use std::io;
use std::os::fd::OwnedFd;

use rustix::io::{Errno, read};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::io::unix::AsyncFd;

/// The year 2242. The timer is there to be cancelled, not to ring.
const NEVER: i64 = 1 << 33;

#[derive(Debug)]
pub struct Jumps(AsyncFd<OwnedFd>);

impl Jumps {
    pub fn watch() -> io::Result<Jumps> {
        let timer = timerfd_create(TimerfdClockId::Realtime, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        arm(&timer)?;
        Ok(Jumps(crate::os::sys::watched(timer)?))
    }

    pub async fn next(&mut self) -> io::Result<()> {
        loop {
            let mut ready = self.0.readable().await?;
            match read(self.0.get_ref(), &mut [0_u8; 8]) {
                Ok(_) | Err(Errno::CANCELED) => {
                    ready.clear_ready();
                    arm(self.0.get_ref())?;
                    return Ok(());
                }
                Err(Errno::AGAIN) => ready.clear_ready(),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn arm(timer: &OwnedFd) -> io::Result<()> {
    let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
    let once = Timespec { tv_sec: 0, tv_nsec: 0 };
    let never = Itimerspec { it_interval: once, it_value: Timespec { tv_sec: NEVER, tv_nsec: 0 } };
    match timerfd_settime(timer, flags, &never) {
        // It has jumped again meanwhile; the timer is armed all the same.
        Ok(_) | Err(Errno::CANCELED) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
