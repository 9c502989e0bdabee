//! A request of a worker as a person reads it, and the commands that decide about it.

use errand_wire::{ApprovalView, Binding, FileAction, QuestionView, Risk};

use super::{columns, indent, paint, shell_word};
use crate::render::{ASKS, Look, QUIET, STRONG, clean};

/// Of one diff; `--json` has all of it.
const MOST_LINES: usize = 60;

/// `answer`: the command up to the decision.
pub(super) fn lines(
    question: &QuestionView,
    approval: &ApprovalView,
    answer: &str,
    look: Look,
) -> Vec<String> {
    let mut lines = Vec::new();
    let mut fact = |name: &str, value: &str| {
        let blank = " ".repeat(8_usize.saturating_sub(columns(name)));
        lines.push(indent(&format!("{}{blank}{}", paint(look, QUIET, name), clean(value))));
    };
    if let Some(command) = &approval.command {
        fact("Runs", &command.line);
        fact("In", &command.cwd);
        command.programs.iter().for_each(|program| fact("With", program));
    }
    fact("Why", &approval.why);
    if approval.risk == Risk::High {
        fact("Risk", "high");
    }
    if approval.binding == Binding::Checked {
        fact("Note", "its agent does this by itself");
    }
    for file in &approval.files {
        let action = match file.action {
            FileAction::Create => "new file",
            FileAction::Modify => "changed",
            FileAction::Delete => "removed",
        };
        let path = paint(look, STRONG, &clean(&file.path));
        lines.push(indent(&format!("{path}  {}", paint(look, QUIET, action))));
        let diff: Vec<&str> = file.diff.lines().collect();
        lines.extend(diff.iter().take(MOST_LINES).map(|line| format!("    {}", clean_line(line))));
        if diff.len() > MOST_LINES || file.cut {
            lines.push(indent(&paint(look, QUIET, "  … the rest is left out")));
        }
    }
    if let Some(arguments) = &approval.arguments {
        lines.extend(arguments.lines().map(|line| format!("    {}", clean_line(line))));
    }
    if question.state != "open" {
        return lines;
    }
    let mut commands = vec![(format!("{answer} --approve"), String::new())];
    if let Some(covers) = &approval.covers {
        commands.push((format!("{answer} --approve --for task"), format!("for {covers}")));
    }
    commands.push((format!("{answer} --deny --reason 'WHY'"), String::new()));
    if let [_, other, ..] = approval.files.as_slice() {
        let file = shell_word(&format!("{}=deny", clean(&other.path)));
        commands.push((format!("{answer} --approve --file {file}"), "one by one".to_owned()));
    }
    if approval.alike > 0 {
        let tasks = if approval.alike == 1 {
            "1 other task asks".to_owned()
        } else {
            format!("{} other tasks ask", approval.alike)
        };
        lines.push(indent(&paint(look, ASKS, &format!("{tasks} the same; --alike decides for all"))));
    }
    let width = commands.iter().map(|(command, _)| columns(command)).max().unwrap_or(0);
    for (command, note) in commands {
        let blank = " ".repeat(width - columns(&command) + 2);
        lines.push(indent(format!("{command}{blank}{}", paint(look, QUIET, &clean(&note))).trim_end()));
    }
    lines
}

/// The blanks at its beginning say where a line stands.
fn clean_line(line: &str) -> String {
    let sign: String = line.chars().take_while(|sign| "+- \t".contains(*sign)).collect();
    let rest = &line[sign.len()..];
    format!("{}{}", sign.replace('\t', "    "), clean(rest))
}
