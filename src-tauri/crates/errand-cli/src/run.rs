//! `errand run`: hand over, and stay if asked to.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Read};
use std::path::PathBuf;

use errand_api::client::Client;
use errand_base::{Code, Fault};
use errand_os::Staged;
use errand_wire::{
    Limits, RunReply, RunTask, TaskView, TurnLimitsGiven, WaitEnd, WaitReply, WaitTasks, command,
};
use serde_json::Value;

use crate::args::Run;
use crate::commands::wait::{Verdict, verdict};
use crate::environment::{self, Variables};
use crate::follow::{self, Shown, Waited};
use crate::output::{self, End, Stop};
use crate::parse;
use crate::render;
use crate::session::{Session, ask};
use crate::start;

/// More than this is not a brief any more; it belongs into a file that the brief names.
const LONGEST_BRIEF: u64 = 4 * 1024 * 1024;

/// What a shell reports for a program that was interrupted.
const INTERRUPTED: u8 = 130;

pub async fn run(session: &Session, typed: Run) -> End {
    let wait = typed.wait;
    let attach = typed.attach.clone();
    // All that can be wrong with what was typed is found before an engine is started for it.
    let task = request(typed, &environment::own(), read_brief)?;
    let (client, raw, reply) = hand_over(session, task, &attach).await?;
    if wait {
        return stay(session, &client, &reply).await;
    }
    if session.json {
        output::document(&raw)?;
    } else {
        output::line(reply.id.as_str())?;
        remarks(&reply);
    }
    Ok(0)
}

/// An engine that leaves between the request and its answer may have written the task down or not. A key makes
/// it safe to ask again; without one the person is told what to look at.
async fn hand_over(
    session: &Session,
    mut task: RunTask,
    attach: &[PathBuf],
) -> Result<(Client, Value, RunReply), Fault> {
    let client = start::engine(session).await?;
    let staged = stage(session, &mut task, attach)?;
    let lost = match ask::<command::Run>(&client, task.clone()).await {
        Ok((raw, reply)) => return Ok((client, raw, reply)),
        Err(fault) if fault.code == Code::EngineUnreachable => fault,
        Err(fault) => return Err(fault),
    };
    if task.key.is_none() {
        return Err(
            lost.hint("It may have taken the task or not: `errand start`, then `errand list` shows it.")
        );
    }
    let client = start::engine(session).await?;
    // The engine before may have taken the copies.
    drop(staged);
    let staged = stage(session, &mut task, attach)?;
    let (raw, reply) = ask::<command::Run>(&client, task).await?;
    drop(staged);
    Ok((client, raw, reply))
}

/// Copies what is to be attached. That comes after the start of an engine, which removes copies that nobody works on.
fn stage(session: &Session, task: &mut RunTask, attach: &[PathBuf]) -> Result<Option<Staged>, Fault> {
    if attach.is_empty() {
        return Ok(None);
    }
    let staged = errand_api::attach::stage(&session.home, attach)?;
    task.staged = Some(staged.name().to_owned());
    Ok(Some(staged))
}

fn remarks(reply: &RunReply) {
    if reply.duplicate {
        output::note("note: this key was used before; this is the task of that time");
    }
    for note in &reply.notes {
        output::note(&format!("note: {}", render::clean(note)));
    }
}

fn request(typed: Run, own: &Variables, brief: impl Fn() -> Result<String, Fault>) -> Result<RunTask, Fault> {
    let program = !typed.program.is_empty();
    let given = match (program, typed.brief.as_slice()) {
        (true, []) => None,
        (false, []) => {
            return Err(Fault::new(Code::BadUsage, "There is nothing to run.")
                .hint("`errand run -- PROGRAM ARGS` hands over a program."));
        }
        (_, [dash]) if dash == "-" => Some(brief()?),
        (_, words) => Some(words.join(" ")),
    };
    if given.as_ref().is_some_and(|brief| brief.trim().is_empty()) {
        return Err(Fault::new(Code::BadUsage, "The brief is empty."));
    }
    let cwd = match (&typed.cwd, program && !typed.managed) {
        (Some(folder), _) => Some(parse::absolute(folder)?),
        (None, true) => Some(parse::current_folder()?),
        // A brief without a folder works in one that the engine makes for it.
        (None, false) => None,
    };
    let env = if program {
        environment::for_program(own, &typed.env)?
    } else {
        environment::named(own, &typed.env)?
    };
    Ok(RunTask {
        argv: program.then_some(typed.program),
        line: None,
        brief: given,
        agent: typed.agent,
        title: typed.title,
        cwd,
        env,
        secrets: secrets(typed.secrets)?,
        at: typed.at,
        after: typed.after,
        labels: typed.labels,
        checks: typed.checks,
        no_folder_file: typed.no_folder_file,
        priority: typed.priority,
        key: typed.key,
        timeout_ms: typed.timeout,
        retries: typed.retries,
        notify: typed.notify,
        turns: Some(TurnLimitsGiven {
            most: typed.turns,
            each_ms: typed.turn_limit,
            stall_ms: typed.stall,
            restarts: None,
        })
        .filter(|given| *given != TurnLimitsGiven::default()),
        limits: Limits {
            isolate: typed.limits.isolate,
            workspace: typed.limits.workspace,
            network: typed.limits.network,
            memory_bytes: typed.limits.memory,
            cpu_ms: typed.limits.cpu,
            processes: typed.limits.processes,
            security: typed.limits.security,
            ask: typed.limits.ask,
            unattended: typed.limits.unattended,
        },
        allow: typed.limits.allow,
        exclusive: typed.exclusive,
        managed: typed.managed,
        staged: None,
    })
}

fn secrets(typed: Vec<(String, String)>) -> Result<BTreeMap<String, String>, Fault> {
    let mut secrets = BTreeMap::new();
    for (variable, name) in typed {
        if secrets.contains_key(&variable) {
            return Err(Fault::new(Code::BadUsage, format!("--secret gives {variable} twice.")));
        }
        secrets.insert(variable, name);
    }
    Ok(secrets)
}

pub(crate) fn read_brief() -> Result<String, Fault> {
    let mut bytes = Vec::new();
    let bad = |message: &str| Fault::new(Code::BadUsage, message);
    std::io::stdin()
        .take(LONGEST_BRIEF + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| bad(&format!("Standard input cannot be read: {error}.")))?;
    if bytes.len() as u64 > LONGEST_BRIEF {
        return Err(bad("The brief on standard input is larger than 4 MiB.")
            .hint("Put it into a file and name the file in the brief."));
    }
    String::from_utf8(bytes).map_err(|_| bad("The brief on standard input is not valid UTF-8."))
}

async fn stay(session: &Session, client: &Client, handed_over: &RunReply) -> End {
    let id = handed_over.id.as_str();
    output::note(id);
    let shown = match (session.json, std::io::stderr().is_terminal()) {
        (true, _) => Shown::Nothing,
        (false, true) => Shown::Live(output::stderr_look()),
        (false, false) => Shown::Lines,
    };
    if !session.json {
        remarks(handed_over);
    }
    let params = WaitTasks { tasks: vec![id.into()], timeout_ms: None, through_questions: false };
    match follow::wait(client, params, shown).await {
        Ok(Waited::Detached) => detached(id),
        Ok(Waited::Reply(raw, reply)) => {
            if session.json {
                output::document(&raw)?;
            } else {
                report(&reply)?;
            }
            let verdict = verdict(&reply);
            if reply.end == WaitEnd::NeedsYou && !session.json {
                needs_you(&reply);
            }
            Ok(verdict.exit())
        }
        Err(fault) if fault.code == Code::EngineUnreachable => Err(fault
            .hint(format!("The task is kept. Start Errand again and use `errand wait {id}`."))
            .into()),
        Err(fault) => Err(fault.into()),
    }
}

pub fn detached(ids: &str) -> End {
    output::note(&format!("still running; `errand wait {ids}` waits again"));
    Ok(INTERRUPTED)
}

/// The report on standard output and nothing else, so that it can be read by the next program; what came of it
/// is said beside it unless it is plain success.
fn report(reply: &WaitReply) -> Result<(), Stop> {
    let look = output::look();
    for task in reply.tasks.iter().filter(|task| task.state.is_final()) {
        let report = task.artifact.as_ref().map(|artifact| artifact.report.as_str()).unwrap_or_default();
        let report = render::output_for(report, look);
        if !report.is_empty() {
            output::text(&report)?;
            if !report.ends_with('\n') {
                output::text("\n")?;
            }
        }
        if verdict(reply) == Verdict::NotCompleted || task.with_gaps {
            output::note(&outcome(task));
        }
    }
    Ok(())
}

fn outcome(task: &TaskView) -> String {
    let gaps = if task.with_gaps { ", with gaps" } else { "" };
    let why =
        task.artifact.as_ref().map(|artifact| artifact.outcome.as_str()).filter(|text| !text.is_empty());
    let why = why.unwrap_or(&task.reason.text);
    render::clean(&format!("{} {}{gaps}: {why}", task.id, render::state::word(task.state)))
}

pub fn needs_you(reply: &WaitReply) {
    let look = output::stderr_look();
    for task in &reply.tasks {
        for question in task.questions.iter().filter(|question| question.state == "open") {
            let text = render::card::question(task, question, look, &crate::session::now());
            output::note(&format!(
                "{} needs you\n{text}",
                render::paint(look, render::STRONG, task.id.as_str())
            ));
        }
    }
}

#[cfg(test)]
mod tests;
