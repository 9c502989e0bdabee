//! What a step does, in the words of the table.

use errand_model::*;

use super::{children, snake};

pub fn say_effect(effect: &Effect, task: &Task) -> Option<String> {
    Some(match effect {
        Effect::Spawn { .. } => "spawn".into(),
        Effect::Prompt { .. } => "prompt".into(),
        Effect::Linger { .. } => "linger".into(),
        Effect::Yield { .. } => "yield".into(),
        Effect::Take { .. } => "take".into(),
        Effect::End { .. } => "end".into(),
        Effect::Free { .. } => "free".into(),
        Effect::Ask(question) => {
            let choices: Vec<&str> = question.choices.iter().map(|choice| choice.name()).collect();
            let options: Vec<&str> = question.options.iter().map(String::as_str).collect();
            let open: &[&str] = if question.open { &["…"] } else { &[] };
            format!("ask({})", [choices.as_slice(), options.as_slice(), open].concat().join("/"))
        }
        Effect::Decide { verdicts, .. } => {
            let verdicts: Vec<String> = verdicts.iter().map(snake).collect();
            format!("decide({})", verdicts.join("/"))
        }
        Effect::UseGrant { grant } => format!("use_grant({grant})"),
        Effect::Grant(grant) => format!("grant({})", grant.rule),
        Effect::Settle { choice: Some(choice), .. } => format!("settle({choice})"),
        Effect::Settle { choice: None, .. } => "withdraw".into(),
        Effect::File(artifact) => format!("file({})", if artifact.notify { "notify" } else { "quiet" }),
        Effect::KeepTurn(turn) => format!("turn({})", turn.outcome.name()),
        Effect::BeginSubtask(_) => "begin_subtask".into(),
        Effect::Deliver(kind) => format!("deliver({})", kind.name()),
        Effect::TellDependents => "tell".into(),
        Effect::Record(Transition { subject: Subject::Run(_), from, to, .. }) => format!("run({from}→{to})"),
        // The usual row of the task's timeline; `properties.rs` sees to it that there is one.
        Effect::Record(Transition { subject: Subject::Task, to, .. }) if *to == task.state.name() => {
            return None;
        }
        Effect::Record(Transition { subject: Subject::Task, from, to, .. }) => format!("task({from}→{to})"),
        Effect::Record(Transition { subject: Subject::Question(_), .. }) => return None,
    })
}

/// What changed apart from what the effects say.
pub fn say_changes(before: &Task, after: &Task) -> Vec<String> {
    let mut words = Vec::new();
    let stage = |task: &Task| task.run.as_ref().map(|run| run.stage);
    if stage(after) == Some(Stage::Ending) && stage(before) != stage(after) {
        words.push("ending".into());
    }
    for timer in before.timers.iter().filter(|timer| !after.timers.contains(timer)) {
        words.push(format!("-timer({})", snake(&timer.kind)));
    }
    for timer in after.timers.iter().filter(|timer| !before.timers.contains(timer)) {
        words.push(format!("+timer({})", snake(&timer.kind)));
    }
    for hold in Hold::ALL {
        match (before.holds.contains(hold), after.holds.contains(hold)) {
            (false, true) => words.push(format!("+hold({})", snake(&hold))),
            (true, false) => words.push(format!("-hold({})", snake(&hold))),
            (true, true) | (false, false) => {}
        }
    }
    for (old, new) in before.after.iter().zip(&after.after).filter(|(old, new)| old != new) {
        match (new.waived, new.ended) {
            (true, _) if !old.waived => words.push("waived".into()),
            (_, Some(state)) => words.push(format!("after({state})")),
            (_, None) => words.push("after(open)".into()),
        }
    }
    words.extend(children::say_changes(before, after));
    let (old, new) = (&before.talk, &after.talk);
    for (name, old, new) in [
        ("turns", old.turns, new.turns),
        ("stalls", old.stalls, new.stalls),
        ("interruptions", old.interruptions, new.interruptions),
        ("wakes", old.wakes, new.wakes),
    ] {
        if old != new {
            words.push(format!("{name}={new}"));
        }
    }
    let deeds = |talk: &Talk| talk.effects.iter().map(|deed| deed.state.name()).collect::<Vec<_>>();
    if deeds(old) != deeds(new) {
        words.push(format!("deeds={}", deeds(new).join("/")));
    }
    let unread = |talk: &Talk| talk.messages.iter().filter(|message| !message.read).count();
    if unread(old) != unread(new) {
        words.push(format!("unread={}", unread(new)));
    }
    let consents = |talk: &Talk| {
        let consents = &talk.consents;
        [consents.approved.len(), consents.denied.len(), consents.once.len()]
    };
    if consents(old) != consents(new) {
        let [approved, denied, once] = consents(new);
        words.push(format!("consents={approved}/{denied}/{once}"));
    }
    if old.awaits != new.awaits {
        words.push(format!("awaits={}", new.awaits));
    }
    if new.note.is_some() && old.note != new.note {
        words.push("note".into());
    }
    if before.failures != after.failures {
        words.push(format!("failures={}", after.failures));
    }
    if before.generation != after.generation {
        words.push(format!("generation={}", after.generation));
    }
    words
}
