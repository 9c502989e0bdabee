//! `cargo xtask test`: set-up, checks, builds, and the test runner.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use crate::{
    binaries,
    failure::{About, Failure, Result},
    place::Place,
    process::{ask, run as run_program, say},
    steps::Steps,
    system, ui,
};

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Request {
    area: Option<Area>,
    filter: Option<String>,
    fast: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Area {
    /// One crate below the shell, by its short name.
    Crate(&'static str),
    Tidy,
    Journeys,
    Desktop,
    Ui,
}

const CRATES: &[&str] = &["base", "model", "wire", "store", "os", "agents", "engine", "api", "cli"];

impl Request {
    pub fn parse(words: Vec<String>) -> Result<Self> {
        let (flags, mut words): (Vec<_>, Vec<_>) = words.into_iter().partition(|word| word.starts_with('-'));
        if let Some(unknown) = flags.iter().find(|flag| *flag != "--fast") {
            return Err(Failure::new(format!("`test` knows no `{unknown}`; see `cargo xtask help`")));
        }
        let area = words.first().and_then(|word| Area::named(word));
        if area.is_some() {
            words.remove(0);
        }
        if words.len() > 1 {
            let text = words.join(" ");
            return Err(Failure::new(format!(
                "`{text}`: an area and one filter, please; see `cargo xtask help`"
            )));
        }
        Ok(Self { area, filter: words.pop(), fast: !flags.is_empty() })
    }

    fn filter(&self) -> Option<&str> {
        self.filter.as_deref()
    }
}

impl Area {
    fn named(word: &str) -> Option<Self> {
        Some(match word {
            "tidy" => Self::Tidy,
            "journeys" => Self::Journeys,
            "desktop" => Self::Desktop,
            "ui" => Self::Ui,
            word => Self::Crate(CRATES.iter().find(|known| **known == word)?),
        })
    }

    /// What the runner is told to run, one list for each call of it.
    fn selections(self) -> Vec<Vec<String>> {
        let list = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        match self {
            Self::Crate(name) => vec![list(&["--package", &format!("errand-{name}"), "--tests"])],
            Self::Tidy => vec![list(&["--package", "errand-tests", "--test", "tidy"])],
            Self::Journeys => vec![list(&["--package", "errand-tests", "--test", "journeys"])],
            Self::Desktop => vec![
                list(&["--package", "errand-testkit", "--package", "errand-desktop", "--tests"]),
                list(&["--package", "errand-tests", "--test", "desktop"]),
            ],
            Self::Ui => Vec::new(),
        }
    }

    fn needs_binaries(self) -> bool {
        matches!(self, Self::Journeys | Self::Desktop)
    }

    /// The others are quicker without waiting for everything the virtual desktop is linked with.
    fn needs_desktop(self) -> bool {
        matches!(self, Self::Journeys | Self::Desktop | Self::Crate("os"))
    }
}

pub fn run(place: &Place, request: Request) -> Result<ExitCode> {
    let mut steps = Steps::default();
    match request.area {
        None => everything(place, &request, &mut steps),
        Some(area) => one(place, area, &request, &mut steps),
    }
    Ok(steps.finish())
}

/// Cheap first, and one call of the test runner, whose closing lines are the verdict on the tests.
fn everything(place: &Place, request: &Request, steps: &mut Steps) {
    steps.take("system packages", || system::ensure(&[system::BUILD, system::ISOLATE, system::TEST]));
    // A filter is a question about some tests, not about the state of the tree.
    if request.filter.is_none() {
        steps.take("format", || run_program(place.cargo().args(["fmt", "--check"])));
    }
    steps.take("ui: tests", || ui::unit_tests(place, request.filter()));
    if request.filter.is_none() {
        steps.take("ui: types", || ui::type_check(place));
    }
    steps.take("ui: build", || ui::build(place));
    if request.filter.is_none() {
        let clippy = ["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"];
        steps.take("clippy", || run_program(place.cargo().args(clippy)));
    }
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
    steps.take("tauri-driver", || binaries::ensure_tauri_driver(place));
    if request.fast {
        let all = words(&["--workspace", "--exclude", "errand-tests", "--tests"]);
        steps.take("tests", || in_desktop(place, &all, request.filter()));
        steps.take("tidy", || in_desktop(place, &Area::Tidy.selections().concat(), request.filter()));
    } else {
        build_all(place, steps);
        steps.take("tests", || in_desktop(place, &words(&["--workspace", "--tests"]), request.filter()));
    }
}

fn one(place: &Place, area: Area, request: &Request, steps: &mut Steps) {
    if area == Area::Ui {
        steps.take("ui: tests", || ui::unit_tests(place, request.filter()));
        if request.filter.is_none() {
            steps.take("ui: types", || ui::type_check(place));
        }
        return;
    }
    if area.needs_desktop() {
        let shell = area.needs_binaries().then_some(system::BUILD);
        let wanted: Vec<_> = shell.into_iter().chain([system::ISOLATE, system::TEST]).collect();
        steps.take("system packages", || system::ensure(&wanted));
    }
    if area == Area::Desktop {
        steps.take("tauri-driver", || binaries::ensure_tauri_driver(place));
    }
    if area.needs_binaries() && !request.fast {
        steps.take("ui: build", || ui::build(place));
        build_all(place, steps);
    }
    for selection in area.selections() {
        let run = if area.needs_desktop() { in_desktop } else { in_private_home };
        steps.take("tests", || run(place, &selection, request.filter()));
    }
}

fn build_all(place: &Place, steps: &mut Steps) {
    steps.take("release build", || binaries::release(place));
    steps.take("crash build", || binaries::crash(place));
}

/// Compiles first: a virtual desktop that waits for the compiler is of no use.
fn in_desktop(place: &Place, selection: &[String], filter: Option<&str>) -> Result<()> {
    if !cfg!(target_os = "linux") {
        say("No virtual desktop on this system; the tests that need one leave themselves out.");
        return in_private_home(place, selection, filter);
    }
    let runner = runner(place, selection, filter);
    let mut command = Command::new(binaries::virtual_desktop(place)?);
    command.arg(runner.get_program()).args(runner.get_args()).current_dir(&place.root);
    equip(place, &mut command);
    run_program(&mut command)
}

/// For tests that need no desktop, and must not find the person's.
fn in_private_home(place: &Place, selection: &[String], filter: Option<&str>) -> Result<()> {
    let home = place.target.join("xtask/home");
    if home.exists() {
        fs::remove_dir_all(&home).about(home.display())?;
    }
    let mut command = runner(place, selection, filter);
    equip(place, &mut command);
    let private = [
        ("HOME", ""),
        ("XDG_CONFIG_HOME", ".config"),
        ("XDG_DATA_HOME", ".local/share"),
        ("XDG_STATE_HOME", ".local/state"),
        ("XDG_CACHE_HOME", ".cache"),
        ("XDG_RUNTIME_DIR", "run"),
        ("ERRAND_HOME", "errand"),
    ];
    for (name, folder) in private {
        let folder = home.join(folder);
        fs::create_dir_all(&folder).about(folder.display())?;
        command.env(name, folder);
    }
    command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    // Without any address the library would look for a bus itself.
    let nowhere = format!("unix:path={}", home.join("no-bus").display());
    command.env("DBUS_SESSION_BUS_ADDRESS", &nowhere).env("DBUS_SYSTEM_BUS_ADDRESS", &nowhere);
    run_program(&mut command)
}

fn runner(place: &Place, selection: &[String], filter: Option<&str>) -> Command {
    let mut command = place.cargo();
    if ask(place.cargo().args(["nextest", "--version"])).is_some() {
        command.args(["nextest", "run", "--no-fail-fast", "--run-ignored", "all", "--no-tests", "pass"]);
    } else {
        command.args(["test", "--no-fail-fast"]);
    }
    command.args(selection).args(filter);
    command
}

/// What the tests are told: where the binaries are, and, since their HOME is not the person's, where Rust is.
pub fn equip(place: &Place, command: &mut Command) {
    command
        .env("CARGO_TARGET_DIR", &place.target)
        .env("ERRAND_TEST_BIN_DIR", place.binaries())
        .env("ERRAND_TEST_CRASH_BIN_DIR", place.crash_binaries())
        .env("ERRAND_TEST_TAURI_DRIVER", binaries::tauri_driver(place));
    let home = env::home_dir();
    for (name, folder) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
        let default = home.as_deref().map(|home: &Path| home.join(folder)).filter(|folder| folder.exists());
        if let Some(folder) = env::var_os(name).map(PathBuf::from).or(default) {
            command.env(name, folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Request> {
        Request::parse(line.split_whitespace().map(str::to_owned).collect())
    }

    #[test]
    fn a_request_is_an_area_a_filter_and_a_flag() {
        assert_eq!(parse("").unwrap(), Request::default());
        let area = |area| Request { area: Some(area), ..Request::default() };
        assert_eq!(parse("tidy").unwrap(), area(Area::Tidy));
        assert_eq!(parse("engine").unwrap(), area(Area::Crate("engine")));
        let slots = Request { filter: Some("slots".into()), fast: true, ..area(Area::Crate("engine")) };
        assert_eq!(parse("engine --fast slots").unwrap(), slots);
        assert_eq!(parse("slots").unwrap().filter(), Some("slots"), "a word that is no area is a filter");
    }

    #[test]
    fn what_is_not_understood_is_said() {
        assert!(parse("engine slots more").is_err());
        assert!(parse("--slow").is_err());
    }
}
