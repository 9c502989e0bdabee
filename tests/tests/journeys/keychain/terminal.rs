//! What the commands take and refuse.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use super::set;
use crate::world::{Home, parsed, schema};

#[test]
fn credentials_are_set_listed_used_and_removed() {
    let home = Home::new();
    home.start_and_keep();
    let kept = set(&home, "token --session --json", "s3cret-value");
    assert_eq!(kept.code, 0, "{kept:?}");
    schema::fits("CredentialView", &parsed(&kept.out));
    let list = home.json("credential list");
    schema::fits("Credentials", &list);
    assert_eq!(
        (list["credentials"][0]["kind"].as_str(), list["keychain"]["state"].as_str()),
        (Some("session"), Some("absent"))
    );
    let id = home.sh("--secret TOKEN=token", r#"echo "it is $TOKEN""#);
    home.ended(&[&id]);
    assert_eq!(home.report(&id), "it is •••");
    assert_eq!(home.task(&id)["secrets"][0]["credential"], "token");
    home.ok("credential remove token");
    let (code, error) = home.refused("credential remove token");
    assert_eq!((code, error["code"].as_str()), (4, Some("credential_not_found")));
    let said = home.run(["run", "--json", "--secret", "TOKEN=token", "--", "true"]);
    assert!(said.code == 4 && said.err.contains("credential_not_found"), "{said:?}");
    home.quit();
}

#[test]
fn what_cannot_be_a_credential_is_refused_without_repeating_the_value() {
    let home = Home::new();
    home.start_and_keep();
    for (line, value) in
        [("token --session", "tiny5"), ("bad/name --session", "s3cret-value"), ("token --session", "")]
    {
        let refused = set(&home, line, value);
        assert_eq!(refused.code, 2, "{refused:?}");
        assert!(value.is_empty() || !refused.err.contains(value), "{refused:?}");
    }
    for line in
        ["run --secret TOKEN -- true", "run --secret PATH=x -- true", "run --secret A=x --env A=1 -- true"]
    {
        assert_eq!(home.run(line.split(' ')).code, 2, "{line}");
    }
    assert_eq!(set(&home, "token --session", "s3cret-value").code, 0);
    let said = home.run(["run", "--json", "--", "echo", "s3cret-value"]);
    assert!(said.code == 6 && said.err.contains("secret_in_clear"), "{said:?}");
    let said = home.run(["run", "--env", "API_KEY=abc", "--env", "PLAIN=abc", "--", "true"]);
    assert!(
        said.code == 0 && said.err.contains("API_KEY") && said.err.contains("errand credential"),
        "{said:?}"
    );
    assert!(!said.err.contains("PLAIN"), "{said:?}");
    home.quit();
}

#[test]
fn a_value_that_is_typed_is_not_shown() {
    let home = Home::new();
    home.start_and_keep();
    let typed = home.command(["credential", "set", "token", "--session"]);
    // A terminal of its own, from bsdutils, which every Debian has.
    let mut command = Command::new("script");
    let line = std::iter::once(typed.get_program()).chain(typed.get_args());
    let line: Vec<&str> = line.map(|word| word.to_str().unwrap()).collect();
    command.args(["-qec", &line.join(" "), "/dev/null"]).current_dir(home.work()).env_clear();
    command.envs(typed.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut child =
        command.env("SHELL", "/bin/sh").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut screen = Vec::new();
    let mut byte = [0];
    let mut out = child.stdout.take().unwrap();
    while !screen.ends_with(b"shown): ") {
        assert_eq!(out.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&screen));
        screen.push(byte[0]);
    }
    let mut keyboard = child.stdin.take().unwrap();
    keyboard.write_all(b"wrong\x15s3cret-valux\x7fe\r").unwrap();
    out.read_to_end(&mut screen).unwrap();
    drop(keyboard);
    assert!(child.wait().unwrap().success());
    let screen = String::from_utf8(screen).unwrap();
    assert!(
        screen.contains("kept in memory") && !screen.contains("s3cret") && !screen.contains("wrong"),
        "{screen}"
    );
    let id = home.sh("--secret TOKEN=token", "test ${#TOKEN} = 12");
    home.ended(&[&id]);
    assert_eq!(home.state(&id), "completed");
    home.quit();
}
