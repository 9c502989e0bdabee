//! One task as a person reads it.

mod approval;
#[cfg(test)]
pub mod samples;
#[cfg(test)]
mod tests;

use errand_wire::{
    ArtifactView, AskMode, Cleanup, FieldKind, FieldView, OwnFolderView, Phase, QuestionView, RunView,
    TaskView, TimelineRow, ToolRules, Unattended,
};

use super::time::{Now, absolute, elapsed, relative};
use super::{
    ASKS, Look, QUIET, STRONG, clean, clean_block, clip_to, columns, deliveries, paint, state, timeline,
};

/// Of program output the end says most, and this much of it fits beside the rest.
const LAST_LINES: usize = 20;
const LAST_CHANGES: usize = 5;
const LAST_TOLD: usize = 3;

pub fn card(task: &TaskView, history: &[TimelineRow], look: Look, now: &Now) -> String {
    let mut parts = vec![head(task, look, now)];
    parts.extend(task.questions.iter().filter(|q| q.state == "open").map(|q| question(task, q, look, now)));
    parts.push(facts(task, look, now));
    parts.extend((!task.subtasks.is_empty()).then(|| subtasks(task, look)));
    parts.extend(task.artifact.as_ref().map(|artifact| result(task, artifact, look, now)));
    if !history.is_empty() {
        let last = &history[history.len().saturating_sub(LAST_CHANGES)..];
        let rows = last.iter().map(|row| indent(&timeline::row(row, narrower(look), now)));
        let rows: Vec<String> = std::iter::once(paint(look, STRONG, "History")).chain(rows).collect();
        parts.push(rows.join("\n"));
    }
    parts.join("\n\n") + "\n"
}

fn head(task: &TaskView, look: Look, now: &Now) -> String {
    let title = clip_to(
        &clean(&task.title),
        Look { width: look.width.map(|w| w.saturating_sub(columns(task.id.as_str()) + 2)), ..look },
    );
    let mut lines = vec![format!("{}  {title}", paint(look, STRONG, task.id.as_str())).trim_end().to_owned()];
    let gaps = if task.with_gaps { ", with gaps" } else { "" };
    let archived = if task.archived_at.is_some() { ", archived" } else { "" };
    let label = format!("{}{gaps}{archived}", state::label(task.state, &task.holds));
    let since = relative(task.ended_at.unwrap_or(task.updated_at), now);
    lines.push(format!(
        "{}  {}",
        paint(look, state::style(task.state, &task.holds), &label),
        paint(look, QUIET, &since)
    ));
    let mut say = |text: &str| {
        let text = clean(text);
        if !text.is_empty() {
            lines.push(text);
        }
    };
    say(&task.reason.text);
    let paused = if state::is_paused(task.state, &task.holds) {
        state::why_paused(&task.holds)
    } else {
        String::new()
    };
    say(&paused);
    // The engine's reason to wait often is one of the two that stand there already.
    if let Some(why) =
        task.why_waiting.as_ref().filter(|why| **why != task.reason.text && !paused.contains(*why))
    {
        say(why);
    }
    lines.join("\n")
}

/// A question with the exact commands that answer it, ready to be copied.
pub fn question(task: &TaskView, question: &QuestionView, look: Look, now: &Now) -> String {
    let title = format!("Question {}", question.id);
    let mut lines = vec![format!(
        "{}  {}",
        paint(look, ASKS, &title),
        paint(look, QUIET, &relative(question.asked_at, now))
    )];
    lines.extend(clean_block(&question.text).trim_end().lines().map(indent));
    // Of a sub-task: answered there, whatever else is open above it.
    let of_subtask = question.task.as_ref().and_then(|task| Some((task, question.id.rsplit_once('/')?.1)));
    let several = task.questions.iter().filter(|q| q.state == "open" && q.task.is_none()).count() > 1;
    let (id, which) = match of_subtask {
        Some((task, n)) => (task, format!(" --question {n}")),
        None if several || task.questions.iter().any(|q| q.task.is_some()) => {
            (&task.id, format!(" --question {}", question.id))
        }
        None => (&task.id, String::new()),
    };
    if let Some(asked) = &question.approval {
        let answer = format!("errand answer {id}{which}");
        lines.extend(approval::lines(question, asked, &answer, look));
        return lines.join("\n");
    }
    if !question.fields.is_empty() {
        lines.extend(question.fields.iter().map(|field| indent(&about_field(field, look))));
        let fields = question.fields.iter().map(|field| {
            let value = if field.secret { "-" } else { "VALUE" };
            format!("--field {}={value}", shell_word(&clean(&field.name)))
        });
        let fields: Vec<String> = fields.collect();
        lines.push(indent(&format!("errand answer {}{which} {}", task.id, fields.join(" "))));
        return lines.join("\n");
    }
    if question.options.is_empty() {
        lines.push(indent(&format!("errand answer {id}{which} 'YOUR ANSWER'")));
        return lines.join("\n");
    }
    let command = |name: &str| format!("errand answer {id}{which} --choose {}", shell_word(&clean(name)));
    let width = question.options.iter().map(|option| columns(&command(&option.name))).max().unwrap_or(0);
    for option in &question.options {
        let command = command(&option.name);
        let blank = " ".repeat(width - columns(&command) + 2);
        lines.push(indent(&format!("{command}{blank}{}", paint(look, QUIET, &clean(&option.label)))));
    }
    if question.open {
        lines.push(indent(&format!("errand answer {id}{which} 'ANOTHER ANSWER'")));
    }
    lines.join("\n")
}

/// "port  The port (whole number, 1 to 65535, usually 22)"
fn about_field(field: &FieldView, look: Look) -> String {
    let mut about = Vec::new();
    match field.kind {
        FieldKind::Text => {}
        FieldKind::Integer => about.push("whole number".to_owned()),
        FieldKind::Number => about.push("number".to_owned()),
        FieldKind::Flag => about.push("yes or no".to_owned()),
    }
    match (field.min, field.max) {
        (Some(min), Some(max)) => about.push(format!("{min} to {max}")),
        (Some(min), None) => about.push(format!("at least {min}")),
        (None, Some(max)) => about.push(format!("at most {max}")),
        (None, None) => {}
    }
    if !field.options.is_empty() {
        about.push(field.options.join(" / "));
    }
    about.extend(field.secret.then(|| "secret".to_owned()));
    about.extend((field.required == Some(false)).then(|| "may be left out".to_owned()));
    about.extend(field.default.as_ref().map(|value| format!("usually {value}")));
    let label = if field.label == field.name { String::new() } else { format!("  {}", clean(&field.label)) };
    let about = if about.is_empty() { String::new() } else { format!("  ({})", clean(&about.join(", "))) };
    format!("{}{label}{}", clean(&field.name), paint(look, QUIET, &about))
}

fn facts(task: &TaskView, look: Look, now: &Now) -> String {
    let mut rows: Vec<(&str, String)> = Vec::new();
    let mut add = |name, value: String| {
        if !value.is_empty() {
            rows.push((name, value));
        }
    };
    // The first line is the title already, unless there is another title.
    let brief = task.brief.as_deref().unwrap_or_default().trim();
    add("Brief", if brief == task.title { String::new() } else { brief.replace('\n', " ") });
    add("Command", task.command.clone());
    add("Agent", if task.agent == "script" { String::new() } else { task.agent.clone() });
    add("Folder", format!("{}{}", task.cwd, if task.exclusive { ", for itself alone" } else { "" }));
    if let Some(own) = &task.own_folder {
        add("Own folder", if own.path == task.cwd { String::new() } else { own.path.clone() });
        add("Attached", own.attachments.clone().unwrap_or_default());
        add("Clean-up", about_cleanup(own));
    }
    add("Isolation", task.isolation.text.clone());
    if let Some(rules) = &task.tool_rules {
        add("Tool calls", about_rules(rules));
        rules.allow.iter().for_each(|rule| add("Allowed", rule.clone()));
    }
    for secret in &task.secrets {
        add("Secret", format!("{} is the credential {}", secret.variable, secret.credential));
    }
    for around in &task.around {
        add(
            match around.part.as_str() {
                "preflight" => "Needs",
                "before_run" => "Before",
                "stop_check" => "Checks",
                _ => "Afterwards",
            },
            around.command.clone(),
        );
    }
    add("Made", format!("{} by {}", absolute(task.created_at, now), task.origin));
    add("Belongs to", task.parent.clone().unwrap_or_default());
    add(
        "Starts",
        task.start_at.map(|at| format!("{} ({})", absolute(at, now), relative(at, now))).unwrap_or_default(),
    );
    add("After", task.after.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
    add("Run", task.run.as_ref().map(|run| about_run(run, now)).unwrap_or_default());
    for effect in &task.effects {
        add("Outside", format!("{}: {}", effect.state, effect.what));
    }
    add("Labels", task.labels.join(", "));
    if task.priority != errand_wire::Priority::Normal {
        add("Priority", name_of(&task.priority));
    }
    add(
        "Time limit",
        task.timeout_ms
            .map(|ms| errand_base::say_duration(std::time::Duration::from_millis(ms)))
            .unwrap_or_default(),
    );
    for told in task.deliveries.iter().rev().take(LAST_TOLD) {
        add("Told", deliveries::line(told, now));
    }
    let width = rows.iter().map(|(name, _)| columns(name)).max().unwrap_or(0);
    let lines: Vec<String> = rows
        .iter()
        .map(|(name, value)| {
            let blank = " ".repeat(width - columns(name) + 2);
            format!("{}{blank}{}", paint(look, QUIET, name), clean(value))
        })
        .collect();
    lines.join("\n")
}

/// "allowlist, asks on miss; refused while nobody is there"
fn about_rules(rules: &ToolRules) -> String {
    let asks = match rules.ask {
        AskMode::Off => "never asks",
        AskMode::OnMiss => "asks on a miss",
        AskMode::Always => "always asks",
    };
    let unattended = match rules.unattended {
        Unattended::Park => "",
        Unattended::Deny => "; instead of asking, refuses",
        Unattended::Grants => "; instead of asking, refuses what no grant allows",
    };
    format!("{}, {asks}{unattended}", name_of(&rules.security))
}

/// Each below the task that has asked for it.
fn subtasks(task: &TaskView, look: Look) -> String {
    let mut lines = vec![paint(look, STRONG, "Sub-tasks")];
    for subtask in &task.subtasks {
        let blank = "  ".repeat(subtask.level as usize);
        let label = state::label(subtask.state, &[]);
        let rest = clip_to(
            &clean(&format!("{}: {}", subtask.title, subtask.outcome)),
            Look {
                width: look.width.map(|width| {
                    width.saturating_sub(blank.len() + columns(subtask.id.as_str()) + columns(&label) + 4)
                }),
                ..look
            },
        );
        let label = paint(look, state::style(subtask.state, &[]), &label);
        lines.push(format!("{blank}{}  {label}  {rest}", subtask.id));
    }
    lines.join("\n")
}

fn about_cleanup(own: &OwnFolderView) -> String {
    let why = own.error.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    match own.cleanup {
        Cleanup::None => String::new(),
        Cleanup::Pending => "its folder is being removed".into(),
        Cleanup::Removed => "its folder is removed".into(),
        Cleanup::Failed => format!("its folder could not be removed{why}"),
    }
}

fn about_run(run: &RunView, now: &Now) -> String {
    let mut parts = vec![format!("{}", run.n)];
    match (run.phase, run.ended_at) {
        (Phase::Over, Some(ended)) => parts.push(format!("took {}", elapsed(run.started_at, ended))),
        (Phase::Over, None) => parts.push("over".into()),
        (Phase::Starting, _) => parts.push("starting".into()),
        (Phase::Executing, _) => parts.push(format!("for {}", elapsed(run.started_at, now.at))),
        (Phase::Ending, _) => parts.push("ending".into()),
    }
    parts.extend(run.exit_code.map(|code| format!("exit code {code}")));
    parts.extend(run.exit_signal.map(|signal| format!("ended by signal {signal}")));
    parts.extend(run.pid.filter(|_| run.phase != Phase::Over).map(|pid| format!("process {pid}")));
    // What it was last known to do is of no interest once it is over.
    if run.phase != Phase::Over && !run.checkpoint.is_empty() {
        parts.push(run.checkpoint.clone());
    }
    parts.join(", ")
}

fn result(task: &TaskView, artifact: &ArtifactView, look: Look, now: &Now) -> String {
    let title = if artifact.outcome.is_empty() { "Result" } else { artifact.outcome.as_str() };
    let when = paint(look, QUIET, &relative(artifact.at, now));
    let mut out = vec![format!("{}  {when}", paint(look, STRONG, &clean(title)))];
    let report = clean_block(&artifact.report);
    let lines: Vec<&str> = report.trim_end().lines().collect();
    let left_out = if artifact.format == "text" { lines.len().saturating_sub(LAST_LINES) } else { 0 };
    if left_out > 0 {
        let count = if left_out == 1 { "1 line".to_owned() } else { format!("{left_out} lines") };
        out.push(indent(&paint(
            look,
            QUIET,
            &format!("… {count} before; `errand log {}` shows all", task.id),
        )));
    }
    out.extend(lines[left_out..].iter().copied().map(indent));
    if !artifact.verification.is_empty() {
        out.push(String::new());
    }
    for check in &artifact.verification {
        let mark = if check.met { "✓" } else { "✗" };
        let note = check.note.as_deref().map(|note| format!(": {note}")).unwrap_or_default();
        out.push(indent(&clean(&format!("{mark} {}{note}", check.what))));
    }
    out.join("\n")
}

fn indent(line: &str) -> String {
    if line.is_empty() { String::new() } else { format!("  {line}") }
}

fn narrower(look: Look) -> Look {
    Look { width: look.width.map(|width| width.saturating_sub(2)), ..look }
}

/// As a shell needs it to be one word.
fn shell_word(text: &str) -> String {
    let plain =
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c));
    if plain { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

pub fn name_of<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}
