//! `virtual-desktop PROGRAM [ARGUMENT]…` runs a program inside a virtual desktop and ends with its exit code.

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    linux::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
mod linux {
    use std::{
        os::unix::process::ExitStatusExt,
        process::{Command, ExitCode},
    };

    use errand_testkit::desktop::{Desktop, DesktopError};

    pub fn main() -> ExitCode {
        match run() {
            Ok(code) => code,
            Err(error) => {
                say(&error);
                ExitCode::FAILURE
            }
        }
    }

    fn run() -> Result<ExitCode, DesktopError> {
        let mut words = std::env::args_os().skip(1);
        let program = words.next().ok_or_else(|| DesktopError::Absent {
            what: "program to run".into(),
            present: "the usage: virtual-desktop PROGRAM [ARGUMENT]…".into(),
        })?;
        let desktop = Desktop::start()?;
        let mut command = Command::new(&program);
        command.args(words);
        desktop.enter(&mut command);
        let status = command.status().map_err(|source| DesktopError::Start {
            program: program.to_string_lossy().into_owned(),
            source,
        })?;
        // As a shell tells it: killed by signal 9 is 137.
        let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
        Ok(code.and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
    }

    #[expect(clippy::print_stderr, reason = "a program for the terminal; this is its one voice")]
    fn say(error: &DesktopError) {
        eprintln!("virtual-desktop: {error}");
    }
}
