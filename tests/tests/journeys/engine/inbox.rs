//! Everything that waits for its person, in one reading.

use errand_testkit::desktop::wait;
use serde_json::{Value, json};

use crate::world::line::Line;
use crate::world::{Home, LIMIT};

/// The rows of the Inbox, once there are so many.
#[track_caller]
fn rows(windows: &mut Line, count: usize) -> Vec<Value> {
    let mut last = Vec::new();
    let look = || {
        last = windows.call("inbox", &json!({})).unwrap().unwrap()["rows"].as_array().unwrap().clone();
        Ok((last.len() == count).then(|| last.clone()))
    };
    wait::until("the Inbox has them", LIMIT, look)
        .unwrap_or_else(|error| panic!("{error}; there is {last:?}"))
}

fn run(home: &Home, flags: &[&str], script: &str) -> String {
    let script = format!("E=$ERRAND_PROGRAM\n{script}");
    let said = home.run([&["run"], flags, &["--", "sh", "-c", &script]].concat());
    assert_eq!(said.code, 0, "{said:?}");
    said.out.trim().to_owned()
}

#[test]
fn the_inbox_has_every_open_question_oldest_first_also_those_below() {
    let home = Home::new();
    home.start_and_keep();
    let mut windows = Line::open(&home, "windows").unwrap();
    assert_eq!(windows.call("inbox", &json!({})).unwrap().unwrap(), json!({ "rows": [], "more": false }));

    let two = run(
        &home,
        &["--title", "Two at once"],
        "$E ask 'Which colour?' --option Red & $E ask 'Which size?' --option Big & wait",
    );
    rows(&mut windows, 2);
    let splits = r#"[ "$ERRAND_TURN" = 1 ] || exec "$E" finish Split
        "$E" subtask --key a --title "A part" -- sh -c '"$ERRAND_PROGRAM" ask "Which red?" --option Dark'
        "$E" wake --when-subtasks-end
        echo '{"status": "continue", "summary": "Handed it on."}' > "$ERRAND_RESPONSE_FILE""#;
    let top = run(&home, &["Split"], splits);

    let found = rows(&mut windows, 3);
    let times: Vec<&str> = found.iter().map(|row| row["question"]["asked_at"].as_str().unwrap()).collect();
    assert!(times.is_sorted(), "{times:?}");
    for row in &found[..2] {
        assert_eq!(
            (&row["task"], &row["title"], &row["asker"]),
            (&json!(two), &json!("Two at once"), &json!(null))
        );
        assert_eq!((&row["agent"], &row["question"]["kind"]), (&json!("script"), &json!("user_input")));
    }
    let below = &found[2];
    assert_eq!((&below["task"], &below["asker"]), (&json!(top), &json!("A part")), "{below}");
    let name = below["question"]["id"].as_str().unwrap();
    assert!(name.ends_with("/q1") && !name.starts_with(&top), "{name}");

    let dark = json!({ "task": top, "question": name, "choice": "Dark", "surface": "window" });
    windows.call("answer", &dark).unwrap().unwrap();
    rows(&mut windows, 2);
    home.wait_for_state(&top, "completed");
    let said = home.ok("inbox");
    assert_eq!(said.lines().count(), 2, "{said}");
    // Two programs ask at the same time, and either may have been first.
    let colour = |row: &&Value| row["question"]["text"] == "Which colour?";
    let name = found.iter().find(colour).unwrap()["question"]["id"].as_str().unwrap();
    assert!(said.contains(&format!("{two}/{name} ")) && said.contains("Which colour?"), "{said}");
    home.ok(&format!("answer {two}/{name} red"));
    let left = rows(&mut windows, 1);
    assert_eq!(left[0]["question"]["text"], "Which size?");
    home.ok(&format!("cancel {two}"));
    rows(&mut windows, 0);
    home.quit();
}
