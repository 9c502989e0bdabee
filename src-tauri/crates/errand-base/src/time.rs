use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::civil::Time;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment of wall-clock time in whole milliseconds since 1970, UTC. JSON shows it as RFC 3339.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    pub const fn from_millis(millis: i64) -> Timestamp {
        Timestamp(millis)
    }

    pub const fn as_millis(self) -> i64 {
        self.0
    }

    pub fn plus(self, duration: Duration) -> Timestamp {
        Timestamp(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    pub fn minus(self, duration: Duration) -> Timestamp {
        Timestamp(self.0.saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Later by so many milliseconds, or earlier if they are negative.
    pub fn shifted(self, millis: i64) -> Timestamp {
        Timestamp(self.0.saturating_add(millis))
    }

    /// The time from `earlier` to `self`; zero if the clock was set back in between.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    pub fn parse_rfc3339(text: &str) -> Option<Timestamp> {
        text.parse::<jiff::Timestamp>().ok().map(|moment| Timestamp(moment.as_millisecond()))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(moment) => write!(f, "{moment:.3}"),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        let text = String::deserialize(deserializer)?;
        Timestamp::parse_rfc3339(&text).ok_or_else(|| serde::de::Error::custom("not a time in RFC 3339"))
    }
}

/// Where the edge of the program gets the time from. Everything inside takes a [`Timestamp`].
pub trait Clock: Send + Sync + 'static {
    fn now(&self) -> Timestamp;
    /// Time since some fixed point, never set back; stands still while the machine sleeps.
    fn awake(&self) -> Duration;
    /// Like [`Clock::awake`], but runs on while the machine sleeps.
    fn elapsed(&self) -> Duration;
}

#[derive(Debug)]
pub struct SystemClock {
    start: std::time::Instant,
    start_elapsed: Duration,
}

impl Default for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    fn default() -> SystemClock {
        SystemClock { start: std::time::Instant::now(), start_elapsed: elapsed() }
    }
}

#[cfg(target_os = "linux")]
fn elapsed() -> Duration {
    let since_boot = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let seconds = u64::try_from(since_boot.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(since_boot.tv_nsec).unwrap_or(0))
}

/// Where nothing tells a sleep from a clock that was set forward, both count as sleep.
#[cfg(not(target_os = "linux"))]
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
fn elapsed() -> Duration {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default()
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn awake(&self) -> Duration {
        self.start.elapsed()
    }

    fn elapsed(&self) -> Duration {
        elapsed().saturating_sub(self.start_elapsed)
    }
}

/// A clock that a test sets.
#[derive(Debug)]
pub struct FakeClock(Mutex<Faked>);

#[derive(Clone, Copy, Debug)]
struct Faked {
    now: Timestamp,
    awake: Duration,
    elapsed: Duration,
}

impl FakeClock {
    pub fn at(now: Timestamp) -> FakeClock {
        FakeClock(Mutex::new(Faked { now, awake: Duration::ZERO, elapsed: Duration::ZERO }))
    }

    pub fn advance(&self, by: Duration) {
        let mut state = self.state();
        state.now = state.now.plus(by);
        state.awake += by;
        state.elapsed += by;
    }

    /// The machine sleeps so long.
    pub fn sleep(&self, by: Duration) {
        let mut state = self.state();
        state.now = state.now.plus(by);
        state.elapsed += by;
    }

    /// Somebody sets the clock, forward or back, by so many milliseconds.
    pub fn set_by(&self, millis: i64) {
        let mut state = self.state();
        state.now = state.now.shifted(millis);
    }

    fn state(&self) -> MutexGuard<'_, Faked> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        self.state().now
    }

    fn awake(&self) -> Duration {
        self.state().awake
    }

    fn elapsed(&self) -> Duration {
        self.state().elapsed
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadTime(String);

/// `90s`, `5m`, `1h30m`, `2d`: whole numbers with a unit, largest first, nothing else.
pub fn parse_duration(text: &str) -> Result<Duration, BadTime> {
    let bad = || BadTime(format!("“{text}” is not a duration; write 90s, 5m or 1h30m"));
    let mut seconds: u64 = 0;
    let mut digits = String::new();
    let mut last_unit = u64::MAX;
    for c in text.trim().chars() {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        let unit = match c {
            'd' => 86_400,
            'h' => 3_600,
            'm' => 60,
            's' => 1,
            _ => return Err(bad()),
        };
        let count: u64 = digits.parse().map_err(|_| bad())?;
        if unit >= last_unit {
            return Err(bad());
        }
        last_unit = unit;
        seconds = count.checked_mul(unit).and_then(|part| seconds.checked_add(part)).ok_or_else(bad)?;
        digits.clear();
    }
    // Ten years: longer is a slip of the finger, and arithmetic on it could overflow further on.
    if !digits.is_empty() || last_unit == u64::MAX || seconds == 0 || seconds > 315_360_000 {
        return Err(bad());
    }
    Ok(Duration::from_secs(seconds))
}

/// RFC 3339, `HH:MM` (the next time the clock shows it, in `zone`), or `+2h` from now.
pub fn parse_moment(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, BadTime> {
    let bad = || BadTime(format!("“{text}” is not a time; write 2026-11-30T08:00:00Z, 08:00 or +2h"));
    let text = text.trim();
    if let Some(delay) = text.strip_prefix('+') {
        return Ok(now.plus(parse_duration(delay).map_err(|_| bad())?));
    }
    if let Some(moment) = Timestamp::parse_rfc3339(text) {
        return Ok(moment);
    }
    let (hour, minute) = text.split_once(':').ok_or_else(bad)?;
    if hour.is_empty() || hour.len() > 2 || minute.len() != 2 {
        return Err(bad());
    }
    let time = Time::new(hour.parse().map_err(|_| bad())?, minute.parse().map_err(|_| bad())?, 0, 0)
        .map_err(|_| bad())?;
    let here = jiff::Timestamp::from_millisecond(now.0).map_err(|_| bad())?.to_zoned(zone.clone());
    for days in 0..3 {
        let date = here.date().checked_add(jiff::Span::new().days(days)).map_err(|_| bad())?;
        let moment = date.to_datetime(time).to_zoned(zone.clone()).map_err(|_| bad())?;
        if moment > here {
            return Ok(Timestamp(moment.timestamp().as_millisecond()));
        }
    }
    Err(bad())
}

/// `850 ms`, `12 s`, `3 min 5 s`, `2 h 10 min`, `4 d 3 h`: the two largest units, for people.
pub fn say_duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let two = |large: u64, large_unit: &str, small: u64, small_unit: &str| {
        if small == 0 {
            format!("{large} {large_unit}")
        } else {
            format!("{large} {large_unit} {small} {small_unit}")
        }
    };
    match seconds {
        0 => format!("{} ms", duration.as_millis()),
        1..60 => format!("{seconds} s"),
        60..3_600 => two(seconds / 60, "min", seconds % 60, "s"),
        3_600..86_400 => two(seconds / 3_600, "h", seconds % 3_600 / 60, "min"),
        _ => two(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_reads_as_rfc3339_with_milliseconds() {
        let moment = Timestamp::from_millis(1_795_000_000_007);
        assert_eq!(moment.to_string(), "2026-11-18T11:06:40.007Z");
        assert_eq!(Timestamp::parse_rfc3339("2026-11-18T11:06:40.007Z"), Some(moment));
    }

    #[test]
    fn durations_are_read_strictly() {
        assert_eq!(parse_duration("1h30m"), Ok(Duration::from_secs(5_400)));
        assert_eq!(parse_duration("90s"), Ok(Duration::from_secs(90)));
        for bad in ["", "5", "m", "5x", "30m1h", "1m1m", "-5m", "0s", "99999999999999999999s", "9999999d"] {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_time_of_day_means_the_next_one_also_across_a_clock_change() {
        let zone = TimeZone::get("Europe/Stockholm").unwrap();
        let now = Timestamp::parse_rfc3339("2026-10-24T20:00:00Z").unwrap();
        let at = |text| parse_moment(text, now, &zone).map(|t| t.to_string());
        assert_eq!(at("23:30").unwrap(), "2026-10-24T21:30:00.000Z");
        assert_eq!(at("08:00").unwrap(), "2026-10-25T07:00:00.000Z");
        assert_eq!(at("+2h").unwrap(), "2026-10-24T22:00:00.000Z");
        for bad in ["24:00", "8", "8:0", "now", "+", "+2"] {
            assert!(at(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn durations_are_said_in_two_units() {
        let say = |s| say_duration(Duration::from_secs(s));
        assert_eq!(
            [say(12), say(60), say(185), say(7_800), say(100_000)],
            ["12 s", "1 min", "3 min 5 s", "2 h 10 min", "1 d 3 h"]
        );
    }
}
