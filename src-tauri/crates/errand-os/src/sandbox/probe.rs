//! What works here, found by doing it.

use std::path::Path;
use std::process::{Command, Stdio};

use super::{Access, Isolation, Limits, Probe, Sandbox, bubblewrap, landlock};
use crate::program::{USUAL_PATH, find_program};

/// Blocks for some milliseconds: it starts bubblewrap with all that a run would ask of it.
pub fn probe() -> Probe {
    Probe {
        bubblewrap: try_bubblewrap(),
        landlock: landlock::level().ok_or_else(|| "this kernel has none, or one before Linux 6.2".to_owned()),
        root: rustix::process::geteuid().is_root(),
        groups: crate::groups::look(),
    }
}

/// What Landlock can do here; 0 is nothing that we would rely on. Quick, unlike the whole [`probe`].
pub fn landlock_level() -> u32 {
    landlock::level().unwrap_or(0)
}

fn try_bubblewrap() -> Result<(), String> {
    let bwrap = bubblewrap::find().ok_or("bubblewrap is not installed")?;
    let program =
        find_program("true", USUAL_PATH, Path::new("/")).ok_or("there is no `true` to try it with")?;
    let sandbox = Sandbox {
        isolation: Isolation::Bubblewrap { landlock: 0 },
        folder: Access::None,
        network: false,
        limits: Limits::default(),
        emptied: vec!["/root".into()],
        hidden: Vec::new(),
        run_folder: None,
        start_in: None,
        run_socket: None,
    };
    let tried = Command::new(bwrap)
        .args(bubblewrap::arguments(&sandbox, Path::new("/"), &program))
        .arg(super::GATE)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .map_err(|error| format!("it does not start: {error}"))?;
    if tried.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&tried.stderr);
    let line = said.lines().next().unwrap_or_default().trim_start_matches("bwrap: ").trim();
    Err(if line.is_empty() { "it fails without a word".to_owned() } else { line.to_owned() })
}
