//! The settings: a closed list with a default, a meaning and a check each.

mod attention;

use std::time::Duration;

use errand_base::{Code, Fault, Timestamp, parse_duration};
use errand_model::KeepAwake;
use errand_os::Shortcut;

pub use attention::Attention;

/// A setting as it is described to a person.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    pub name: &'static str,
    pub default: &'static str,
    pub text: &'static str,
    check: fn(&str) -> Result<(), String>,
}

pub const SLOTS: &str = "slots";
pub const PAUSED: &str = "paused";
pub const SILENCE: &str = "silence";
pub const KEEP_DAYS: &str = "keep_days";
pub const KEEP_AWAKE: &str = "keep_awake";
pub const KEEP_AWAKE_ON_BATTERY: &str = "keep_awake_on_battery";
pub const KEEP_AWAKE_AT_MOST: &str = "keep_awake_at_most";
pub const QUIET_HOURS: &str = "quiet_hours";
pub const QUIET_ZONE: &str = "quiet_zone";
pub const MUTE: &str = "mute";
pub const PER_HOUR: &str = "notify_per_hour";
pub const PER_DAY: &str = "notify_per_day";
pub const DAY_STARTS: &str = "day_starts";
pub const DIGEST: &str = "digest";
pub const DIGEST_AT: &str = "digest_at";
pub const ESCALATE_AFTER: &str = "escalate_after";
pub const NOTIFY_PROGRAM: &str = "notify_program";
/// What is so says the desktop's own entry, not a row.
pub const AUTOSTART: &str = "autostart";
pub const SHORTCUT: &str = "shortcut";

pub const ALL: &[Setting] = &[
    Setting {
        name: SLOTS,
        default: "3",
        text: "How many tasks run at once.",
        check: |value| match value.parse::<u32>() {
            Ok(1..=64) => Ok(()),
            Ok(_) | Err(_) => Err("a whole number from 1 to 64".into()),
        },
    },
    Setting {
        name: PAUSED,
        default: "false",
        text: "Nothing new starts while this is true.",
        check: true_or_false,
    },
    Setting {
        name: SILENCE,
        default: "30m",
        text: "After how long without output Errand asks whether a program is still at work.",
        check: |value| parse_duration(value).map(|_| ()).map_err(|_| "a duration such as 30m or 2h".into()),
    },
    Setting {
        name: KEEP_DAYS,
        default: "90",
        text: "How many days an ended task is kept.",
        check: |value| match value.parse::<u32>() {
            Ok(1..=3650) => Ok(()),
            Ok(_) | Err(_) => Err("a whole number of days from 1 to 3650".into()),
        },
    },
    Setting {
        name: KEEP_AWAKE,
        default: "true",
        text: "The computer does not sleep by itself while a task is at work. The display may.",
        check: true_or_false,
    },
    Setting {
        name: KEEP_AWAKE_ON_BATTERY,
        default: "false",
        text: "Also while it runs on its battery.",
        check: true_or_false,
    },
    Setting {
        name: KEEP_AWAKE_AT_MOST,
        default: "4h",
        text: "For how long in one stretch, whatever is at work.",
        check: |value| parse_duration(value).map(|_| ()).map_err(|_| "a duration such as 4h or 90m".into()),
    },
    Setting {
        name: QUIET_HOURS,
        default: "off",
        text: "When notifications wait, such as 22:00-07:00. Urgent ones do not, nor results of what you have just started.",
        check: attention::check_quiet,
    },
    Setting {
        name: QUIET_ZONE,
        default: "system",
        text: "The time zone of quiet hours and of your day.",
        check: attention::check_zone,
    },
    Setting {
        name: MUTE,
        default: "off",
        text: "Until when all but urgent notifications wait; takes 1h or 18:00.",
        check: attention::check_mute,
    },
    Setting {
        name: PER_HOUR,
        default: "3",
        text: "How many results an hour are shown one by one; the rest comes as a digest.",
        check: attention::check_count,
    },
    Setting {
        name: PER_DAY,
        default: "12",
        text: "How many results a day are shown one by one.",
        check: attention::check_count,
    },
    Setting {
        name: DAY_STARTS,
        default: "04:00",
        text: "When your day begins.",
        check: attention::check_time,
    },
    Setting {
        name: DIGEST,
        default: "on",
        text: "Whether what was not shown one by one is summed up.",
        check: on_or_off,
    },
    Setting {
        name: DIGEST_AT,
        default: "09:00",
        text: "When the digest of a day comes.",
        check: attention::check_time,
    },
    Setting {
        name: ESCALATE_AFTER,
        default: "off",
        text: "After how long a question or failure that nobody has looked at becomes urgent, once.",
        check: attention::check_escalation,
    },
    Setting {
        name: NOTIFY_PROGRAM,
        default: "off",
        text: "A program that is told then as well, with its full path; it reads one JSON document.",
        check: attention::check_program,
    },
    Setting {
        name: AUTOSTART,
        default: "off",
        text: "Whether Errand starts, hidden, when you log in.",
        check: on_or_off,
    },
    Setting {
        name: SHORTCUT,
        default: "off",
        text: "Keys that bring the first window from anywhere, such as Ctrl+Alt+E.",
        check: |value| match value {
            "off" => Ok(()),
            keys => Shortcut::parse(keys).map(drop),
        },
    },
];

fn on_or_off(value: &str) -> Result<(), String> {
    match value {
        "on" | "off" => Ok(()),
        _ => Err("on or off".into()),
    }
}

fn true_or_false(value: &str) -> Result<(), String> {
    match value {
        "true" | "false" => Ok(()),
        _ => Err("true or false".into()),
    }
}

impl Setting {
    pub fn find(name: &str) -> Result<&'static Setting, Fault> {
        let found = ALL.iter().find(|setting| setting.name == name);
        found.ok_or_else(|| Fault::new(Code::SettingNotFound, format!("There is no setting “{name}”.")))
    }

    /// The value in the form in which it is kept, of something that may be said as seen from now.
    pub fn read_at(&self, typed: &str, now: Timestamp, kept: &[(String, String)]) -> Result<String, Fault> {
        if self.name == MUTE
            && let Some(until) = attention::muted_until(typed.trim(), now, &Attention::from_kept(kept).zone)
        {
            return Ok(until.to_string());
        }
        self.read(typed)
    }

    /// A kept value as it is now: what was muted until a moment that is over is not muted.
    pub fn as_of(&self, kept: String, now: Timestamp) -> String {
        let is_over = |text: &str| Timestamp::parse_rfc3339(text).is_some_and(|until| until <= now);
        if self.name == MUTE && is_over(&kept) { self.default.to_owned() } else { kept }
    }

    /// The value in the form in which it is kept; `default` stands for the default.
    pub fn read(&self, typed: &str) -> Result<String, Fault> {
        let value = typed.trim();
        if value == "default" {
            return Ok(self.default.to_owned());
        }
        (self.check)(value).map(|()| value.to_owned()).map_err(|wanted| {
            Fault::new(Code::BadUsage, format!("“{value}” does not fit {}.", self.name))
                .hint(format!("It takes {wanted}."))
        })
    }
}

/// The settings that the engine reads, with defaults where a kept value cannot be read: a broken setting never
/// stops work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Live {
    pub slots: u32,
    pub paused: bool,
    pub silence: Duration,
    pub keep_days: u32,
    pub keep_awake: KeepAwake,
}

/// What is kept under a name, or the default.
fn kept_value(kept: &[(String, String)], name: &str) -> String {
    let default = Setting::find(name).map(|setting| setting.default).unwrap_or_default();
    kept.iter().find(|(kept, _)| kept == name).map_or_else(|| default.to_owned(), |(_, value)| value.clone())
}

impl Live {
    pub fn from_kept(kept: &[(String, String)]) -> Live {
        let value = |name: &str| kept_value(kept, name);
        Live {
            slots: value(SLOTS).parse().unwrap_or(3),
            paused: value(PAUSED) == "true",
            silence: parse_duration(&value(SILENCE)).unwrap_or(Duration::from_secs(1_800)),
            keep_days: value(KEEP_DAYS).parse().unwrap_or(90),
            keep_awake: KeepAwake {
                wanted: value(KEEP_AWAKE) == "true",
                on_battery: value(KEEP_AWAKE_ON_BATTERY) == "true",
                at_most: parse_duration(&value(KEEP_AWAKE_AT_MOST)).unwrap_or(KeepAwake::default().at_most),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_passes_its_own_check() {
        for setting in ALL {
            assert_eq!(setting.read(setting.default).as_deref(), Ok(setting.default), "{}", setting.name);
            assert_eq!(setting.read(" default ").as_deref(), Ok(setting.default));
        }
    }

    #[test]
    fn a_bad_value_is_refused_with_what_it_takes() {
        let fault = Setting::find(SLOTS).unwrap().read("many").unwrap_err();
        assert_eq!(
            (fault.code, fault.hint.as_str()),
            (Code::BadUsage, "It takes a whole number from 1 to 64.")
        );
        assert_eq!(Setting::find("colour").unwrap_err().code, Code::SettingNotFound);
    }

    #[test]
    fn an_unreadable_kept_value_falls_back() {
        let live = Live::from_kept(&[(SLOTS.to_owned(), "lots".to_owned())]);
        assert_eq!(live.slots, 3);
        assert_eq!(live.silence, Duration::from_secs(1_800));
        assert_eq!(live.keep_awake, KeepAwake::default());
    }
}
