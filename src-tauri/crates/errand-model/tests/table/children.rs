//! Situations and events of tasks that have sub-tasks, or are some.

use super::*;

pub fn situations() -> Vec<Situation> {
    let worker = || Life::begin(&[], None).worker().running();
    let sleeps = |life: Life| life.then(turn_ended(RUN, "wake when subtasks end"));
    vec![
        worker().begins("red").called("worker+subtask", "a worker with a sub-task that is at work"),
        worker()
            .begins("red")
            .then(child_ended("red", State::Completed))
            .called("worker+subtask-ended", "a worker whose only sub-task has ended in its turn"),
        sleeps(worker().begins("red"))
            .called("worker-awaits", "a worker that sleeps until its sub-task has ended"),
        sleeps(worker().begins("red").begins("blue"))
            .called("worker-awaits-two", "a worker that sleeps until both of its sub-tasks have ended"),
        worker()
            .begins("red")
            .then(turn_ended(RUN, "done"))
            .called("worker-done-but", "a worker said that it is done while its sub-task is at work"),
        worker()
            .begins("red")
            .then(Event::Cancel { by: by() })
            .called("parent-cancelled+ending", "a worker was cancelled while its sub-task was at work"),
        subtask().called("subtask", "a sub-task in the queue"),
        subtask().running().called("subtask-running", "a sub-task in its first turn"),
        subtask()
            .running()
            .then(turn_ended(RUN, "failed"))
            .called("subtask-failed", "a sub-task that has given up"),
    ]
}

pub fn cases() -> Vec<Case> {
    let case = |name, make| Case { name, make };
    vec![
        case("subtask_asked", |task| asks_for(task, "green", None)),
        case("subtask_asked(known key)", |task| asks_for(task, "red", Some("red"))),
        case("subtask_asked(key of other work)", |task| asks_for(task, "green", Some("red"))),
        case("subtask_asked too deep", |task| {
            task.depth = DEEPEST;
            asks_for(task, "green", None)
        }),
        case("subtask_asked too often", |task| {
            let known = Child { key: None, ..child(task, "old") };
            task.children = vec![known; MOST_SUBTASKS];
            asks_for(task, "green", None)
        }),
        case("subtask_asked after older ones", |task| {
            let known = Child { generation: 0, ended: Some(State::Completed), ..child(task, "old") };
            task.children = vec![known; MOST_SUBTASKS];
            asks_for(task, "green", None)
        }),
        case("child_ended(completed)", |_| child_ended("red", State::Completed)),
        case("child_ended(failed)", |_| child_ended("red", State::Failed)),
        case("child_ended(second)", |_| child_ended("blue", State::Cancelled)),
        case("child_reopened", |_| Event::ChildReopened { task: id("red") }),
        case("called_off(parent cancelled)", |_| Event::CalledOff { why: CallOff::ParentCancelled }),
        case("called_off(parent ended)", |_| Event::CalledOff { why: CallOff::ParentEnded }),
        case("called_off(by parent)", |_| Event::CalledOff { why: CallOff::ByParent }),
        case("turn_ended(two subtasks)", |task| turn_ended(own(task), "subtasks")),
        case("turn_ended(wake on subtasks)", |task| turn_ended(own(task), "wake when subtasks end")),
        case("turn_ended(wake on subtasks or at)", |task| {
            turn_ended(own(task), "wake when subtasks end or later")
        }),
        case("wake_asked(on subtasks)", |task| {
            let wake = Wake { at: None, when_subtasks_end: true, why: String::new(), follow_up: None };
            Event::WakeAsked { run: own(task), wake }
        }),
    ]
}

impl Life {
    fn begins(self, name: &str) -> Life {
        let event = asks_for(&mut self.0.clone(), name, Some(name));
        self.then(event)
    }
}

fn subtask() -> Life {
    let parent = Life::begin(&[], None).worker().running();
    Life(accept_subtask(id("calm-owl-101"), &parent.0, true, ACCEPTED).task)
}

fn wish(name: &str, key: Option<&str>) -> SubtaskWish {
    let brief = Some(format!("Paint it {name}"));
    SubtaskWish { id: Some(id(name)), brief, key: key.map(str::to_owned), ..SubtaskWish::default() }
}

fn asks_for(task: &mut Task, name: &str, key: Option<&str>) -> Event {
    Event::SubtaskAsked { run: own(task), wish: Box::new(wish(name, key)) }
}

fn child(task: &Task, name: &str) -> Child {
    let fingerprint = wish(name, None).fingerprint();
    Child { task: id(name), generation: task.generation, key: None, fingerprint, ended: None }
}

fn child_ended(name: &str, state: State) -> Event {
    Event::ChildEnded { task: id(name), state }
}

pub fn response(how: &str) -> Option<&'static str> {
    Some(match how {
        "subtasks" => {
            r#"{"status":"continue","subtasks":[{"brief":"Paint it red"},{"brief":"Paint it blue"}]}"#
        }
        "wake when subtasks end" => r#"{"status":"continue","wake":{"when_subtasks_end":true}}"#,
        "wake when subtasks end or later" => {
            r#"{"status":"continue","wake":{"when_subtasks_end":true,"after_s":3600}}"#
        }
        _ => return None,
    })
}

/// What the dispatcher does before it looks at a turn.
pub fn name_all(response: &mut Response) {
    for (n, wish) in response.subtasks.iter_mut().enumerate() {
        wish.id = Some(id(&format!("calm-owl-{}", 200 + n)));
    }
}

pub fn say_changes(before: &Task, after: &Task) -> Option<String> {
    if before.children == after.children {
        return None;
    }
    let name = |child: &Child| child.ended.map_or("open", State::name);
    let children: Vec<&str> = after.children.iter().map(name).collect();
    Some(format!("children={}", children.join("/")))
}
