//! How processes are ended: asked, given time, then forced until none is left.

use std::collections::HashSet;
use std::time::Duration;

use rustix::process::Signal;

use super::process::{Row, signal};

/// After so long with processes left despite KILL, somebody should be told.
const STUCK_AFTER: Duration = Duration::from_secs(15);
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// Knows no processes itself: each step asks its caller which are left. Times are those of one caller's clock.
#[derive(Debug)]
pub struct Ladder {
    grace: Duration,
    stage: Stage,
    /// Not asked, only forced: it would leave before those it stands for.
    spared: Option<u32>,
}

#[derive(Debug)]
enum Stage {
    Resting,
    Ordered,
    Asked { until: Duration },
    Forced { since: Duration, next: Duration, pause: Duration, told: bool },
}

impl Ladder {
    pub fn resting(grace: Duration) -> Ladder {
        Ladder { grace, stage: Stage::Resting, spared: None }
    }

    pub fn sparing(self, pid: Option<u32>) -> Ladder {
        Ladder { spared: pid, ..self }
    }

    /// Starts to end what there is. Ordered again, it goes on where it stands.
    pub fn begin(&mut self) {
        if matches!(self.stage, Stage::Resting) {
            self.stage = Stage::Ordered;
        }
    }

    /// Somebody has come who was not there when all were asked.
    pub fn ask_again(&mut self) {
        if matches!(self.stage, Stage::Asked { .. }) {
            self.stage = Stage::Ordered;
        }
    }

    pub fn rest(&mut self) {
        self.stage = Stage::Resting;
    }

    pub fn is_resting(&self) -> bool {
        matches!(self.stage, Stage::Resting)
    }

    /// Whether the next step kills.
    pub fn forces(&self, now: Duration) -> bool {
        match self.stage {
            Stage::Resting => false,
            Stage::Ordered => self.grace.is_zero(),
            Stage::Asked { until } => now >= until,
            Stage::Forced { next, .. } => now >= next,
        }
    }

    /// Does what is due now. Returns, once, how many processes are left when they are stuck.
    pub fn step(&mut self, now: Duration, mut left: impl FnMut() -> Vec<Row>) -> Option<u32> {
        if matches!(self.stage, Stage::Ordered) {
            for row in left().into_iter().filter(|row| Some(row.pid) != self.spared) {
                // A stopped process cannot act on TERM before it is continued.
                for kind in [Signal::TERM, Signal::CONT] {
                    signal(row.pid, row.start_time, kind).ok();
                }
            }
            self.stage = Stage::Asked { until: now.saturating_add(self.grace) };
        }
        if matches!(self.stage, Stage::Asked { until } if now >= until) {
            self.stage = Stage::Forced { since: now, next: now, pause: FIRST_PAUSE, told: false };
        }
        let Stage::Forced { since, next, pause, told } = &mut self.stage else { return None };
        if now < *next {
            return None;
        }
        let killed = kill_all(left);
        *next = now + *pause;
        *pause = LONGEST_PAUSE.min(*pause * 2);
        let stuck = !*told && now.saturating_sub(*since) >= STUCK_AFTER;
        *told |= stuck;
        stuck.then_some(killed)
    }

    /// How long nothing is due, as long as nothing else happens.
    pub fn idle(&self, now: Duration) -> Option<Duration> {
        match self.stage {
            Stage::Resting => None,
            Stage::Ordered => Some(Duration::ZERO),
            Stage::Asked { until } => Some(until.saturating_sub(now)),
            Stage::Forced { next, .. } => Some(next.saturating_sub(now)),
        }
    }
}

/// Kills and looks again until nobody new has appeared, or else a process that forks faster than we look would
/// outlive us. The bound only keeps the caller responsive; it comes again.
fn kill_all(mut left: impl FnMut() -> Vec<Row>) -> u32 {
    let mut seen = HashSet::new();
    for _ in 0..32 {
        let fresh: Vec<Row> =
            left().into_iter().filter(|row| seen.insert((row.pid, row.start_time))).collect();
        if fresh.is_empty() {
            break;
        }
        for row in fresh {
            signal(row.pid, row.start_time, Signal::KILL).ok();
        }
    }
    u32::try_from(seen.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// A process that no signal reaches, because its start time is none.
    fn untouchable() -> Vec<Row> {
        vec![Row { pid: std::process::id(), parent: 1, name: String::new(), start_time: 0, dead: false }]
    }

    #[test]
    fn it_asks_once_waits_for_the_grace_and_then_forces_at_growing_pauses() {
        let mut ladder = Ladder::resting(at(100));
        assert_eq!((ladder.step(at(0), || panic!("nothing was ordered")), ladder.idle(at(0))), (None, None));
        ladder.begin();
        assert_eq!(ladder.idle(at(5)), Some(at(0)));
        ladder.step(at(5), untouchable);
        ladder.begin();
        assert_eq!(ladder.idle(at(5)), Some(at(100)), "a second order changes nothing");
        ladder.step(at(50), || panic!("the grace is not over"));
        assert!(!ladder.forces(at(104)) && ladder.forces(at(105)));
        ladder.step(at(105), untouchable);
        assert!(!ladder.forces(at(114)) && ladder.forces(at(115)));
        assert_eq!(ladder.idle(at(105)), Some(at(10)));
        ladder.step(at(115), untouchable);
        assert_eq!(ladder.idle(at(115)), Some(at(20)));
    }

    #[test]
    fn who_came_late_is_asked_and_gets_the_whole_grace() {
        let mut ladder = Ladder::resting(at(100));
        ladder.ask_again();
        assert!(ladder.is_resting());
        ladder.begin();
        ladder.step(at(0), untouchable);
        ladder.ask_again();
        let mut asked = 0;
        ladder.step(at(50), || {
            asked += 1;
            untouchable()
        });
        assert_eq!((asked, ladder.idle(at(50))), (1, Some(at(100))));
    }

    #[test]
    fn it_says_once_that_processes_are_stuck() {
        let mut ladder = Ladder::resting(Duration::ZERO);
        ladder.begin();
        assert_eq!(ladder.step(at(0), untouchable), None);
        assert_eq!(ladder.step(at(14_000), untouchable), None);
        assert_eq!(ladder.step(at(15_000), untouchable), Some(1));
        assert_eq!(ladder.step(at(16_000), untouchable), None);
    }
}
