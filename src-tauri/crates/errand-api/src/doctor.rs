//! What can be looked at without an engine.

use errand_base::Clock;
use errand_engine::failpoint;
use errand_os::{EngineLock, Home};
use errand_wire::DoctorRow;

/// The folder, the databases and who holds them.
pub fn local(home: &Home, clock: &dyn Clock) -> Vec<DoctorRow> {
    let mut rows = vec![folder(home)];
    rows.push(match EngineLock::holder(home) {
        Some(holder) => {
            let age = errand_base::say_duration(clock.now().since(holder.started));
            ok("lock", format!("Held by process {} ({}), for {age}.", holder.process.pid, holder.role))
        }
        None => note("lock", "No engine runs."),
    });
    for name in ["errand.db", "logs.db"] {
        if let Ok(meta) = std::fs::metadata(home.data().join(name)) {
            rows.push(ok(name, format!("{} KB.", meta.len() / 1_000)));
        }
    }
    rows
}

/// The places where a test can kill this build; none in a release.
pub fn failpoints() -> Vec<String> {
    let compiled: &[&str] = if failpoint::ENABLED { failpoint::ALL } else { &[] };
    compiled.iter().map(|name| (*name).to_owned()).collect()
}

fn folder(home: &Home) -> DoctorRow {
    let root = home.root();
    match std::fs::metadata(root) {
        Ok(meta) if meta.permissions().readonly() => {
            problem("folder", format!("{} cannot be written to.", root.display()), "Change its permissions.")
        }
        Ok(_) => ok("folder", format!("{}.", root.display())),
        Err(_) => note("folder", format!("{} does not exist yet; the first start makes it.", root.display())),
    }
}

pub(crate) fn ok(name: &str, text: impl Into<String>) -> DoctorRow {
    row(name, "ok", text.into(), None)
}

pub(crate) fn note(name: &str, text: impl Into<String>) -> DoctorRow {
    row(name, "note", text.into(), None)
}

pub(crate) fn problem(name: &str, text: impl Into<String>, hint: &str) -> DoctorRow {
    row(name, "problem", text.into(), Some(hint.to_owned()))
}

fn row(name: &str, verdict: &str, text: String, hint: Option<String>) -> DoctorRow {
    DoctorRow { name: name.to_owned(), verdict: verdict.to_owned(), text, hint }
}
