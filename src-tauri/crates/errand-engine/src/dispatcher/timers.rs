use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use errand_base::{TaskId, Timestamp};
use errand_model::{Moment, Timer, TimerKind};

/// The alarms of all tasks in the order in which they are due, on the clock that each belongs to.
#[derive(Default)]
pub(super) struct Timers {
    wall: BTreeSet<(Timestamp, TaskId, u32)>,
    awake: BTreeSet<(Duration, TaskId, u32)>,
    /// What is set for each task, so that it can be taken back.
    set: HashMap<TaskId, Vec<(u32, Due)>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Due {
    Wall(Timestamp),
    Awake(Duration),
}

impl Timers {
    /// Makes the alarms of a task be exactly these. `now`: when they were decided about.
    pub fn set(&mut self, task: &TaskId, wanted: &[Timer], now: Moment) {
        if wanted.is_empty() && !self.set.contains_key(task) {
            return;
        }
        let mut present = self.set.remove(task).unwrap_or_default();
        present.retain(|(id, due)| {
            let keep = wanted.iter().any(|timer| timer.id == *id);
            if !keep {
                self.take_back(task, *id, *due);
            }
            keep
        });
        for timer in wanted {
            if present.iter().any(|(id, _)| *id == timer.id) {
                continue;
            }
            let due = match timer.kind {
                TimerKind::Start => Due::Wall(timer.due),
                TimerKind::Limit | TimerKind::Turn => Due::Awake(now.awake + timer.due.since(now.wall)),
            };
            match due {
                Due::Wall(at) => self.wall.insert((at, task.clone(), timer.id)),
                Due::Awake(at) => self.awake.insert((at, task.clone(), timer.id)),
            };
            present.push((timer.id, due));
        }
        if !present.is_empty() {
            self.set.insert(task.clone(), present);
        }
    }

    pub fn forget(&mut self, task: &TaskId) {
        for (id, due) in self.set.remove(task).unwrap_or_default() {
            self.take_back(task, id, due);
        }
    }

    /// Takes out what is due. The task still has the timer until its step is committed.
    pub fn take_due(&mut self, now: Moment) -> Vec<(TaskId, u32)> {
        let mut due = Vec::new();
        while self.wall.first().is_some_and(|(at, ..)| *at <= now.wall) {
            due.extend(self.wall.pop_first().map(|(_, task, id)| (task, id)));
        }
        while self.awake.first().is_some_and(|(at, ..)| *at <= now.awake) {
            due.extend(self.awake.pop_first().map(|(_, task, id)| (task, id)));
        }
        due
    }

    pub fn next_due(&self, now: Moment) -> Option<Duration> {
        let wall = self.wall.first().map(|(at, ..)| at.since(now.wall));
        let awake = self.awake.first().map(|(at, ..)| at.saturating_sub(now.awake));
        wall.into_iter().chain(awake).min()
    }

    fn take_back(&mut self, task: &TaskId, id: u32, due: Due) {
        match due {
            Due::Wall(at) => self.wall.remove(&(at, task.clone(), id)),
            Due::Awake(at) => self.awake.remove(&(at, task.clone(), id)),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(wall: i64, awake: u64) -> Moment {
        let awake = Duration::from_millis(awake);
        Moment { wall: Timestamp::from_millis(wall), awake, elapsed: awake }
    }

    fn timer(id: u32, kind: TimerKind, due: i64) -> Timer {
        Timer { id, kind, due: Timestamp::from_millis(due) }
    }

    #[test]
    fn a_limit_does_not_run_while_the_machine_sleeps_and_a_start_time_does() {
        let task = TaskId::try_from("calm-owl-100".to_owned()).unwrap();
        let mut timers = Timers::default();
        timers.set(
            &task,
            &[timer(1, TimerKind::Start, 1_500), timer(2, TimerKind::Limit, 1_500)],
            at(1_000, 0),
        );
        assert_eq!(timers.next_due(at(1_000, 0)), Some(Duration::from_millis(500)));
        assert_eq!(timers.take_due(at(9_000, 100)), [(task.clone(), 1)]);
        assert_eq!(timers.take_due(at(9_400, 500)), [(task, 2)]);
    }

    #[test]
    fn setting_anew_keeps_what_stays_and_takes_back_what_goes() {
        let task = TaskId::try_from("calm-owl-100".to_owned()).unwrap();
        let mut timers = Timers::default();
        timers.set(&task, &[timer(1, TimerKind::Limit, 2_000)], at(1_000, 0));
        timers.set(&task, &[timer(1, TimerKind::Limit, 2_000)], at(1_900, 900));
        assert_eq!(timers.next_due(at(1_900, 900)), Some(Duration::from_millis(100)));
        timers.set(&task, &[], at(1_900, 900));
        assert_eq!(timers.next_due(at(1_900, 900)), None);
    }
}
