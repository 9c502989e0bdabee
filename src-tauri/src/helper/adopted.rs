//! WebKit's processes outlive the helper by a moment, or for good after a crash. An engine in this process makes us
//! their next parent, so it is us who see them out.

use std::time::Duration;

/// Long enough for WebKit to write down what it keeps.
const PATIENCE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(20);

/// After the helper has ended. Returns when nothing of it is left.
pub async fn see_out() {
    let unhurried = async {
        while os::bury() {
            tokio::time::sleep(PAUSE).await;
        }
    };
    if tokio::time::timeout(PATIENCE, unhurried).await.is_ok() {
        return;
    }
    os::end();
    tokio::time::sleep(PAUSE).await;
    if os::bury() {
        tracing::warn!("a process of a window does not end");
    }
}

#[cfg(target_os = "linux")]
mod os {
    use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

    /// Collects those that have ended; says whether others still run.
    pub fn bury() -> bool {
        let mut alive = false;
        for pid in adopted() {
            alive |= !matches!(waitpid(Some(pid), WaitOptions::NOHANG), Ok(Some(_)) | Err(_));
        }
        alive
    }

    pub fn end() {
        for pid in adopted() {
            if let Err(error) = kill_process(pid, Signal::KILL) {
                tracing::debug!(%error, "ended meanwhile");
            }
        }
    }

    /// Children of this process that WebKit has started: only the helper does, so they were its own.
    fn adopted() -> Vec<Pid> {
        let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
        let own = std::process::id();
        let pids = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        pids.filter(|pid| is_ours(*pid, own)).filter_map(Pid::from_raw).collect()
    }

    fn is_ours(pid: i32, own: u32) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let parts = stat.split_once(" (").and_then(|(_, rest)| rest.rsplit_once(") "));
        // After the name: state, parent.
        parts.is_some_and(|(name, rest)| {
            let parent = rest.split(' ').nth(1).and_then(|parent| parent.parse().ok());
            name.starts_with("WebKit") && parent == Some(own)
        })
    }
}

#[cfg(not(target_os = "linux"))]
mod os {
    pub fn bury() -> bool {
        false
    }

    pub fn end() {}
}
