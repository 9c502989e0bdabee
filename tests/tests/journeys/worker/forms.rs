//! Questions that ask for several things, secrets, and answers that come at the same time.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use crate::world::{Home, said};

use super::script;

/// Answers in a terminal, with these lines on standard input.
fn answer(home: &Home, args: &[&str], input: &str) -> crate::world::Said {
    let mut child = home
        .command(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    said(child.wait_with_output().unwrap())
}

fn holds(folder: &Path, needle: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(holds(&path, needle));
        } else if std::fs::read(&path)
            .is_ok_and(|bytes| bytes.windows(needle.len()).any(|part| part == needle))
        {
            found.push(path.display().to_string());
        }
    }
    found
}

#[test]
fn several_things_are_asked_at_once_and_each_is_looked_at() {
    let home = Home::new();
    home.start_and_keep();
    let id = script(
        &home,
        "",
        r#"$E ask "Where to?" --field host --field "port:integer=The port" --field fast:flag > answer"#,
    );
    let task = home.wait_for_state(&id, "needs_you");
    let fields = task["questions"][0]["fields"].as_array().unwrap();
    assert_eq!(fields.len(), 3, "{task}");
    assert_eq!(
        (fields[1]["label"].as_str(), fields[1]["kind"].as_str()),
        (Some("The port"), Some("integer"))
    );
    for (given, why) in [
        (vec!["--field", "host=example"], "port is missing"),
        (vec!["--field", "host=example", "--field", "port=many", "--field", "fast=no"], "no whole number"),
        (vec!["example"], "several things"),
    ] {
        let said = home.run([&["answer", &id], given.as_slice(), &["--json"]].concat());
        assert_eq!(said.code, 6, "{said:?}");
        assert!(said.err.contains("bad_answer") && said.err.contains(why), "{said:?}");
    }
    let said =
        home.run(["answer", &id, "--field", "host=example", "--field", "port=22", "--field", "fast=yes"]);
    assert_eq!(said.code, 0, "{said:?}");
    home.ended(&[&id]);
    assert_eq!(home.lines("answer"), [r#"{"fast":true,"host":"example","port":22}"#]);
    let shown = &home.task(&id)["questions"][0]["answered"]["choice"];
    assert_eq!(shown, "host: example\nport: 22\nfast: true");
    home.quit();
}

#[test]
fn a_form_in_json_schema_is_asked_field_by_field_and_answered_in_its_own_words() {
    let home = Home::new();
    home.start_and_keep();
    let schema = r#"{"type":"object","required":["size"],"properties":{
        "size":{"type":"string","title":"How large?","enum":["s","l"],"enumNames":["Small","Large"]},
        "count":{"type":"integer","minimum":1,"default":1}}}"#;
    let said_in_full = format!(r#"$E ask "What do you want?" --schema '{schema}' > answer"#);
    let id = script(&home, "", &said_in_full);
    let question = home.wait_for_state(&id, "needs_you")["questions"][0].clone();
    assert_eq!(question["kind"], "elicitation");
    assert_eq!(question["fields"][0]["label"], "How large?", "in the order of the schema: {question}");
    let (code, error) = home.refused(&format!("--json answer {id} --field size=medium"));
    assert_eq!((code, error["code"].as_str()), (6, Some("bad_answer")));
    home.ok(&format!("answer {id} --field size=large"));
    home.ended(&[&id]);
    assert_eq!(home.lines("answer"), [r#"{"count":1,"size":"l"}"#]);

    let refused = script(
        &home,
        "",
        r#"$E --json ask "What?" --schema '{"properties":{"a":{"type":"array"}}}' 2> why; echo $? > code"#,
    );
    home.ended(&[&refused]);
    assert_eq!(home.lines("code"), ["2"]);
    assert!(home.lines("why").join("").contains("of the type “array”, which no field can hold"));

    let between = script(
        &home,
        "Choose",
        r#"case $ERRAND_TURN in
            1) echo '{"status":"continue","question":{"text":"Which?","schema":{"properties":{"n":{"type":"integer"}}}}}' ;;
            *) grep -q '{"n":7}' "$ERRAND_PROMPT_FILE" && echo '{"status":"done","report":"seven"}' ;;
        esac > "$ERRAND_RESPONSE_FILE""#,
    );
    home.wait_for_state(&between, "needs_you");
    home.ok(&format!("answer {between} --field n=7"));
    home.ended(&[&between]);
    assert_eq!(home.report(&between), "seven");
    home.quit();
}

#[test]
fn a_secret_reaches_the_program_that_asks_and_is_kept_nowhere() {
    const CANARY: &str = "canary-7d1f4c";
    let home = Home::new();
    home.start_and_keep();
    let id = script(
        &home,
        "",
        r#"word=$($E ask "The key?" --secret key); [ "$word" = canary-7d1f4c ] && echo same"#,
    );
    home.wait_for_state(&id, "needs_you");
    let argv = home.run(["answer", &id, CANARY, "--json"]);
    assert_eq!(argv.code, 2, "a command line can be read by others: {argv:?}");
    let field = home.run(["answer", &id, "--field", &format!("key={CANARY}")]);
    assert_eq!(field.code, 2, "{field:?}");
    let given = answer(&home, &["answer", &id, "--field", "key=-"], &format!("{CANARY}\n"));
    assert_eq!(given.code, 0, "{given:?}");
    home.ended(&[&id]);
    assert_eq!(home.report(&id), "same");
    assert_eq!(home.task(&id)["questions"][0]["answered"]["choice"], "key: •••");
    let history = home.ok(&format!("history {id} --json"));
    assert!(!history.contains(CANARY));
    // The program's own line holds the word, so that line must be the only place.
    let places = holds(home.root(), CANARY.as_bytes());
    assert!(places.iter().all(|place| place.contains("errand.db")), "{places:?}");
    home.quit();
    let database = rusqlite::Connection::open(home.data().join("errand.db")).unwrap();
    for (table, column) in
        [("question", "choice"), ("question", "fields"), ("transition", "text"), ("artifact", "report")]
    {
        let sql = format!("SELECT count(*) FROM {table} WHERE {column} LIKE '%{CANARY}%'");
        let found: i64 = database.query_row(&sql, [], |row| row.get(0)).unwrap();
        assert_eq!(found, 0, "{table}.{column}");
    }

    let worker = script(
        &home,
        "Ask",
        r#"echo '{"status": "continue", "question": {"question": "The key?", "fields": [{"name": "key", "secret": true}]}}' \
            > "$ERRAND_RESPONSE_FILE""#,
    );
    home.ended(&[&worker]);
    assert_eq!(home.task(&worker)["reason"]["code"], "bad_response", "nobody waits for that answer");
    home.quit();
}

#[test]
fn of_twenty_answers_at_once_one_counts_and_the_others_hear_whose_it_was() {
    let home = Home::new();
    home.start_and_keep();
    let id = script(&home, "", r#"$E ask "Which?" --other --option first > answer"#);
    home.wait_for_state(&id, "needs_you");
    let answers: Vec<_> = (0..20)
        .map(|n| {
            let mut command = home.command(["answer", &id, &format!("answer {n}"), "--json"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let said: Vec<_> = answers.into_iter().map(|child| said(child.wait_with_output().unwrap())).collect();
    let won: Vec<usize> =
        said.iter().enumerate().filter(|(_, said)| said.code == 0).map(|(n, _)| n).collect();
    assert_eq!(won.len(), 1, "{said:?}");
    home.ended(&[&id]);
    assert_eq!(home.lines("answer"), [format!("answer {}", won[0])]);
    for (n, said) in said.iter().enumerate().filter(|(n, _)| *n != won[0]) {
        assert_eq!(said.code, 6, "{n}: {said:?}");
        let named = said.err.contains("already_answered")
            && said.err.contains(&format!("“answer {}”", won[0]))
            && said.err.contains("in the terminal at 20");
        assert!(named, "{n}: {said:?}");
    }
    home.quit();
}
