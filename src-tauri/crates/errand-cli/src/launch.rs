//! Starting a program that outlives us.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use errand_base::{Code, Fault};
use errand_os::Home;
use errand_wire::WireError;
use serde::Deserialize;

use crate::environment;

/// More than this of what a failed start has said is of no use to anybody.
const TAIL: u64 = 64 * 1024;

/// A log of this size is set aside at the next start.
const LONG: u64 = 4 << 20;

#[derive(Debug)]
pub struct Launched {
    child: Child,
    name: String,
    log: PathBuf,
    /// Where the log ended before this program wrote to it.
    begin: u64,
}

/// Starts `program` in its own session with a clean environment. All it says goes to the engine's log.
pub fn launch(home: &Home, program: &Path, args: &[&str]) -> Result<Launched, Fault> {
    let name = program.file_name().map(OsStr::to_string_lossy).unwrap_or_default().into_owned();
    let log = log_file(home);
    let unusable = |error: std::io::Error| {
        Fault::new(Code::StoreFailed, format!("The log {} cannot be written: {error}.", log.display()))
    };
    set_aside_if_long(&log);
    let out = OpenOptions::new().append(true).create(true).mode(0o600).open(&log).map_err(unusable)?;
    let begin = out.metadata().map_err(unusable)?.len();
    let errors = out.try_clone().map_err(unusable)?;
    let mut command = Command::new(program);
    command
        .args(args)
        .env_clear()
        .envs(environment::for_engine(environment::own()))
        // Not the caller's folder, which could then not be unmounted or removed for as long as the engine lives.
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(errors);
    in_own_session(&mut command);
    match command.spawn() {
        Ok(child) => Ok(Launched { child, name, log, begin }),
        Err(error) => Err(Fault::new(
            Code::ProgramMissing,
            format!("{} cannot be started: {error}.", program.display()),
        )
        .hint("Install Errand again: both of its programs belong in one folder.")),
    }
}

/// Closing the terminal must not take the engine with it.
#[expect(unsafe_code, reason = "the only way to run code between fork and exec; `setsid` is allowed there")]
fn in_own_session(command: &mut Command) {
    // SAFETY: the closure makes one system call and neither allocates nor takes a lock.
    unsafe {
        command.pre_exec(|| {
            rustix::process::setsid()?;
            Ok(())
        });
    }
}

/// Keeps this and the one before: years of starts must not fill a disk.
fn set_aside_if_long(log: &Path) {
    if std::fs::metadata(log).is_ok_and(|meta| meta.len() > LONG) {
        // If that fails the file grows on, which is no reason not to start.
        let _ = std::fs::rename(log, log.with_extension("log.1"));
    }
}

pub fn log_file(home: &Home) -> PathBuf {
    home.data().join("engine.log")
}

/// The program of that name in the folder of this one.
pub fn sibling(name: &str) -> Option<PathBuf> {
    let path = std::env::current_exe().ok()?.with_file_name(name);
    path.is_file().then_some(path)
}

impl Launched {
    /// `None` while it runs. What it came to otherwise: fine, or the sentence it left behind.
    pub fn ended(&mut self) -> Option<Result<(), Fault>> {
        let status = self.child.try_wait().ok().flatten()?;
        Some(if status.success() { Ok(()) } else { Err(self.failure(status)) })
    }

    fn failure(&self, status: ExitStatus) -> Fault {
        let said = self.said().unwrap_or_default();
        if let Some(fault) = said_fault(&said) {
            return fault;
        }
        let last = said.lines().rev().map(str::trim).find(|line| !line.is_empty());
        let why = last.map_or_else(|| format!("{status}"), |line| line.trim_end_matches('.').to_owned());
        Fault::new(Code::EngineUnreachable, format!("{} ended while it was starting: {why}.", self.name))
            .hint(format!("What it said is in {}.", self.log.display()))
    }

    fn said(&self) -> std::io::Result<String> {
        let mut log = File::open(&self.log)?;
        let end = log.metadata()?.len();
        log.seek(SeekFrom::Start(self.begin.max(end.saturating_sub(TAIL))))?;
        let mut bytes = Vec::new();
        log.take(TAIL).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// The error document that our programs print with `--json`.
fn said_fault(said: &str) -> Option<Fault> {
    #[derive(Deserialize)]
    struct Document {
        error: WireError,
    }
    said.lines()
        .rev()
        .find_map(|line| serde_json::from_str::<Document>(line).ok())
        .map(|found| found.error.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(script: &str) -> Result<(), Fault> {
        let base = tempfile::tempdir().unwrap();
        let home = Home::at(base.path()).unwrap();
        home.create().unwrap();
        std::fs::write(log_file(&home), "an old line\n").unwrap();
        let mut launched = launch(&home, Path::new("/bin/sh"), &["-c", script]).unwrap();
        launched.child.wait().unwrap();
        launched.ended().unwrap()
    }

    #[test]
    fn a_failed_start_is_told_in_its_own_words() {
        let document =
            r#"echo '{"error":{"code":"store_newer","message":"Too new.","hint":"Update."}}' >&2; exit 6"#;
        let fault = outcome(document).unwrap_err();
        assert_eq!(
            (fault.code, fault.message.as_str(), fault.hint.as_str()),
            (Code::StoreNewer, "Too new.", "Update.")
        );
        let fault = outcome("echo cannot open display: :7 >&2; exit 1").unwrap_err();
        assert!(fault.message.ends_with("starting: cannot open display: :7."), "{fault}");
        let fault = outcome("exit 9").unwrap_err();
        assert!(fault.message.contains('9') && !fault.message.contains("old"), "{fault}");
        assert_eq!(outcome("true"), Ok(()));
    }

    #[test]
    fn it_runs_in_its_own_session_and_folder() {
        // The sixth field, after a name without spaces; `ps` is not on every machine. Not compared with our own
        // session, which has no number where its leader is outside of our process namespace.
        let script = "read -r _ _ _ _ _ sid _ < /proc/$$/stat && test \"$sid\" = $$ && test \"$PWD\" = /";
        assert_eq!(outcome(script), Ok(()));
    }

    #[test]
    fn a_long_log_is_set_aside_and_one_is_kept() {
        let base = tempfile::tempdir().unwrap();
        let home = Home::at(base.path()).unwrap();
        home.create().unwrap();
        let log = log_file(&home);
        File::create(&log).unwrap().set_len(LONG + 1).unwrap();
        let mut launched = launch(&home, Path::new("/bin/sh"), &["-c", "echo short; exit 3"]).unwrap();
        launched.child.wait().unwrap();
        assert!(launched.ended().unwrap().unwrap_err().message.ends_with("starting: short."));
        assert_eq!(std::fs::read_to_string(&log).unwrap(), "short\n");
        assert_eq!(std::fs::metadata(log.with_extension("log.1")).unwrap().len(), LONG + 1);
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let base = tempfile::tempdir().unwrap();
        let home = Home::at(base.path()).unwrap();
        home.create().unwrap();
        let fault = launch(&home, Path::new("/no/such/errand-desktop"), &[]).unwrap_err();
        assert_eq!(fault.code, Code::ProgramMissing);
    }
}
