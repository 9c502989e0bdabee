//! When and how often the person is told something.

use std::time::Duration;

use errand_base::{Timestamp, parse_duration, parse_moment};
use errand_model::gate::{self, Quiet, TimeOfDay};
use jiff::tz::TimeZone;

use super::{
    DAY_STARTS, DIGEST, DIGEST_AT, ESCALATE_AFTER, MUTE, NOTIFY_PROGRAM, PER_DAY, PER_HOUR, QUIET_HOURS,
    QUIET_ZONE, kept_value,
};

const NINE: TimeOfDay = match TimeOfDay::new(9, 0) {
    Some(nine) => nine,
    None => TimeOfDay::FOUR,
};

/// The settings of the outbox, with defaults where a kept value cannot be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Attention {
    pub gate: gate::Settings,
    pub zone: TimeZone,
    pub digest: bool,
    pub digest_at: TimeOfDay,
    pub escalate_after: Option<Duration>,
    /// The program and its arguments.
    pub program: Option<Vec<String>>,
}

impl Attention {
    pub fn from_kept(kept: &[(String, String)]) -> Attention {
        let value = |name: &str| kept_value(kept, name);
        let usual = gate::Settings::default();
        let gate = gate::Settings {
            quiet: Quiet::parse(&value(QUIET_HOURS)).ok(),
            muted_until: Timestamp::parse_rfc3339(&value(MUTE)),
            per_hour: value(PER_HOUR).parse().unwrap_or(usual.per_hour),
            per_day: value(PER_DAY).parse().unwrap_or(usual.per_day),
            day_starts: TimeOfDay::parse(&value(DAY_STARTS)).unwrap_or(usual.day_starts),
        };
        Attention {
            gate,
            zone: zone(&value(QUIET_ZONE)).unwrap_or_else(TimeZone::system),
            digest: value(DIGEST) != "off",
            digest_at: TimeOfDay::parse(&value(DIGEST_AT)).unwrap_or(NINE),
            escalate_after: parse_duration(&value(ESCALATE_AFTER)).ok(),
            program: program(&value(NOTIFY_PROGRAM)),
        }
    }
}

fn zone(name: &str) -> Option<TimeZone> {
    match name {
        "system" => Some(TimeZone::system()),
        name => TimeZone::get(name).ok(),
    }
}

/// Words and quotes; nothing else of a shell.
fn program(line: &str) -> Option<Vec<String>> {
    shlex::split(line).filter(|argv| argv.first().is_some_and(|program| program.starts_with('/')))
}

/// What is typed to mute: for how long, or until when.
pub(super) fn muted_until(typed: &str, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let until = match parse_duration(typed) {
        Ok(duration) => now.plus(duration),
        Err(_) => parse_moment(typed, now, zone).ok()?,
    };
    Some(until).filter(|until| *until > now)
}

pub(super) fn check_quiet(value: &str) -> Result<(), String> {
    if value == "off" || Quiet::parse(value).is_ok() {
        return Ok(());
    }
    Err("off, or hours such as 22:00-07:00 that leave at least two hours of the day".into())
}

pub(super) fn check_zone(value: &str) -> Result<(), String> {
    zone(value).map(drop).ok_or_else(|| "system, or the name of a time zone such as Europe/Berlin".into())
}

pub(super) fn check_mute(value: &str) -> Result<(), String> {
    if value == "off" || Timestamp::parse_rfc3339(value).is_some() {
        return Ok(());
    }
    Err("off, a duration such as 1h, or a time to come such as 18:00".into())
}

pub(super) fn check_count(value: &str) -> Result<(), String> {
    match value.parse::<u32>() {
        Ok(0..=1000) => Ok(()),
        Ok(_) | Err(_) => Err("a whole number from 0 to 1000".into()),
    }
}

pub(super) fn check_time(value: &str) -> Result<(), String> {
    TimeOfDay::parse(value).map(drop).map_err(|_| "a time of the day such as 04:00".into())
}

pub(super) fn check_escalation(value: &str) -> Result<(), String> {
    if value == "off" || parse_duration(value).is_ok() {
        return Ok(());
    }
    Err("off, or a duration such as 30m or 2h".into())
}

pub(super) fn check_program(value: &str) -> Result<(), String> {
    if value == "off" || program(value).is_some() {
        return Ok(());
    }
    Err("off, or the full path of a program and its arguments".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Setting;

    fn kept(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn what_is_not_set_is_as_usual_and_what_cannot_be_read_too() {
        let usual = Attention::from_kept(&[]);
        assert_eq!(usual.gate, gate::Settings::default());
        assert!(usual.digest && usual.escalate_after.is_none() && usual.program.is_none());
        assert_eq!(usual.digest_at.to_string(), "09:00");
        let broken = kept(&[
            (QUIET_HOURS, "late"),
            (QUIET_ZONE, "Atlantis"),
            (PER_HOUR, "few"),
            (DAY_STARTS, "dawn"),
            (MUTE, "soon"),
            (NOTIFY_PROGRAM, "push"),
        ]);
        assert_eq!(Attention::from_kept(&broken), usual);
    }

    #[test]
    fn what_is_set_is_taken() {
        let set = Attention::from_kept(&kept(&[
            (QUIET_HOURS, "22:00-07:00"),
            (QUIET_ZONE, "Europe/Berlin"),
            (PER_HOUR, "0"),
            (DIGEST, "off"),
            (ESCALATE_AFTER, "30m"),
            (NOTIFY_PROGRAM, "/opt/my tools/push '--to me'"),
        ]));
        assert_eq!(set.gate.quiet, Quiet::parse("22:00-07:00").ok());
        assert_eq!((set.gate.per_hour, set.digest), (0, false));
        assert_eq!(set.zone.iana_name(), Some("Europe/Berlin"));
        assert_eq!(set.escalate_after, Some(Duration::from_secs(1_800)));
        assert_eq!(set.program.unwrap(), ["/opt/my", "tools/push", "--to me"]);
    }

    #[test]
    fn values_that_mean_nothing_are_refused() {
        let bad = [
            (QUIET_HOURS, "22-7"),
            (QUIET_HOURS, "09:00-08:00"),
            (QUIET_ZONE, "Atlantis"),
            (PER_HOUR, "-1"),
            (DAY_STARTS, "4"),
            (ESCALATE_AFTER, "soon"),
            (NOTIFY_PROGRAM, "push"),
            (NOTIFY_PROGRAM, "/bin/push 'open"),
            (MUTE, "tomorrow"),
        ];
        for (name, value) in bad {
            assert!(Setting::find(name).unwrap().read(value).is_err(), "{name} {value}");
        }
    }

    #[test]
    fn muting_is_said_as_seen_from_now_and_is_over_by_itself() {
        let mute = Setting::find(MUTE).unwrap();
        let now = Timestamp::parse_rfc3339("2026-11-21T12:00:00Z").unwrap();
        let zone = kept(&[(QUIET_ZONE, "UTC")]);
        let read = |typed: &str| mute.read_at(typed, now, &zone);
        assert_eq!(read("1h").unwrap(), "2026-11-21T13:00:00.000Z");
        assert_eq!(read("18:00").unwrap(), "2026-11-21T18:00:00.000Z");
        assert_eq!(read("off").unwrap(), "off");
        assert!(read("forever").is_err());
        let kept = read("1h").unwrap();
        assert_eq!(mute.as_of(kept.clone(), now), kept);
        assert_eq!(mute.as_of(kept, now.plus(Duration::from_secs(3_600))), "off");
    }
}
