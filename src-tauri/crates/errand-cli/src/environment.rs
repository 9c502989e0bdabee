//! Which variables go where. An engine lives for weeks: what it inherits from the shell that happened to start
//! it must be chosen, and a task gets the environment of the person who hands it over, not the engine's.

use std::collections::BTreeMap;
use std::ffi::OsString;

use errand_base::{Code, Fault};

const FOR_AN_ENGINE: &[&str] = &[
    "HOME",
    "USER",
    "LOGNAME",
    "PATH",
    "LANG",
    "TZ",
    "DBUS_SESSION_BUS_ADDRESS",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
];

const FOR_A_PROGRAM: &[&str] = &["PATH", "HOME", "LANG", "TZ", "TERM", "TMPDIR"];

/// These name the run that a process belongs to. An engine that carried them would be taken for a worker and
/// be ended with it.
const OF_A_WORKER: &[&str] = &[
    "ERRAND_TASK",
    "ERRAND_RUN",
    "ERRAND_TURN",
    "ERRAND_PROMPT_FILE",
    "ERRAND_REQUEST_FILE",
    "ERRAND_RESPONSE_FILE",
    "ERRAND_ATTACHMENTS",
    "ERRAND_SOCKET",
    "ERRAND_TOKEN",
    "ERRAND_SPAWNER",
    "ERRAND_OPEN_FILES",
];

pub type Variables = Vec<(OsString, OsString)>;

pub fn own() -> Variables {
    std::env::vars_os().collect()
}

pub fn for_engine(own: Variables) -> Variables {
    let wanted = |name: &str| {
        let family = ["LC_", "XDG_", "ERRAND_"].iter().any(|prefix| name.starts_with(prefix));
        (family || FOR_AN_ENGINE.contains(&name)) && !OF_A_WORKER.contains(&name)
    };
    own.into_iter().filter(|(name, _)| name.to_str().is_some_and(wanted)).collect()
}

/// What a program gets: the caller's own few variables, then the named ones.
pub fn for_program(own: &Variables, extra: &[String]) -> Result<BTreeMap<String, String>, Fault> {
    let wanted = |name: &str| name.starts_with("LC_") || FOR_A_PROGRAM.contains(&name);
    // A value that is not UTF-8 cannot cross the socket. Nobody asked for it by name, so it is left out.
    let mut env: BTreeMap<String, String> = own
        .iter()
        .filter_map(|(name, value)| Some((name.to_str()?.to_owned(), value.to_str()?.to_owned())))
        .filter(|(name, _)| wanted(name))
        .collect();
    env.extend(named(own, extra)?);
    Ok(env)
}

/// The variables of `--env`: `K=V`, or `K` for the caller's value.
pub fn named(own: &Variables, extra: &[String]) -> Result<BTreeMap<String, String>, Fault> {
    extra.iter().map(|entry| named_one(own, entry)).collect()
}

fn named_one(own: &Variables, entry: &str) -> Result<(String, String), Fault> {
    let bad = |message: String, hint: &str| Err(Fault::new(Code::BadUsage, message).hint(hint));
    let (name, value) = match entry.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (entry, None),
    };
    if name.is_empty() || name.contains(char::is_whitespace) {
        return bad(
            format!("--env “{entry}” has no name."),
            "Write --env NAME=VALUE, or --env NAME for its value here.",
        );
    }
    if let Some(value) = value {
        return Ok((name.into(), value.into()));
    }
    match own.iter().find(|(own_name, _)| own_name == name) {
        Some((_, value)) => match value.to_str() {
            Some(value) => Ok((name.into(), value.into())),
            None => {
                bad(format!("The value of {name} is not valid UTF-8."), "Give a value with --env NAME=VALUE.")
            }
        },
        None => {
            bad(format!("{name} is not set here."), &format!("Set it, or give a value: --env {name}=VALUE."))
        }
    }
}

/// Whether windows can be shown.
pub fn has_display(own: &Variables) -> bool {
    own.iter().any(|(name, value)| (name == "DISPLAY" || name == "WAYLAND_DISPLAY") && !value.is_empty())
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    fn vars(pairs: &[(&str, &str)]) -> Variables {
        pairs.iter().map(|(name, value)| (name.into(), value.into())).collect()
    }

    fn names(vars: &Variables) -> Vec<&str> {
        vars.iter().filter_map(|(name, _)| name.to_str()).collect()
    }

    #[test]
    fn an_engine_inherits_only_what_it_needs_and_nothing_of_a_run() {
        let own = vars(&[
            ("HOME", "/h"),
            ("LC_ALL", "C"),
            ("XDG_RUNTIME_DIR", "/r"),
            ("ERRAND_HOME", "/e"),
            ("ERRAND_FAIL", "x"),
            ("ERRAND_TOKEN", "t"),
            ("ERRAND_RUN", "r"),
            ("AWS_SECRET_ACCESS_KEY", "s"),
            ("LD_PRELOAD", "x"),
            ("SSH_TTY", "y"),
            ("DISPLAY", ":0"),
        ]);
        let expected = ["HOME", "LC_ALL", "XDG_RUNTIME_DIR", "ERRAND_HOME", "ERRAND_FAIL", "DISPLAY"];
        assert_eq!(names(&for_engine(own)), expected);
    }

    #[test]
    fn a_program_gets_the_callers_few_variables_and_the_named_ones() {
        let mut own = vars(&[
            ("PATH", "/bin"),
            ("LC_TIME", "sv"),
            ("TERM", "xterm"),
            ("MODE", "fast"),
            ("USER", "ada"),
        ]);
        own.push(("TMPDIR".into(), OsString::from_vec(vec![0xff])));
        let extra = ["MODE", "EMPTY=", "EQ=a=b", "PATH=/mine"].map(String::from);
        let env = for_program(&own, &extra).unwrap();
        let pairs: Vec<(&str, &str)> =
            env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let expected = [
            ("EMPTY", ""),
            ("EQ", "a=b"),
            ("LC_TIME", "sv"),
            ("MODE", "fast"),
            ("PATH", "/mine"),
            ("TERM", "xterm"),
        ];
        assert_eq!(pairs, expected);
    }

    #[test]
    fn a_variable_that_cannot_be_given_is_bad_usage() {
        let own = vec![("ODD".into(), OsString::from_vec(vec![0xff]))];
        for entry in ["MISSING", "=x", "", "A B=1", "ODD"] {
            let fault = named(&own, &[entry.into()]).unwrap_err();
            assert_eq!(fault.code, Code::BadUsage, "{entry}");
        }
    }

    #[test]
    fn an_empty_display_is_none() {
        assert!(!has_display(&vars(&[("DISPLAY", ""), ("HOME", "/h")])));
        assert!(has_display(&vars(&[("DISPLAY", ""), ("WAYLAND_DISPLAY", "wayland-0")])));
    }
}
