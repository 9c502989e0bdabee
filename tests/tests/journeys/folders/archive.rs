//! Out of sight, and kept.

use serde_json::Value;

use crate::world::{Home, parsed};

fn listed(home: &Home, line: &str) -> Vec<String> {
    let list = home.json(line);
    let tasks = list["tasks"].as_array().unwrap().iter();
    tasks.map(|task| task["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_archived_task_is_out_of_the_lists_and_still_there() {
    let home = Home::new();
    let old = home.sh("--label kept", "echo a-rare-word");
    let new = home.sh("", "exit 3");
    home.ended(&[&old, &new]);
    assert_eq!(home.ok(&format!("archive {old}")), format!("{old}  archived"));
    for line in ["list", "list --state completed --state failed", "list --folder ."] {
        assert_eq!(listed(&home, line), [new.as_str()], "{line}");
    }
    for line in ["list --state completed", "list --label kept", "list --search a-rare-word"] {
        assert_eq!(listed(&home, line), [""; 0], "{line}");
        assert_eq!(listed(&home, &format!("{line} --archived")), [old.as_str()], "{line}");
    }
    assert_eq!(listed(&home, "list --archived"), [new.as_str(), &old]);
    assert!(home.ok("list --archived").contains("completed, archived"));
    // By its name it is found as before.
    assert_eq!((home.state(&old).as_str(), home.report(&old).as_str()), ("completed", "a-rare-word"));
    assert!(home.task(&old)["archived_at"].is_string());
    assert_eq!(home.ok(&format!("log {old}")), "a-rare-word");
    assert_eq!(home.reasons(&old).last().unwrap(), "archived");

    home.ok(&format!("archive --restore {old}"));
    assert_eq!(listed(&home, "list"), [new.as_str(), &old]);
    assert_eq!(
        (home.task(&old)["archived_at"].clone(), home.reasons(&old).pop().unwrap()),
        (Value::Null, "restored".into())
    );
    home.quit();
}

#[test]
fn only_what_is_over_is_archived_and_a_retry_takes_it_out() {
    let home = Home::new();
    let gate = home.fifo("gate");
    let runs = home.sh("", &format!("read x < {}", gate.display()));
    home.wait_for_state(&runs, "running");
    let failed = home.sh("", "exit 3");
    home.ended(&[&failed]);
    let said = home.run(["archive", &runs, &failed, "--json"]);
    let document = parsed(&said.out);
    assert_eq!((said.code, &document["changed"]), (6, &serde_json::json!([failed])), "{said:?}");
    assert_eq!(document["refused"][&runs]["code"], "illegal_state");
    assert!(home.run(["archive", &failed]).err.contains("is archived already"));
    assert!(home.run(["archive", "--restore", &runs]).err.contains("is not over"));

    home.ok(&format!("retry {failed}"));
    home.ended(&[&failed]);
    assert_eq!(home.task(&failed)["archived_at"], Value::Null);
    assert_eq!(listed(&home, "list"), [failed.as_str(), &runs]);
    home.open(&gate);
    home.ended(&[&runs]);
    home.quit();
}
