//! Sleep: the machine is kept from it while a run executes, and what it did to the clocks is made good.

use std::collections::BTreeSet;
use std::time::Duration;

use errand_base::{TaskId, Timestamp, say_duration};
use errand_model::{Event, Gap, Moment, Task, Vigil, Watch};
use errand_os::PowerEvent;

use super::{Dispatcher, Letter};
use crate::input::{Action, Counts, Leave};

/// What is known of the machine, and what is wanted of it.
pub(super) struct Awake {
    watch: Watch,
    /// Tasks whose run executes a turn.
    at_work: BTreeSet<TaskId>,
    on_battery: bool,
    kept_since: Option<Timestamp>,
    /// The clocks when they last ran evenly from.
    clocks: Moment,
}

impl Awake {
    pub fn new(now: Moment) -> Awake {
        let (watch, at_work) = (Watch::default(), BTreeSet::new());
        Awake { watch, at_work, on_battery: false, kept_since: None, clocks: now }
    }

    /// Whether the task is at work may have changed.
    pub fn look_at(&mut self, task: &Task) {
        // What waits for its person, or is on its way out, is no reason to stay awake.
        let works = task.run.as_ref().is_some_and(|run| run.working_since.is_some());
        if !works {
            self.at_work.remove(&task.id);
        } else if !self.at_work.contains(&task.id) {
            self.at_work.insert(task.id.clone());
        }
    }

    pub fn forget(&mut self, task: &TaskId) {
        self.at_work.remove(task);
    }

    pub fn tell(&self, counts: &mut Counts) {
        counts.vigil = self.watch.vigil();
        counts.at_work = self.at_work.iter().cloned().collect();
        counts.kept_since = self.kept_since;
    }
}

impl Dispatcher {
    /// Time in which nothing can have been done is nobody's execution time. Comes before whatever the clocks say.
    pub(super) fn look_at_clocks(&mut self) {
        let Some(gap) = Gap::between(self.awake.clocks, self.now) else { return };
        self.awake.clocks = self.now;
        tracing::info!("{}", gap.say());
        if gap.slept > Duration::ZERO {
            self.awake.watch.slept();
        }
        let concerned = |entry: &super::Entry| entry.live.task.run.is_some() || entry.committing.is_some();
        let tasks = self.live.iter().filter(|(_, entry)| concerned(entry));
        let tasks: Vec<TaskId> = tasks.map(|(task, _)| task.clone()).collect();
        for task in tasks {
            let Some(entry) = self.live.get_mut(&task) else { continue };
            entry.letters.push_front(Letter::of(Event::ClockGap { gap }));
            self.open_letters(&task);
        }
        // A service that was there before the sleep may have lost what it showed.
        self.actions.push(Action::Deliver);
    }

    pub(super) fn power(&mut self, event: PowerEvent) {
        match event {
            PowerEvent::Sleeping => {}
            PowerEvent::Woke => {
                self.awake.watch.slept();
                self.actions.push(Action::Deliver);
            }
            // To be handled at all is what it is for: timers and clocks are looked at with every input.
            PowerEvent::ClockJumped => {}
            PowerEvent::ShuttingDown => self.quit(Leave::Shutdown, tokio::sync::oneshot::channel().0),
            PowerEvent::OnBattery(on_battery) => self.awake.on_battery = on_battery,
        }
    }

    /// Keeps the machine awake exactly as long as something is at work and the person allows it.
    pub(super) fn keep_watch(&mut self) {
        let before = self.awake.watch.vigil();
        let allowed = self.settings.keep_awake;
        // What is read back at the start has no process any more.
        let at_work = !self.awake.at_work.is_empty() && !self.sweeping;
        let vigil = self.awake.watch.judge(allowed, at_work, self.awake.on_battery, self.now.awake);
        if vigil == before {
            return;
        }
        let why = match vigil {
            Vigil::Kept => {
                self.awake.kept_since = Some(self.now.wall);
                return self.actions.push(Action::KeepAwake(true));
            }
            Vigil::NotNeeded | Vigil::SwitchedOff => None,
            Vigil::OnBattery => Some("it runs on its battery".to_owned()),
            Vigil::TooLong => Some(format!("it was kept awake for {}", say_duration(allowed.at_most))),
        };
        if before != Vigil::Kept {
            return;
        }
        self.awake.kept_since = None;
        self.actions.push(Action::KeepAwake(false));
        if let Some(why) = why {
            let runs = self.awake.at_work.iter().filter_map(|task| {
                let live = &self.live.get(task)?.live;
                Some((live.seq, task.clone(), live.task.run.as_ref()?.id))
            });
            let runs = runs.collect();
            self.actions.push(Action::MaySleep { runs, why });
        }
    }

    pub(super) fn watch_ends_in(&self, now: Moment) -> Option<Duration> {
        let ends_at = self.awake.watch.ends_at(self.settings.keep_awake)?;
        Some(ends_at.saturating_sub(now.awake))
    }
}
