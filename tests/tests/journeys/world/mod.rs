//! A home of its own for each test, with everything that was started for it ended at its end.

pub mod audit;
pub mod clock;
pub mod line;
pub mod processes;
pub mod schema;
pub mod service;

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use errand_testkit::desktop::{Running, wait};
use serde_json::Value;
use tempfile::TempDir;

/// Generous, because it only ever runs out when something is wrong.
pub const LIMIT: Duration = Duration::from_secs(60);

pub struct Home {
    errand: PathBuf,
    /// The session bus that engines of this home talk to; otherwise there is none.
    bus: Option<String>,
    /// The same for the system bus.
    system_bus: Option<String>,
    root: PathBuf,
    kept: Mutex<Option<Engine>>,
    scratch: TempDir,
}

/// What a command came to.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// A headless engine in the foreground. Dropping it is SIGKILL.
pub struct Engine {
    pub running: Running,
}

impl Home {
    pub fn new() -> Home {
        Home::of(errand_tests::errand().unwrap())
    }

    /// With the binary that has failpoints.
    pub fn crash() -> Home {
        Home::of(errand_tests::crash_errand().unwrap())
    }

    fn of(errand: PathBuf) -> Home {
        // Short, because a socket's path has 108 bytes.
        let scratch = tempfile::Builder::new().prefix("ej-").tempdir().unwrap();
        for folder in ["home", "work"] {
            std::fs::create_dir(scratch.path().join(folder)).unwrap();
        }
        let root = scratch.path().join("errand");
        Home { errand, bus: None, system_bus: None, root, kept: Mutex::default(), scratch }
    }

    pub fn on_bus(mut self, bus: &str) -> Home {
        self.bus = Some(bus.to_owned());
        self
    }

    pub fn on_system_bus(mut self, bus: &str) -> Home {
        self.system_bus = Some(bus.to_owned());
        self
    }

    /// Keeps its databases somewhere else.
    pub fn rooted(mut self, root: PathBuf) -> Home {
        self.root = root;
        self
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    /// The folder that commands are typed in.
    pub fn work(&self) -> PathBuf {
        self.scratch.path().join("work")
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.work().join(name)
    }

    pub fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// `errand` as typed in a shell of this home, with nothing of the environment the tests run in.
    pub fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(&self.errand);
        let nowhere = format!("unix:path={}", self.scratch.path().join("no-bus").display());
        command
            .args(args)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
            .env("HOME", self.scratch.path().join("home"))
            .env("TZ", "UTC")
            .env("ERRAND_HOME", &self.root)
            .env("DBUS_SESSION_BUS_ADDRESS", self.bus.as_deref().unwrap_or(&nowhere))
            .env("DBUS_SYSTEM_BUS_ADDRESS", self.system_bus.as_deref().unwrap_or(&nowhere))
            .current_dir(self.work())
            .stdin(Stdio::null());
        command
    }

    pub fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Said {
        said(self.command(args).output().unwrap())
    }

    /// A line without quotes, which must succeed; what it prints.
    #[track_caller]
    pub fn ok(&self, line: &str) -> String {
        let said = self.run(line.split_whitespace());
        assert_eq!(said.code, 0, "{line}: {said:?}");
        said.out.trim_end().to_owned()
    }

    /// The document of a line that must succeed.
    #[track_caller]
    pub fn json(&self, line: &str) -> Value {
        parsed(&self.ok(&format!("{line} --json")))
    }

    /// The error of a line that must be refused, with its exit code.
    #[track_caller]
    pub fn refused(&self, line: &str) -> (i32, Value) {
        let said = self.run(line.split_whitespace().chain(["--json"]));
        assert_eq!(said.out, "", "{line}: {said:?}");
        schema::errors(&parsed(&said.err));
        (said.code, parsed(&said.err)["error"].clone())
    }

    /// Hands over `sh -c SCRIPT`; the id.
    #[track_caller]
    pub fn sh(&self, flags: &str, script: &str) -> String {
        let args = ["run"].into_iter().chain(flags.split_whitespace()).chain(["--", "sh", "-c", script]);
        let said = self.run(args);
        assert_eq!(said.code, 0, "{script}: {said:?}");
        said.out.trim_end().to_owned()
    }

    #[track_caller]
    pub fn task(&self, id: &str) -> Value {
        self.json(&format!("show {id}"))
    }

    #[track_caller]
    pub fn state(&self, id: &str) -> String {
        self.task(id)["state"].as_str().unwrap().to_owned()
    }

    #[track_caller]
    pub fn wait_for_state(&self, id: &str, state: &str) -> Value {
        self.wait_for(id, state, |task| task["state"] == state)
    }

    /// Asks again until the task is as wanted. `errand wait` is the way for endings; this is for the rest.
    #[track_caller]
    pub fn wait_for(&self, id: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        let found = wait::until(&format!("{id} {what}"), LIMIT, || {
            last = self.task(id);
            Ok(wanted(&last).then(|| last.clone()))
        });
        found.unwrap_or_else(|error| panic!("{error}; it is {last}"))
    }

    /// Waits until all have ended, however.
    #[track_caller]
    pub fn ended(&self, ids: &[&str]) {
        let said = self.run(["wait", "--timeout", "120s"].iter().chain(ids));
        assert!(said.code == 0 || said.code == 1, "{said:?}");
    }

    #[track_caller]
    pub fn report(&self, id: &str) -> String {
        self.task(id)["artifact"]["report"].as_str().unwrap_or_default().to_owned()
    }

    /// The codes of the reasons for which the task itself changed.
    #[track_caller]
    pub fn reasons(&self, id: &str) -> Vec<String> {
        let history = self.json(&format!("history {id}"));
        let rows = history["rows"].as_array().unwrap().iter();
        let rows = rows.filter(|row| row["subject"] == "task");
        rows.map(|row| row["reason"]["code"].as_str().unwrap().to_owned()).collect()
    }

    /// A pipe with a name, to hold a program until the test lets it go.
    pub fn fifo(&self, name: &str) -> PathBuf {
        let path = self.file(name);
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        path
    }

    /// Lets a program go on that reads `fifo`. Waits until it reads.
    pub fn open(&self, fifo: &Path) {
        std::fs::write(fifo, "go\n").unwrap();
    }

    pub fn lines(&self, name: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.file(name)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    #[track_caller]
    pub fn wait_for_file(&self, name: &str) {
        let path = self.file(name);
        wait::until(&format!("{name} is there"), LIMIT, || Ok(path.exists().then_some(()))).unwrap();
    }

    #[track_caller]
    pub fn start(&self) -> Engine {
        self.start_with(&[])
    }

    /// For a test that has no more to do with its engine than that there is one.
    #[track_caller]
    pub fn start_and_keep(&self) {
        *self.kept.lock().unwrap() = Some(self.start());
    }

    /// Starts one unless a terminal has. That one may still be on its way to the lock, or to its end because its
    /// spawner was killed, so only one that answers counts.
    #[track_caller]
    pub fn start_if_none(&self) -> Option<Engine> {
        let found = wait::until("an engine answers", LIMIT, || {
            if self.run(["list"]).code == 0 {
                return Ok(Some(None));
            }
            match self.try_start(&[]) {
                Ok(engine) => Ok(Some(Some(engine))),
                Err(said) if said.contains("Errand runs already") => Ok(None),
                Err(said) => panic!("{said}"),
            }
        });
        found.unwrap()
    }

    #[track_caller]
    pub fn start_with(&self, variables: &[(&str, &str)]) -> Engine {
        self.try_start(variables).unwrap_or_else(|said| panic!("{said}"))
    }

    fn try_start(&self, variables: &[(&str, &str)]) -> Result<Engine, String> {
        let mut command = self.command(["start", "--headless"]);
        let log = std::fs::File::create(self.scratch.path().join("headless.log")).unwrap();
        command.envs(variables.iter().copied()).stdout(Stdio::piped()).stderr(log);
        let mut running = Running::start(command).unwrap();
        let mut line = String::new();
        BufReader::new(running.child().stdout.take().unwrap()).read_line(&mut line).unwrap();
        let log = std::fs::read_to_string(self.scratch.path().join("headless.log")).unwrap();
        if line.starts_with("errand: ready (pid ") { Ok(Engine { running }) } else { Err(line + &log) }
    }

    /// The process that holds the lock of this home.
    pub fn engine_pid(&self) -> Option<u32> {
        let text = std::fs::read_to_string(self.root.join("run/engine.lock")).ok()?;
        let pid = serde_json::from_str::<Value>(&text).ok()?["pid"].as_u64()?;
        let pid = u32::try_from(pid).ok()?;
        processes::is_alive(pid).then_some(pid)
    }

    /// Leaves, ending what runs; and nothing of this home is left.
    #[track_caller]
    pub fn quit(&self) {
        self.ok("quit --now");
        self.nothing_left();
    }

    #[track_caller]
    pub fn nothing_left(&self) {
        let gone =
            wait::until("every process is gone", LIMIT, || Ok(processes::of(self).is_empty().then_some(())));
        gone.unwrap_or_else(|error| panic!("{error}: {:?}", processes::of(self)));
    }

    pub fn mark(&self) -> String {
        errand_os::Home::at(&self.root).unwrap().mark()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if self.engine_pid().is_some() {
            drop(self.command(["quit", "--now"]).output());
        }
        for _ in 0..5 {
            for (pid, _) in processes::of(self) {
                processes::kill(pid);
            }
        }
    }
}

impl Engine {
    pub fn pid(&self) -> u32 {
        self.running.pid()
    }

    /// SIGKILL, and gone.
    pub fn kill(mut self) {
        processes::kill(self.pid());
        self.running.wait(LIMIT).unwrap();
    }

    /// Waits for its end; the signal that ended it, if one did.
    #[track_caller]
    pub fn killed_by(mut self) -> Option<i32> {
        use std::os::unix::process::ExitStatusExt;
        self.running.wait(LIMIT).unwrap().signal()
    }
}

pub fn said(output: Output) -> Said {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

#[track_caller]
pub fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A command in the background, with both of its streams.
pub fn background(mut command: Command) -> Running {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    Running::start(command).unwrap()
}

/// Waits for the end of a command in the background.
#[track_caller]
pub fn finish(mut running: Running) -> Said {
    let mut out = String::new();
    let mut err = String::new();
    if let Some(mut stdout) = running.child().stdout.take() {
        stdout.read_to_string(&mut out).unwrap();
    }
    if let Some(mut stderr) = running.child().stderr.take() {
        stderr.read_to_string(&mut err).unwrap();
    }
    let status = running.wait(LIMIT).unwrap();
    Said { code: status.code().unwrap_or(-1), out, err }
}
