//! Workers that hand part of their work on.

use std::fs;

use serde_json::Value;

use crate::world::{Home, processes};

use super::{fixture, hand_over, script};

/// Hands on `count` parts that wait at the pipe `hold`, sleeps until they have ended, and reports what they said.
fn splitter(home: &Home, flags: &str, count: usize) -> (String, std::path::PathBuf) {
    let fifo = home.fifo("hold");
    let parts: Vec<String> = (1..=count).map(|n| n.to_string()).collect();
    let turn = format!(
        r#"if [ "$ERRAND_TURN" = 1 ]; then
            for n in {}; do
                $E subtask --key $n --title "part $n" -- sh -c 'read -r _ < {}; echo "part '$n'"' || exit 9
            done
            $E wake --when-subtasks-end || exit 9
            echo '{{"status": "continue", "summary": "Handed it on."}}' > "$ERRAND_RESPONSE_FILE"
        else
            $E subtask --list
            $E finish "$(grep -o 'part [0-9]' "$ERRAND_PROMPT_FILE" | sort -u | tr '\n' ' ')"
        fi"#,
        parts.join(" "),
        fifo.display()
    );
    (script(home, &format!("{flags} Split"), &turn), fifo)
}

fn subtasks(task: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let all = task["subtasks"].as_array().unwrap().iter();
    all.map(|subtask| (text(&subtask["id"]), text(&subtask["state"]))).collect()
}

fn ids(task: &Value) -> Vec<String> {
    subtasks(task).into_iter().map(|(id, _)| id).collect()
}

#[test]
fn a_worker_splits_its_brief_and_reports_what_came_of_the_parts() {
    let home = Home::new();
    home.start_and_keep();
    let id = hand_over(&home, "Greet: Ada Grace Mary", &["python3", &fixture("splits.py")]);
    home.ended(&[&id]);
    let task = home.task(&id);
    assert_eq!(task["state"], "completed", "{task}");
    assert_eq!(home.report(&id), "- Hello, Ada!\n- Hello, Grace!\n- Hello, Mary!");
    assert_eq!(task["artifact"]["outcome"], "Greeted 3.");
    let below = subtasks(&task);
    assert_eq!(below.len(), 3);
    for (part, state) in &below {
        assert_eq!(state, "completed");
        let part = home.task(part);
        assert_eq!(part["parent"], id.as_str());
        assert_eq!(part["deliveries"], Value::Array(Vec::new()), "its person hears of the whole");
    }
    // Lists show what a person handed over.
    let listed = |line: &str| home.json(line)["tasks"].as_array().unwrap().len();
    assert_eq!((listed("list"), listed("list --all"), listed(&format!("list --parent {id}"))), (1, 4, 3));
    let card = home.ok(&format!("show {id}"));
    assert!(card.contains("Sub-tasks\n") && card.contains("Ada: Greeted Ada."), "{card}");
    // And they go with it.
    home.ok(&format!("delete {id}"));
    assert_eq!(listed("list --all"), 0);
    home.quit();
}

#[test]
fn who_waits_for_its_parts_has_neither_slot_nor_process() {
    let home = Home::new();
    home.start_and_keep();
    home.ok("settings set slots 1");
    let (id, fifo) = splitter(&home, "--exclusive", 2);
    let task = home.wait_for_state(&id, "sleeping");
    assert_eq!(task["run"]["phase"], "over", "{task}");
    // One slot, one folder: one part after the other.
    home.open(&fifo);
    home.wait_for(&id, "has one part", |task| subtasks(task)[0].1 == "completed");
    home.open(&fifo);
    home.ended(&[&id]);
    assert_eq!(home.report(&id).trim(), "part 1 part 2", "{}", home.task(&id));
    home.quit();
}

#[test]
fn a_cancel_leaves_no_process_of_any_part() {
    let home = Home::new();
    home.start_and_keep();
    home.ok("settings set slots 4");
    let (id, _) = splitter(&home, "", 3);
    home.wait_for(&id, "has three parts at work", |task| {
        subtasks(task).iter().filter(|(_, state)| state == "running").count() == 3
    });
    assert_eq!(home.run(["delete", &id]).code, 6);
    home.ok(&format!("cancel {id}"));
    let task = home.task(&id);
    let parts = ids(&task);
    home.ended(&parts.iter().map(String::as_str).collect::<Vec<_>>());
    for part in &parts {
        let part =
            home.wait_for(part, "is gone", |part| part["run"].is_null() || part["run"]["phase"] == "over");
        assert_eq!(part["reason"]["code"], "parent_cancelled", "{part}");
    }
    assert!(processes::programs_of(&home).is_empty());
    home.quit();
}

#[test]
fn killed_in_the_middle_it_comes_to_the_same_end() {
    let home = Home::new();
    let engine = home.start();
    let (id, fifo) = splitter(&home, "", 3);
    let before = home.wait_for(&id, "has handed it on", |task| subtasks(task).len() == 3);
    home.wait_for_state(&id, "sleeping");
    engine.kill();
    home.nothing_left();
    home.start_and_keep();
    // A plain program is never run again by itself, also here; its parent hears of that.
    home.ended(&[&id]);
    let task = home.task(&id);
    assert_eq!(task["state"], "completed", "{task}");
    assert_eq!(ids(&task), ids(&before), "none was made twice");
    assert_eq!(home.report(&id).trim(), "part 1 part 2 part 3");
    assert!(subtasks(&task).iter().any(|(_, state)| state == "unknown"), "{task}");
    drop(fifo);
    home.quit();
}

#[test]
fn what_a_part_asks_is_asked_and_answered_under_the_name_of_the_whole() {
    let home = Home::new();
    home.start_and_keep();
    let turn = r#"case "$ERRAND_TURN" in
        1) $E subtask --title paint -- sh -c '"$ERRAND_PROGRAM" ask "Which colour?" --option Red --option Blue'
           echo '{"status": "continue", "wake": {"when_subtasks_end": true}}' > "$ERRAND_RESPONSE_FILE" ;;
        *) $E finish "$(grep -o 'Red\|Blue' "$ERRAND_PROMPT_FILE" | head -n 1)" ;;
        esac"#;
    let id = script(&home, "Paint", turn);
    let task = home.wait_for(&id, "asks", |task| task["questions"].as_array().unwrap().len() == 1);
    let part = ids(&task).remove(0);
    assert_eq!(
        (&task["questions"][0]["task"], &task["questions"][0]["open"]),
        (&part.clone().into(), &false.into())
    );
    assert_eq!(home.run(["wait", &id]).code, 3, "it needs its person");
    let needing = home.json("list --state needs_you");
    assert_eq!(
        (&needing["tasks"][0]["id"], &needing["tasks"][0]["open_questions"]),
        (&id.clone().into(), &1.into())
    );
    let card = home.ok(&format!("show {id}"));
    assert!(card.contains(&format!("errand answer {part} --question q1 --choose Red")), "{card}");
    let (code, error) = home.refused(&format!("answer {id} green"));
    assert_eq!((code, error["code"].as_str()), (6, Some("bad_answer")), "{error}");
    home.ok(&format!("answer {id} blue"));
    home.ended(&[&id]);
    assert_eq!(home.report(&id), "Blue");
    home.quit();
}

#[test]
fn a_part_speaks_for_itself_alone_and_may_not_do_more_than_the_whole() {
    let home = Home::new();
    home.start_and_keep();
    fs::create_dir(home.file("inner")).unwrap();
    let secret = home.scratch().join("home/secret").display().to_string();
    fs::write(&secret, "key\n").unwrap();
    let isolated = home.json("doctor")["isolation"]["kind"] != "none";
    let turn = format!(
        r#"case "$ERRAND_TURN" in
        1) echo "$ERRAND_SOCKET $ERRAND_TOKEN" > keys
           $E subtask --key out --cwd .. "Outside" 2>/dev/null || echo "outside: $?" > refused
           $E subtask --key thief --cwd inner -- sh -c 'read -r s t < ../keys
               ERRAND_SOCKET=$s ERRAND_TOKEN=$t "$ERRAND_PROGRAM" subtask --cancel thief || echo "as its parent: $?"
               "$ERRAND_PROGRAM" subtask --list; "$ERRAND_PROGRAM" subtask "More" || echo "more: $?"
               cat {secret} || echo "secret: $?"; pwd; touch here ../there'
           until [ -e there ]; do sleep 0.02; done
           echo '{{"status": "continue", "wake": {{"when_subtasks_end": true}}}}' > "$ERRAND_RESPONSE_FILE" ;;
        *) $E finish Done ;;
        esac"#
    );
    let id = script(&home, if isolated { "--isolate Try" } else { "Try" }, &turn);
    home.ended(&[&id]);
    let task = home.task(&id);
    assert_eq!(task["state"], "completed", "{task}");
    let part = home.task(&ids(&task)[0]);
    let said = part["artifact"]["report"].as_str().unwrap();
    // Isolated, it does not even find the socket.
    let refused = ["as its parent: 5", "as its parent: 6"].iter().any(|refused| said.contains(refused));
    assert!(refused && said.contains("more: 6"), "{said}");
    assert!(said.contains("/inner"), "{said}");
    assert_eq!(home.lines("refused"), ["outside: 2"]);
    assert_eq!(part["isolation"], task["isolation"]);
    if isolated {
        assert!(said.contains("secret: 1") && !said.contains("key"), "{said}");
    }
    // Its folder is that of the whole, wherever in it it starts.
    assert!(home.file("inner/here").exists() && home.file("there").exists(), "{said}");
    home.quit();
}

#[test]
fn a_link_in_its_folder_leads_a_part_no_further_than_the_whole() {
    let home = Home::new();
    home.start_and_keep();
    if home.json("doctor")["isolation"]["kind"] == "none" {
        home.quit();
        return;
    }
    let outside = home.scratch().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("secret"), "key\n").unwrap();
    let outside = outside.display().to_string();
    let turn = format!(
        r#"case "$ERRAND_TURN" in
        1) ln -s {outside} link
           echo '{{"status": "continue", "wake": {{"when_subtasks_end": true}}, "subtasks": [{{"cwd": "link",
               "argv": ["sh", "-c", "cat secret {outside}/secret; touch {outside}/mark; exit 0"]}}]}}' \
               > "$ERRAND_RESPONSE_FILE" ;;
        *) $E finish Done ;;
        esac"#
    );
    let id = script(&home, "--isolate Try", &turn);
    home.ended(&[&id]);
    let part = home.task(&ids(&home.task(&id))[0]);
    assert!(!part["artifact"]["report"].as_str().unwrap().contains("key"), "{part}");
    assert!(!home.scratch().join("outside/mark").exists(), "{part}");
    home.quit();
}
