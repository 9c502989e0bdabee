//! Times as people say them.

use std::cell::OnceCell;
use std::time::Duration;

use errand_base::{Timestamp, say_duration};
use jiff::tz::TimeZone;

/// The moment a text is made and the zone it is read in. The zone is looked up when a text first needs it: most
/// say how long ago something was, and looking it up reads a few hundred folder entries.
#[derive(Clone, Debug)]
pub struct Now {
    pub at: Timestamp,
    zone: OnceCell<TimeZone>,
}

impl Now {
    pub fn here(at: Timestamp) -> Now {
        Now { at, zone: OnceCell::new() }
    }

    #[cfg(test)]
    pub fn within(at: Timestamp, zone: TimeZone) -> Now {
        Now { at, zone: zone.into() }
    }

    fn zone(&self) -> TimeZone {
        self.zone.get_or_init(TimeZone::system).clone()
    }
}

/// `just now`, `2 min ago`, `in 3 h`; from a month on the date.
pub fn relative(moment: Timestamp, now: &Now) -> String {
    let past = moment <= now.at;
    let distance = if past { now.at.since(moment) } else { moment.since(now.at) };
    let seconds = distance.as_secs();
    let amount = match seconds {
        0..5 if past => return "just now".into(),
        0..60 => format!("{} s", seconds.max(1)),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => format!("{} h", seconds / 3_600),
        86_400..2_592_000 => format!("{} d", seconds / 86_400),
        _ => return local(moment, now, "%Y-%m-%d"),
    };
    if past { format!("{amount} ago") } else { format!("in {amount}") }
}

/// The time of day for today, else with its date.
pub fn absolute(moment: Timestamp, now: &Now) -> String {
    let today = local(moment, now, "%Y-%m-%d") == local(now.at, now, "%Y-%m-%d");
    local(moment, now, if today { "%H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" })
}

/// How long something has been going on, without milliseconds.
pub fn elapsed(since: Timestamp, now: Timestamp) -> String {
    say_duration(Duration::from_secs(now.since(since).as_secs().max(1)))
}

fn local(moment: Timestamp, now: &Now, format: &str) -> String {
    match jiff::Timestamp::from_millisecond(moment.as_millis()) {
        Ok(moment) => moment.to_zoned(now.zone()).strftime(format).to_string(),
        Err(_) => moment.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Now {
        Now::within(
            Timestamp::parse_rfc3339("2026-11-18T12:00:00Z").unwrap(),
            TimeZone::get("Europe/Berlin").unwrap(),
        )
    }

    fn said(offset_seconds: i64) -> String {
        let now = now();
        relative(Timestamp::from_millis(now.at.as_millis() + offset_seconds * 1_000), &now)
    }

    #[test]
    fn times_are_relative_for_a_month_and_dates_after_it() {
        let past =
            [0, 4, 59, 60, 3_599, 3_600, 86_399, 86_400, 2_591_999, 2_592_000].map(|seconds| said(-seconds));
        let expected = [
            "just now",
            "just now",
            "59 s ago",
            "1 min ago",
            "59 min ago",
            "1 h ago",
            "23 h ago",
            "1 d ago",
            "29 d ago",
            "2026-10-19",
        ];
        assert_eq!(past, expected);
        let future = [1, 90, 10_900, 90_000, 5_000_000].map(said);
        assert_eq!(future, ["in 1 s", "in 1 min", "in 3 h", "in 1 d", "2027-01-15"]);
    }

    #[test]
    fn the_day_changes_where_the_person_is() {
        let now = now();
        let at = |text| absolute(Timestamp::parse_rfc3339(text).unwrap(), &now);
        assert_eq!(at("2026-11-18T10:00:00Z"), "11:00:00");
        assert_eq!(at("2026-11-17T23:30:00Z"), "00:30:00");
        assert_eq!(at("2026-11-17T22:30:00Z"), "2026-11-17 23:30:00");
    }

    #[test]
    fn a_clock_that_was_set_back_is_no_trouble() {
        let now = now();
        assert_eq!(elapsed(now.at, Timestamp::from_millis(0)), "1 s");
        assert_eq!(elapsed(Timestamp::from_millis(now.at.as_millis() - 3_700_900), now.at), "1 h 1 min");
        relative(Timestamp::from_millis(i64::MAX), &now);
        relative(Timestamp::from_millis(i64::MIN), &now);
    }
}
