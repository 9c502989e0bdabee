use std::time::Duration;

/// A pause shorter than this does not begin a new stretch, or a chain of short tasks could keep the machine awake for
/// days.
const REST: Duration = Duration::from_secs(600);

/// What the person allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepAwake {
    pub wanted: bool,
    pub on_battery: bool,
    /// In one stretch.
    pub at_most: Duration,
}

impl Default for KeepAwake {
    fn default() -> KeepAwake {
        KeepAwake { wanted: true, on_battery: false, at_most: Duration::from_secs(4 * 3_600) }
    }
}

/// Whether the machine is to be kept from sleeping, and if not, why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Vigil {
    /// No run executes a turn.
    #[default]
    NotNeeded,
    Kept,
    SwitchedOff,
    OnBattery,
    /// It was kept for as long as is allowed in one stretch.
    TooLong,
}

/// Decides about the vigil, and remembers for how long it has lasted. Times are awake time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Watch {
    vigil: Vigil,
    /// Beginning and end of the stretch so far.
    stretch: Option<(Duration, Duration)>,
}

impl Watch {
    pub fn judge(&mut self, allowed: KeepAwake, at_work: bool, on_battery: bool, now: Duration) -> Vigil {
        let lasts = match self.vigil {
            Vigil::Kept | Vigil::TooLong => true,
            Vigil::NotNeeded | Vigil::SwitchedOff | Vigil::OnBattery => false,
        };
        self.stretch = self.stretch.and_then(|(began, ended)| {
            let ended = if lasts { now } else { ended };
            (now.saturating_sub(ended) < REST).then_some((began, ended))
        });
        self.vigil = if !at_work {
            Vigil::NotNeeded
        } else if !allowed.wanted {
            Vigil::SwitchedOff
        } else if on_battery && !allowed.on_battery {
            Vigil::OnBattery
        } else {
            let (began, _) = *self.stretch.get_or_insert((now, now));
            if now.saturating_sub(began) < allowed.at_most { Vigil::Kept } else { Vigil::TooLong }
        };
        self.vigil
    }

    /// The machine has slept, so a new stretch begins.
    pub fn slept(&mut self) {
        self.stretch = None;
        if self.vigil == Vigil::TooLong {
            self.vigil = Vigil::NotNeeded;
        }
    }

    pub fn vigil(&self) -> Vigil {
        self.vigil
    }

    /// When the vigil must end at the latest.
    pub fn ends_at(&self, allowed: KeepAwake) -> Option<Duration> {
        let (began, _) = self.stretch.filter(|_| self.vigil == Vigil::Kept)?;
        Some(began.saturating_add(allowed.at_most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn min(minutes: u64) -> Duration {
        Duration::from_secs(minutes * 60)
    }

    const WORK: bool = true;
    const REST: bool = false;
    const MAINS: bool = false;
    const BATTERY: bool = true;

    #[test]
    fn it_is_kept_while_something_is_at_work_and_as_far_as_the_person_allows() {
        let usual = KeepAwake::default();
        let mut watch = Watch::default();
        assert_eq!(watch.judge(usual, REST, MAINS, min(0)), Vigil::NotNeeded);
        assert_eq!(watch.judge(usual, WORK, MAINS, min(1)), Vigil::Kept);
        assert_eq!(watch.judge(usual, WORK, BATTERY, min(2)), Vigil::OnBattery);
        assert_eq!(watch.judge(KeepAwake { on_battery: true, ..usual }, WORK, BATTERY, min(3)), Vigil::Kept);
        assert_eq!(
            watch.judge(KeepAwake { wanted: false, ..usual }, WORK, MAINS, min(4)),
            Vigil::SwitchedOff
        );
        assert_eq!(watch.judge(usual, REST, MAINS, min(5)), Vigil::NotNeeded);
        assert_eq!(watch.ends_at(usual), None);
    }

    #[test]
    fn it_ends_after_four_hours_also_if_many_short_tasks_follow_each_other() {
        let usual = KeepAwake::default();
        let mut watch = Watch::default();
        assert_eq!(watch.judge(usual, WORK, MAINS, min(10)), Vigil::Kept);
        assert_eq!(watch.ends_at(usual), Some(min(250)));
        for minute in 11..250 {
            let at_work = minute % 5 > 0;
            let expected = if at_work { Vigil::Kept } else { Vigil::NotNeeded };
            assert_eq!(watch.judge(usual, at_work, MAINS, min(minute)), expected, "{minute}");
        }
        for minute in 250..400 {
            assert_eq!(watch.judge(usual, WORK, MAINS, min(minute)), Vigil::TooLong);
        }
        // A real pause, or a sleep, begins a new stretch.
        assert_eq!(watch.judge(usual, REST, MAINS, min(400)), Vigil::NotNeeded);
        assert_eq!(watch.judge(usual, WORK, MAINS, min(409)), Vigil::TooLong);
        assert_eq!(watch.judge(usual, REST, MAINS, min(410)), Vigil::NotNeeded);
        assert_eq!(watch.judge(usual, WORK, MAINS, min(420)), Vigil::Kept);
        assert_eq!(watch.judge(usual, WORK, MAINS, min(700)), Vigil::TooLong);
        watch.slept();
        assert_eq!(watch.judge(usual, WORK, MAINS, min(700)), Vigil::Kept);
    }
}
