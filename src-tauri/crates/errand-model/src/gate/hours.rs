//! Times of the day as a person means them: by the clock on the wall, wherever it is set forward or back.

use std::fmt;

use errand_base::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};

const DAY: i16 = 24 * 60;
/// What quiet hours leave of a day. Less could be skipped by a clock that is set forward, and the quiet of two days
/// would be one.
const AWAKE: i16 = 120;

/// Hours and minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay(Time);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadHours(String);

impl TimeOfDay {
    pub const FOUR: TimeOfDay = TimeOfDay(Time::constant(4, 0, 0, 0));

    pub const fn new(hour: i8, minute: i8) -> Option<TimeOfDay> {
        if hour >= 0 && hour < 24 && minute >= 0 && minute < 60 {
            Some(TimeOfDay(Time::constant(hour, minute, 0, 0)))
        } else {
            None
        }
    }

    /// `04:00`, two digits each.
    pub fn parse(text: &str) -> Result<TimeOfDay, BadHours> {
        let two = |part: &str| {
            let digits = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| part.parse().ok()).flatten()
        };
        let time = text.split_once(':').and_then(|(hour, minute)| TimeOfDay::new(two(hour)?, two(minute)?));
        time.ok_or_else(|| BadHours(format!("“{text}” is not a time of the day; write 04:00")))
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0.hour(), self.0.minute())
    }
}

/// When nothing is to be heard. From the evening into the morning, or within one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Quiet {
    from: TimeOfDay,
    to: TimeOfDay,
}

impl Quiet {
    /// `22:00-07:00`.
    pub fn parse(text: &str) -> Result<Quiet, BadHours> {
        let bad = || BadHours(format!("“{text}” are no quiet hours; write 22:00-07:00"));
        let (from, to) = text.split_once('-').ok_or_else(bad)?;
        let (from, to) = (TimeOfDay::parse(from.trim())?, TimeOfDay::parse(to.trim())?);
        let minutes = |time: TimeOfDay| i16::from(time.0.hour()) * 60 + i16::from(time.0.minute());
        let awake = (minutes(from) - minutes(to)).rem_euclid(DAY);
        if !(AWAKE..DAY).contains(&awake) {
            return Err(BadHours("Quiet hours leave at least two hours of the day.".to_owned()));
        }
        Ok(Quiet { from, to })
    }

    /// When they end, if `now` is in them.
    ///
    /// They begin when the clock first shows `from`, or skips it, and end when it shows `to` for the last
    /// time, or skips it. So a clock that is set back within them makes them longer, and never interrupts
    /// them.
    pub fn end(self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let end = self.end_of_those_around(now, zone)?;
        // Where a whole day is skipped, the next ones begin as these end.
        Some(self.end_of_those_around(end, zone).unwrap_or(end))
    }

    fn end_of_those_around(self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let today = local_date(now, zone)?;
        let around = [today.yesterday().ok(), Some(today)];
        let found = around.into_iter().flatten().filter_map(|date| {
            let last = if self.from < self.to { date } else { date.tomorrow().ok()? };
            Some((moment(date, self.from, zone, Edge::First)?, moment(last, self.to, zone, Edge::Last)?))
        });
        found.filter(|(start, end)| *start <= now && now < *end).map(|(_, end)| end).max()
    }
}

impl fmt::Display for Quiet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.from, self.to)
    }
}

/// When the person's day began.
pub(super) fn day_start(starts: TimeOfDay, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let today = local_date(now, zone)?;
    let days = [Some(today), today.yesterday().ok(), today.yesterday().and_then(Date::yesterday).ok()];
    let starts = days.into_iter().flatten().filter_map(|date| moment(date, starts, zone, Edge::First));
    starts.filter(|start| *start <= now).max()
}

/// The first moment from `from` on at which the clock shows that time.
pub fn next_at(time: TimeOfDay, from: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    next_day(time, from.minus(std::time::Duration::from_millis(1)), zone)
}

/// When the next one begins.
pub(super) fn next_day(starts: TimeOfDay, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let today = local_date(now, zone)?;
    let days = [Some(today), today.tomorrow().ok(), today.tomorrow().and_then(Date::tomorrow).ok()];
    let starts = days.into_iter().flatten().filter_map(|date| moment(date, starts, zone, Edge::First));
    starts.filter(|start| *start > now).min()
}

fn local_date(now: Timestamp, zone: &TimeZone) -> Option<Date> {
    let moment = jiff::Timestamp::from_millisecond(now.as_millis()).ok()?;
    Some(zone.to_datetime(moment).date())
}

/// Which moment is meant where the clock shows a time twice.
#[derive(Clone, Copy)]
enum Edge {
    First,
    Last,
}

/// When the clock shows `time` on that date. A time that is skipped is the moment of the skip.
fn moment(date: Date, time: TimeOfDay, zone: &TimeZone, edge: Edge) -> Option<Timestamp> {
    let local = date.to_datetime(time.0);
    let moment = match (zone.to_ambiguous_timestamp(local).offset(), edge) {
        (AmbiguousOffset::Unambiguous { offset }, _) => offset.to_timestamp(local).ok()?,
        (AmbiguousOffset::Gap { after, .. }, _) => {
            // Read with the later offset it lies before the skip.
            zone.following(after.to_timestamp(local).ok()?).next()?.timestamp()
        }
        (AmbiguousOffset::Fold { before, .. }, Edge::First) => before.to_timestamp(local).ok()?,
        (AmbiguousOffset::Fold { after, .. }, Edge::Last) => after.to_timestamp(local).ok()?,
    };
    Some(Timestamp::from_millis(moment.as_millisecond()))
}
