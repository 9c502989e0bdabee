//! The settings: a closed list with a default, a meaning and a check each.

use std::time::Duration;

use errand_base::{Code, Fault, parse_duration};
use errand_model::KeepAwake;

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
];

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

impl Live {
    pub fn from_kept(kept: &[(String, String)]) -> Live {
        let value = |name: &str| {
            let default = Setting::find(name).map(|setting| setting.default).unwrap_or_default();
            kept.iter()
                .find(|(kept, _)| kept == name)
                .map_or_else(|| default.to_owned(), |(_, value)| value.clone())
        };
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
