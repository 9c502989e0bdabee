//! A row of steps, each timed, all of them done: a failure ends the row no earlier, so that one run tells everything.

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use crate::{failure::Result, process::say};

#[derive(Debug, Default)]
pub struct Steps {
    done: Vec<Step>,
}

#[derive(Debug)]
struct Step {
    name: String,
    took: Duration,
    failure: Option<String>,
}

impl Steps {
    pub fn take(&mut self, name: &str, work: impl FnOnce() -> Result<()>) {
        say(&format!("── {name}"));
        let start = now();
        let failure = work().err().map(|failure| failure.to_string());
        let took = start.elapsed();
        if let Some(failure) = &failure {
            say(&format!("xtask: {name}: {failure}"));
        }
        self.done.push(Step { name: name.to_owned(), took, failure });
    }

    /// Prints the table and says whether all went well.
    pub fn finish(self) -> ExitCode {
        say(&self.table());
        let failed = self.done.iter().any(|step| step.failure.is_some());
        if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }

    fn table(&self) -> String {
        let width = self.done.iter().map(|step| step.name.chars().count()).max().unwrap_or(0);
        let row = |step: &Step| {
            let outcome = step.failure.as_ref().map_or("ok", |_| "FAILED");
            format!("\n{:width$}  {:>7.1} s  {outcome}", step.name, step.took.as_secs_f64())
        };
        self.done.iter().map(row).collect()
    }
}

#[expect(clippy::disallowed_methods, reason = "measures how long real work takes; no test sets this time")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Failure;

    #[test]
    fn a_failure_is_told_and_does_not_hide_what_follows() {
        let mut steps = Steps::default();
        steps.take("first", || Err(Failure::new("no")));
        steps.take("second", || Ok(()));
        assert!(steps.table().contains("first") && steps.table().contains("FAILED"));
        assert!(steps.table().contains("second") && steps.table().contains("ok"));
        assert_eq!(steps.finish(), ExitCode::FAILURE);
    }
}
