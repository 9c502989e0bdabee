//! Values as they are typed. Every refusal is a sentence that says what would be accepted.

use std::path::Path;

use errand_base::{Clock, Code, Fault, SystemClock, Timestamp, parse_duration, parse_moment};
use jiff::tz::TimeZone;
use serde::de::DeserializeOwned;
use serde::de::value::{Error, StrDeserializer};

/// A name of a closed set, as on the wire. `needs-you` is as good as `needs_you`.
pub fn name<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let wanted = text.trim().to_ascii_lowercase().replace([' ', '-'], "_");
    T::deserialize(StrDeserializer::<Error>::new(&wanted)).map_err(|error| {
        // serde lists the names: "unknown variant `x`, expected one of `a`, `b`".
        let error = error.to_string();
        let expected = error.split_once("expected ").map_or("", |(_, names)| names);
        format!("“{text}” is none of {}", expected.trim_start_matches("one of ").replace('`', ""))
    })
}

pub fn millis(text: &str) -> Result<u64, String> {
    let duration = parse_duration(text).map_err(|error| error.to_string())?;
    Ok(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

/// `512M`: the units are those of memory, 1024 of each.
pub fn bytes(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text[digits.len()..].to_ascii_lowercase();
    let scale: u64 = match unit.trim_end_matches('b').trim_end_matches('i') {
        "k" => 1 << 10,
        "m" => 1 << 20,
        "g" => 1 << 30,
        "t" => 1 << 40,
        "" if unit != "i" => 1,
        _ => 0,
    };
    let value = digits.trim().parse::<u64>().ok().and_then(|number| number.checked_mul(scale));
    value.filter(|_| scale > 0).ok_or_else(|| format!("“{text}” is no size; write 512M or 4G"))
}

pub fn moment(text: &str) -> Result<Timestamp, String> {
    parse_moment(text, SystemClock::default().now(), &TimeZone::system()).map_err(|error| error.to_string())
}

/// A path as the engine needs it, which runs in another folder than the person does.
pub fn absolute(text: &str) -> Result<String, Fault> {
    let path = Path::new(text);
    // A folder that exists is named as the system names it, so that two spellings are one folder.
    let full = path.canonicalize().or_else(|_| std::path::absolute(path)).map_err(|_| {
        Fault::new(Code::FolderMissing, format!("“{text}” cannot be resolved: the current folder is gone."))
            .hint("Change to a folder that exists, or give the full path.")
    })?;
    full.into_os_string().into_string().map_err(|_| {
        Fault::new(Code::BadUsage, format!("The path of “{text}” is not valid UTF-8."))
            .hint("Rename the folder, or reach it through a link with a plain name.")
    })
}

pub fn current_folder() -> Result<String, Fault> {
    let folder = std::env::current_dir().map_err(|_| {
        Fault::new(Code::FolderMissing, "The current folder no longer exists.")
            .hint("Change to another folder, or name one with --cwd.")
    })?;
    folder.into_os_string().into_string().map_err(|_| {
        Fault::new(Code::BadUsage, "The path of the current folder is not valid UTF-8.")
            .hint("Name another folder with --cwd.")
    })
}

/// `VARIABLE=NAME`
pub fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((variable, name)) if !variable.is_empty() && !name.is_empty() => {
            Ok((variable.to_owned(), name.to_owned()))
        }
        // What was typed may be a value.
        Some(_) | None => Err("write VARIABLE=NAME, with the name of a credential".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use errand_wire::{Notify, Priority, TaskState};

    use super::*;

    #[test]
    fn names_are_read_kindly_and_refused_with_the_list() {
        assert_eq!(name("Needs-You"), Ok(TaskState::NeedsYou));
        assert_eq!(name("urgent"), Ok(Priority::Urgent));
        let refusal = name::<Notify>("loud").unwrap_err();
        assert_eq!(refusal, "“loud” is none of always, significant, silent");
    }

    #[test]
    fn sizes_become_bytes() {
        let sizes = [("512M", 512 << 20), ("4g", 4 << 30), ("1KiB", 1024), ("64 MB", 64 << 20), ("100", 100)];
        for (text, value) in sizes {
            assert_eq!(bytes(text), Ok(value), "{text}");
        }
        for text in ["", "M", "lots", "-1G", "1.5G", "4X", "99999999999T"] {
            assert!(bytes(text).unwrap_err().contains("512M"), "{text}");
        }
    }

    #[test]
    fn durations_become_milliseconds() {
        assert_eq!(millis("1m30s"), Ok(90_000));
        assert!(millis("soon").unwrap_err().contains("90s"));
    }

    #[test]
    fn paths_become_absolute_also_when_they_do_not_exist() {
        let missing = absolute("no/such/folder").unwrap();
        assert!(missing.starts_with('/') && missing.ends_with("no/such/folder"), "{missing}");
        assert_eq!(absolute("/usr/..").unwrap(), "/");
    }
}
