//! A virtual desktop: a private X display, a private session bus and a private home.
//!
//! The bus activates nothing. On an ordinary session bus whatever happens to be installed answers for
//! "the notification service" or "the keychain"; here a part is absent until a test starts it, so that its
//! absence is as real as its presence. Nothing of the person's own session is inherited or touched.
//!
//! A desktop is up in well under a second. A test that wants to be alone starts its own; dropping it ends every
//! process that was started inside, and the end of the test process, however violent, does the same.

mod error;
pub mod keyring;
pub mod logind;
pub mod notifications;
pub mod notifyd;
pub mod screenshot;
mod session;
mod sweep;
pub mod tether;
pub mod tray;
pub mod wait;
pub mod webdriver;

use std::{
    ffi::{OsStr, OsString},
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

pub use self::{
    error::{DesktopError, Result},
    tether::Running,
};

/// The parts of a desktop that a test can do without, to see that Errand can too.
#[derive(Debug, Clone, Copy)]
pub struct Parts {
    pub display: bool,
    pub session_bus: bool,
    /// Needs a display.
    pub window_manager: bool,
}

impl Default for Parts {
    fn default() -> Self {
        Self { display: true, session_bus: true, window_manager: true }
    }
}

#[derive(Debug)]
pub struct Desktop {
    display: Option<String>,
    bus: Option<String>,
    // Ended before the folder they live in goes; fields are dropped in this order.
    programs: Vec<Running>,
    scratch: TempDir,
}

impl Desktop {
    pub fn start() -> Result<Self> {
        Self::start_with(Parts::default())
    }

    pub fn start_with(parts: Parts) -> Result<Self> {
        // Short, because a Unix socket path has 108 bytes and desktops can be inside one another.
        let scratch = tempfile::Builder::new().prefix("ed-").tempdir()?;
        let mut desktop = Self { display: None, bus: None, programs: Vec::new(), scratch };
        for folder in ["home", "run", "tmp", "errand"] {
            fs::create_dir_all(desktop.scratch().join(folder))?;
        }
        fs::set_permissions(desktop.runtime_dir(), fs::Permissions::from_mode(0o700))?;
        if parts.session_bus {
            session::start_bus(&mut desktop)?;
        }
        if parts.display {
            session::start_display(&mut desktop)?;
        }
        if parts.display && parts.window_manager {
            session::start_window_manager(&mut desktop)?;
        }
        Ok(desktop)
    }

    /// A program in this desktop, with this environment and no other.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear();
        for name in ["PATH", "RUST_BACKTRACE", "RUST_LOG"] {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        command.envs(self.environment());
        command
    }

    /// Starts a program that ends with this process, and is killed when the handle is dropped.
    pub fn spawn(&self, command: Command) -> Result<Running> {
        Running::start(command)
    }

    /// For a program that keeps its own environment besides, as a test runner does.
    pub fn enter(&self, command: &mut Command) {
        for name in LEAKS {
            command.env_remove(name);
        }
        command.envs(self.environment());
    }

    pub fn environment(&self) -> Vec<(&'static str, OsString)> {
        let home = self.home();
        // An address that leads nowhere: without any, libdbus would look for a bus of its own, and find the
        // person's. The system bus is absent too, or tests would inhibit the sleep of the machine they run on.
        let no_bus = |name| OsString::from(format!("unix:path={}", self.runtime_dir().join(name).display()));
        let mut environment = vec![
            ("HOME", home.clone().into()),
            ("XDG_CONFIG_HOME", home.join(".config").into()),
            ("XDG_DATA_HOME", home.join(".local/share").into()),
            ("XDG_STATE_HOME", home.join(".local/state").into()),
            ("XDG_CACHE_HOME", home.join(".cache").into()),
            ("XDG_RUNTIME_DIR", self.runtime_dir().into()),
            ("TMPDIR", self.scratch().join("tmp").into()),
            ("ERRAND_HOME", self.errand_home().into()),
            (
                "DBUS_SESSION_BUS_ADDRESS",
                self.bus.clone().map_or_else(|| no_bus("no-session-bus"), Into::into),
            ),
            ("DBUS_SYSTEM_BUS_ADDRESS", no_bus("no-system-bus")),
            ("LC_ALL", "C.UTF-8".into()),
            ("TZ", "UTC".into()),
            ("GDK_BACKEND", "x11".into()),
            ("NO_AT_BRIDGE", "1".into()),
            ("GTK_A11Y", "none".into()),
        ];
        environment.extend(self.display.clone().map(|display| ("DISPLAY", display.into())));
        environment
    }

    /// `:7`, or nothing when this desktop has no display.
    pub fn display(&self) -> Option<&str> {
        self.display.as_deref()
    }

    pub fn bus_address(&self) -> Option<&str> {
        self.bus.as_deref()
    }

    /// A new connection to the session bus. Needs a tokio runtime.
    pub async fn connect(&self) -> Result<zbus::Connection> {
        let address = self.bus.as_deref().ok_or_else(|| DesktopError::Absent {
            what: "session bus".into(),
            present: "none in this desktop, as its `Parts` say".into(),
        })?;
        Ok(zbus::connection::Builder::address(address)?.build().await?)
    }

    /// The folder of everything below; logs of the desktop's own programs are in it.
    pub fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    pub fn home(&self) -> PathBuf {
        self.scratch().join("home")
    }

    pub fn runtime_dir(&self) -> PathBuf {
        self.scratch().join("run")
    }

    pub fn errand_home(&self) -> PathBuf {
        self.scratch().join("errand")
    }

    /// Runs a short program to its end and returns what it printed.
    pub fn output(&self, program: &str, arguments: &[&str]) -> Result<Vec<u8>> {
        let start = |source: io::Error| DesktopError::Start { program: program.into(), source };
        let output = self.command(program).args(arguments).output().map_err(start)?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(DesktopError::Failed {
            program: format!("{program} {}", arguments.join(" ")),
            detail: format!("{} {said}", output.status),
        })
    }

    /// A person's hands. Keys meant for the window manager need a call of their own: after a window was named in
    /// the same call, xdotool sends them to that window alone.
    pub fn xdotool(&self, arguments: &[&str]) -> Result<String> {
        let printed = self.output("xdotool", arguments)?;
        Ok(String::from_utf8_lossy(&printed).trim().to_owned())
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        sweep::sweep(self.scratch());
    }
}

/// What would lead out of the desktop, back into the person's own session.
const LEAKS: &[&str] = &[
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "SESSION_MANAGER",
    "DESKTOP_SESSION",
    "XDG_CURRENT_DESKTOP",
    "XDG_SESSION_ID",
    "XDG_SESSION_TYPE",
    "GNOME_KEYRING_CONTROL",
    "SSH_AUTH_SOCK",
    "GPG_AGENT_INFO",
    "AT_SPI_BUS_ADDRESS",
];
