//! Commands that change tasks.

use std::collections::BTreeMap;

use errand_api::client::Client;
use errand_base::{Code, Fault};
use errand_wire::{
    AnswerQuestion, ArchiveTasks, CancelTasks, Changed, Command, Decision, DeleteTasks, EditTask,
    MessageMode, PauseTasks, RetryTask, Scope, Surface, TaskRef, TaskView, Verdict, WireError, WriteTo,
    command,
};
use serde_json::Value;

use crate::args::{Answer, Archive, Cancel, Decide, Delete, Message, Set, Task, Which};
use crate::output::{self, End, Stop};
use crate::render;
use crate::session::{Session, ask};

use super::wait::said;

const HERE: Option<Surface> = Some(Surface::Terminal);

pub async fn answer(session: &Session, typed: Answer) -> End {
    let (fields, typed_here) = values(&typed.fields)?;
    let choice = typed.choose.unwrap_or_else(|| typed.text.join(" "));
    // As `errand inbox` names it.
    let (task, question) = match (typed.task.rsplit_once('/'), typed.question) {
        (Some((task, question)), None) => (task.to_owned(), Some(question.to_owned())),
        (_, question) => (typed.task, question),
    };
    let client = session.connect().await?;
    if !typed_here.is_empty() || !choice.is_empty() {
        let (_, asking) = ask::<command::Show>(&client, TaskRef { task: task.clone() }).await?;
        refuse_secrets(&asking, question.as_deref(), &typed_here, !choice.is_empty())?;
    }
    let params =
        AnswerQuestion { task, question, choice, fields, decision: decision(typed.decide), surface: HERE };
    changed_one(session, ask::<command::Answer>(&client, params).await?)
}

/// What becomes of a request, if that is what was typed.
fn decision(typed: Decide) -> Option<Decision> {
    let verdict = match (typed.approve, typed.deny) {
        (true, _) => Verdict::Approve,
        (false, true) => Verdict::Deny,
        (false, false) => return None,
    };
    let scope = match (typed.reach, typed.until) {
        (Some(_), _) => Some(Scope::Task),
        (None, Some(_)) => Some(Scope::Until),
        (None, None) => None,
    };
    Some(Decision {
        verdict,
        scope,
        until: typed.until,
        reason: typed.reason,
        files: typed.files.into_iter().collect(),
        alike: typed.alike,
    })
}

/// The fields of an answer, and which of them stood in the command line.
fn values(given: &[String]) -> Result<(BTreeMap<String, String>, Vec<String>), Fault> {
    let mut fields = BTreeMap::new();
    let mut typed_here = Vec::new();
    for pair in given {
        let Some((name, value)) = pair.split_once('=') else {
            return Err(Fault::new(Code::BadUsage, format!("“{pair}” names a field and gives it no value."))
                .hint("Write --field NAME=VALUE."));
        };
        let value = if value == "-" {
            let mut line = String::new();
            let read = std::io::stdin().read_line(&mut line);
            read.map_err(|error| {
                Fault::new(Code::BadUsage, format!("Standard input could not be read: {error}."))
            })?;
            line.trim_end_matches(['\n', '\r']).to_owned()
        } else {
            typed_here.push(name.to_owned());
            value.to_owned()
        };
        if fields.insert(name.to_owned(), value).is_some() {
            return Err(Fault::new(Code::BadUsage, format!("“{name}” is given twice.")));
        }
    }
    Ok((fields, typed_here))
}

/// A command line can be read by others and stands in the history of a shell.
fn refuse_secrets(
    task: &TaskView,
    question: Option<&str>,
    typed_here: &[String],
    text: bool,
) -> Result<(), Fault> {
    let open = task.questions.iter().filter(|open| open.state == "open");
    let mut meant = open.filter(|open| question.is_none_or(|id| open.id.eq_ignore_ascii_case(id.trim())));
    let secret = meant.find_map(|open| {
        open.fields.iter().find(|field| field.secret && (text || typed_here.contains(&field.name)))
    });
    match secret {
        None => Ok(()),
        Some(field) => Err(Fault::new(Code::BadUsage, format!("“{}” is a secret.", field.name))
            .hint(format!("Give it on standard input: --field {}=-", field.name))),
    }
}

pub async fn retry(session: &Session, typed: Task) -> End {
    let client = session.connect().await?;
    changed_one(session, ask::<command::Retry>(&client, RetryTask { task: typed.task, surface: HERE }).await?)
}

pub async fn message(session: &Session, typed: Message) -> End {
    let client = session.connect().await?;
    let mode = match (typed.now, typed.replace) {
        (true, _) => MessageMode::Now,
        (false, true) => MessageMode::Replace,
        (false, false) => MessageMode::Next,
    };
    let params = WriteTo { task: typed.task, text: typed.text.join(" "), mode: Some(mode), surface: HERE };
    changed_one(session, ask::<command::Message>(&client, params).await?)
}

pub async fn set(session: &Session, typed: Set) -> End {
    let without_empty = |labels: Vec<String>| labels.into_iter().filter(|label| !label.is_empty()).collect();
    let params = EditTask {
        task: typed.task,
        title: typed.title,
        priority: typed.priority,
        notify: typed.notify,
        timeout_ms: typed.timeout,
        retries: typed.retries,
        turns: typed.turns,
        labels: typed.labels.map(without_empty),
    };
    let client = session.connect().await?;
    changed_one(session, ask::<command::Edit>(&client, params).await?)
}

fn changed_one(session: &Session, (raw, task): (Value, TaskView)) -> End {
    if session.json {
        output::document(&raw)?
    } else {
        output::line(&said(&task, output::look()))?
    }
    Ok(0)
}

pub async fn cancel(session: &Session, typed: Cancel) -> End {
    let client = session.connect().await?;
    let names = typed.tasks.clone();
    let params = CancelTasks { tasks: typed.tasks, reason: typed.reason, surface: HERE };
    let (raw, changed) = ask::<command::Cancel>(&client, params).await?;
    if session.json {
        output::document(&raw)?;
        return Ok(exit(&names, &changed));
    }
    say(&changed, &names, "cancelled")
}

pub async fn archive(session: &Session, typed: Archive) -> End {
    let client = session.connect().await?;
    let names = typed.tasks.clone();
    let params = ArchiveTasks { tasks: typed.tasks, restore: typed.restore, surface: HERE };
    let (raw, changed) = ask::<command::Archive>(&client, params).await?;
    if session.json {
        output::document(&raw)?;
        return Ok(exit(&names, &changed));
    }
    say(&changed, &names, if typed.restore { "taken out of the archive" } else { "archived" })
}

pub async fn delete(session: &Session, typed: Delete) -> End {
    let client = session.connect().await?;
    let names = typed.tasks.clone();
    let (raw, changed) = ask::<command::Delete>(&client, DeleteTasks { tasks: typed.tasks }).await?;
    if session.json {
        output::document(&raw)?;
        return Ok(exit(&names, &changed));
    }
    say(&changed, &names, "removed")
}

pub async fn pause(session: &Session, typed: Which) -> End {
    hold::<command::Pause>(session, typed, "paused").await
}

pub async fn resume(session: &Session, typed: Which) -> End {
    hold::<command::Resume>(session, typed, "resumed").await
}

async fn hold<C>(session: &Session, typed: Which, done: &str) -> End
where
    C: Command<Params = PauseTasks, Reply = Changed>,
{
    let client = session.connect().await?;
    if typed.all {
        let (raw, changed) = ask::<C>(&client, PauseTasks { task: None, all: true, surface: HERE }).await?;
        if session.json {
            output::document(&raw)?;
        } else {
            output::line(&format!("Everything is {done}."))?;
        }
        return Ok(exit(&[], &changed));
    }
    let changed = one_by_one::<C>(&client, &typed.tasks).await?;
    if session.json {
        output::document(&changed)?;
        return Ok(exit(&typed.tasks, &changed));
    }
    say(&changed, &typed.tasks, done)
}

/// The wire takes one task at a time here; a refusal of one does not keep the others from being changed.
async fn one_by_one<C>(client: &Client, tasks: &[String]) -> Result<Changed, Fault>
where
    C: Command<Params = PauseTasks, Reply = Changed>,
{
    let mut all = Changed { changed: Vec::new(), refused: BTreeMap::new() };
    for task in tasks {
        let params = PauseTasks { task: Some(task.clone()), all: false, surface: HERE };
        match client.call::<C>(params).await {
            Ok(one) => {
                all.changed.extend(one.changed);
                all.refused.extend(one.refused);
            }
            // Without a connection there is no point in asking for the next one.
            Err(fault) if fault.code.exit() == 5 => return Err(fault),
            Err(fault) => {
                all.refused.insert(task.clone(), WireError::from(fault));
            }
        }
    }
    Ok(all)
}

fn say(changed: &Changed, names: &[String], done: &str) -> Result<u8, Stop> {
    for id in &changed.changed {
        output::line(&format!("{id}  {done}"))?;
    }
    for (name, error) in &changed.refused {
        let mut fault = Fault::from(error.clone());
        if !fault.message.contains(name.as_str()) {
            fault.message = format!("{}: {}", render::clean(name), fault.message);
        }
        output::fault(&fault, false);
    }
    Ok(exit(names, changed))
}

/// 0 if nothing was refused, else the code of the first refusal in the order of the command line.
fn exit(names: &[String], changed: &Changed) -> u8 {
    let first =
        names.iter().find_map(|name| changed.refused.get(name)).or_else(|| changed.refused.values().next());
    first.map_or(0, |error| error.code.exit())
}

#[cfg(test)]
mod tests {
    use errand_base::Code;

    use super::*;

    #[test]
    fn the_first_refusal_on_the_line_gives_the_exit_code() {
        let error = |code| WireError::from(Fault::new(code, "m"));
        let refused =
            [("a".to_owned(), error(Code::IllegalState)), ("z".to_owned(), error(Code::TaskNotFound))];
        let changed = Changed { changed: Vec::new(), refused: refused.into() };
        let names = |names: [&str; 2]| names.map(String::from);
        assert_eq!(exit(&names(["z", "a"]), &changed), 4);
        assert_eq!(exit(&names(["a", "z"]), &changed), 6);
        assert_eq!(exit(&[], &changed), 6);
        assert_eq!(exit(&names(["a", "z"]), &Changed { changed: Vec::new(), refused: BTreeMap::new() }), 0);
    }
}
