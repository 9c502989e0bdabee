use std::time::Duration;

use errand_base::{Timestamp, say_duration};

/// Smaller differences between the clocks are noise.
const NOISE: Duration = Duration::from_secs(2);

/// All clocks at one moment. People's deadlines run on the wall clock, execution time on the one that knows no sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    pub wall: Timestamp,
    /// Stands still while the machine sleeps.
    pub awake: Duration,
    /// Runs on while the machine sleeps, and cannot be set.
    pub elapsed: Duration,
}

/// Time on the wall clock in which nothing can have been done: the machine slept, or somebody set the clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gap {
    pub slept: Duration,
    /// In milliseconds; negative if the clock was set back.
    pub set_by: i64,
}

impl Gap {
    /// What happened to the clocks between two moments, unless it is too little to count. Whoever looks again
    /// compares with the same `earlier` until there was a gap, so that little ones add up.
    pub fn between(earlier: Moment, later: Moment) -> Option<Gap> {
        let awake = later.awake.saturating_sub(earlier.awake);
        let elapsed = later.elapsed.saturating_sub(earlier.elapsed);
        let wall = later.wall.as_millis().saturating_sub(earlier.wall.as_millis());
        let slept = elapsed.saturating_sub(awake);
        let set_by = wall.saturating_sub(millis(elapsed));
        let slept = if slept < NOISE { Duration::ZERO } else { slept };
        let set_by = if set_by.unsigned_abs() < NOISE.as_millis() as u64 { 0 } else { set_by };
        let gap = Gap { slept, set_by };
        (gap != Gap::default()).then_some(gap)
    }

    /// By how much the wall clock ran ahead of the time in which something could be done.
    pub fn shift(self) -> i64 {
        millis(self.slept).saturating_add(self.set_by)
    }

    /// "The computer slept for 8 h"
    pub fn say(self) -> String {
        let mut parts = Vec::new();
        if self.slept > Duration::ZERO {
            parts.push(format!("the computer slept for {}", say_duration(self.slept)));
        }
        let by = say_duration(Duration::from_millis(self.set_by.unsigned_abs()));
        match self.set_by {
            0 => {}
            1.. => parts.push(format!("the clock was set forward by {by}")),
            i64::MIN..0 => parts.push(format!("the clock was set back by {by}")),
        }
        crate::artifact::upper_first(&parts.join(", and "))
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Moment =
        Moment { wall: Timestamp::from_millis(1_000_000), awake: Duration::ZERO, elapsed: Duration::ZERO };

    fn after(wall: i64, awake: u64, elapsed: u64) -> Option<Gap> {
        let (awake, elapsed) = (Duration::from_secs(awake), Duration::from_secs(elapsed));
        Gap::between(START, Moment { wall: START.wall.shifted(wall * 1_000), awake, elapsed })
    }

    #[test]
    fn sleep_and_a_clock_that_was_set_are_told_apart() {
        assert_eq!(after(3_600, 3_600, 3_600), None);
        assert_eq!(after(3_601, 3_600, 3_601), None);
        let slept = after(28_900, 100, 28_900).unwrap();
        assert_eq!((slept.say().as_str(), slept.shift()), ("The computer slept for 8 h", 28_800_000));
        let back = after(-7_100, 100, 100).unwrap();
        assert_eq!((back.say().as_str(), back.shift()), ("The clock was set back by 2 h", -7_200_000));
        let both = after(3_600 + 60 + 10, 10, 70).unwrap();
        assert_eq!(both.say(), "The computer slept for 1 min, and the clock was set forward by 1 h");
        assert_eq!(both.shift(), 3_660_000);
    }
}
