//! What is said of the sleep of the computer.

use errand_base::{TaskId, Timestamp, say_duration};
use errand_engine::Counts;
use errand_model::Vigil;
use errand_os::PowerStatus;
use errand_wire::{DoctorRow, KeepingAwake};

use crate::doctor::{note, ok};

pub(super) fn keeping_awake(counts: &Counts, power: PowerStatus) -> Option<KeepingAwake> {
    let cannot = match power {
        PowerStatus::Ready | PowerStatus::Held => None,
        PowerStatus::Unable(why) => Some(why),
    };
    let since = counts.kept_since?;
    Some(KeepingAwake { since, why: at_work(&counts.at_work), cannot })
}

pub(super) fn row(counts: &Counts, power: PowerStatus, now: Timestamp) -> DoctorRow {
    const NAME: &str = "sleep";
    let works = at_work(&counts.at_work);
    let explained = |text: String, hint: &str| DoctorRow { hint: Some(hint.to_owned()), ..note(NAME, text) };
    match counts.vigil {
        Vigil::SwitchedOff => explained(
            format!("The computer may sleep although {works}."),
            "`errand settings set keep_awake true` keeps it awake meanwhile.",
        ),
        Vigil::OnBattery => explained(
            format!("The computer runs on its battery and may sleep although {works}."),
            "`errand settings set keep_awake_on_battery true` keeps it awake then, too.",
        ),
        Vigil::TooLong => explained(
            format!("The computer was kept awake for long enough and may sleep although {works}."),
            "`errand settings set keep_awake_at_most 8h` lets it be longer.",
        ),
        Vigil::Kept | Vigil::NotNeeded => match (power, counts.kept_since) {
            (PowerStatus::Unable(why), _) => explained(
                format!("The computer cannot be kept awake: {why}."),
                "What is at work when it falls asleep goes on when it wakes.",
            ),
            (PowerStatus::Ready | PowerStatus::Held, Some(since)) => {
                let kept = say_duration(now.since(since));
                ok(NAME, format!("The computer is kept awake, for {kept} so far: {works}."))
            }
            (PowerStatus::Ready | PowerStatus::Held, None) => {
                ok(NAME, "The computer may sleep. It is kept awake while a task is at work.")
            }
        },
    }
}

/// "bold-falcon-427 and 2 more are at work"
fn at_work(tasks: &[TaskId]) -> String {
    match tasks {
        // The last one may have ended just now.
        [] => "a task is at work".to_owned(),
        [one] => format!("{one} is at work"),
        [one, more @ ..] => format!("{one} and {} more are at work", more.len()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn counts(vigil: Vigil, kept_since: Option<Timestamp>) -> Counts {
        let task = |n: u32| TaskId::try_from(format!("calm-owl-{n}")).ok();
        let at_work =
            if vigil == Vigil::NotNeeded { Vec::new() } else { (100..103).filter_map(task).collect() };
        Counts { vigil, kept_since, at_work, ..Counts::default() }
    }

    #[test]
    fn the_row_says_whether_the_computer_may_sleep_and_why() {
        let unable = || PowerStatus::Unable("logind is not running".into());
        let since = Timestamp::from_millis(1_795_000_000_000);
        let (now, later) = (Some(since), since.plus(Duration::from_secs(60)));
        let said = [
            row(&counts(Vigil::NotNeeded, None), PowerStatus::Ready, later),
            row(&counts(Vigil::Kept, now), PowerStatus::Held, later),
            row(&counts(Vigil::Kept, now), unable(), later),
            row(&counts(Vigil::NotNeeded, None), unable(), later),
            row(&counts(Vigil::OnBattery, None), PowerStatus::Ready, later),
        ];
        let expected = [
            ("ok", "The computer may sleep. It is kept awake while a task is at work."),
            ("ok", "The computer is kept awake, for 1 min so far: calm-owl-100 and 2 more are at work."),
            ("note", "The computer cannot be kept awake: logind is not running."),
            ("note", "The computer cannot be kept awake: logind is not running."),
            (
                "note",
                "The computer runs on its battery and may sleep although calm-owl-100 and 2 more are at work.",
            ),
        ];
        assert_eq!(said.each_ref().map(|row| (row.verdict.as_str(), row.text.as_str())), expected);
    }

    #[test]
    fn the_tray_hears_of_it_while_it_lasts_and_if_it_is_in_vain() {
        let now = Timestamp::from_millis(1_795_000_000_000);
        assert_eq!(keeping_awake(&counts(Vigil::OnBattery, None), PowerStatus::Ready), None);
        let kept = keeping_awake(&counts(Vigil::Kept, Some(now)), PowerStatus::Unable("no bus".into()));
        let why = "calm-owl-100 and 2 more are at work".to_owned();
        assert_eq!(kept, Some(KeepingAwake { since: now, why, cannot: Some("no bus".into()) }));
    }
}
