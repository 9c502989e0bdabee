//! The one line that is rewritten while somebody waits.

use errand_base::Timestamp;
use errand_wire::{Phase, TaskState, TaskView};

use super::time::elapsed;
use super::{Look, clean, clip, columns, paint, state};

/// What is known of the task that is waited for.
#[derive(Clone, Debug)]
pub struct Progress {
    pub task: TaskView,
    pub last_line: String,
}

impl Progress {
    pub fn line(&self, look: Look, now: Timestamp) -> String {
        // One column stays free: a full line would wrap on some terminals and could then not be rewritten.
        let width = look.width.unwrap_or(80).saturating_sub(1);
        let label = clip(&state::label(self.task.state, &self.task.holds), width);
        let mut rest = String::new();
        let mut add = |text: &str| {
            if !text.is_empty() {
                rest.push_str("  ");
                rest.push_str(text);
            }
        };
        let run = self.task.run.as_ref().filter(|run| run.phase != Phase::Over);
        match run.map(|run| run.phase) {
            Some(Phase::Starting) => add("starting"),
            Some(Phase::Ending) => add("ending"),
            Some(Phase::Executing | Phase::Over) | None => {}
        }
        let since = run.map_or(self.task.created_at, |run| run.started_at);
        add(&elapsed(since, now));
        if self.task.state == TaskState::Running {
            add(&clean(&self.last_line));
        } else if let Some(why) = &self.task.why_waiting {
            add(&clean(why));
        }
        let room = width.saturating_sub(columns(&label));
        let rest = if room > 4 { clip(&rest, room) } else { String::new() };
        format!("{}{rest}", paint(look, state::style(self.task.state, &self.task.holds), &label))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::card::samples::{now, task};

    #[test]
    fn it_says_state_time_and_the_last_line_and_never_wraps() {
        let progress =
            Progress { task: task(TaskState::Running), last_line: "Compiling\tserde\u{1b}[0m v1".into() };
        let look = |width| Look { colour: false, width: Some(width) };
        assert_eq!(progress.line(look(80), now().at), "● running  2 min  Compiling serde[0m v1");
        assert_eq!(progress.line(look(25), now().at), "● running  2 min  Compi…");
        for width in 1..60 {
            assert!(columns(&progress.line(look(width), now().at)) < width.max(2), "{width}");
        }
    }

    #[test]
    fn a_task_that_does_not_run_says_why() {
        let mut task = task(TaskState::Queued);
        task.run = None;
        task.why_waiting = Some("All 3 slots are taken.".into());
        let progress = Progress { task, last_line: "old".into() };
        assert_eq!(progress.line(Look::PLAIN, now().at), "○ queued  1 h  All 3 slots are taken.");
    }
}
