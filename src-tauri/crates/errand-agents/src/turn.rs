//! What a worker is told at the beginning of a turn: as JSON for programs, as text for models.

use std::fmt::Write;

use errand_base::TaskId;
use errand_model::{Deed, Execution, ToolResult, TurnOutcome, TurnRecord};
use serde::Serialize;

use crate::tools;

/// Everything a turn needs; the process of the turn before is gone and nothing else is remembered for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Request {
    /// Counted up when an older worker could misunderstand it.
    pub protocol: u32,
    pub task: TaskId,
    /// From 1 on.
    pub turn: u32,
    /// As given, or what the worker made of it with `next_task`.
    pub brief: String,
    /// What happened since the last turn, if that matters: an interruption, a restart, the end of a sleep.
    pub note: Option<String>,
    pub previous_turns: Vec<TurnRecord>,
    /// What came of the tools that the turn before has called.
    pub tool_results: Vec<ToolResult>,
    pub answers: Vec<Answered>,
    /// What the person has written; new is what no turn has read before.
    pub messages: Vec<Written>,
    /// What was done outside, or may have been.
    pub effects: Vec<Deed>,
    /// What it has handed on, and what came of that so far.
    pub subtasks: Vec<Subtask>,
    pub limits: Limits,
    pub tools: Vec<Tool>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Written {
    pub text: String,
    pub new: bool,
}

/// A sub-task as its parent sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Subtask {
    pub task: TaskId,
    pub key: Option<String>,
    pub title: String,
    /// The name of its state; `removed` if its person has removed it.
    pub state: &'static str,
    /// What came of it in one line, or why it is in that state.
    pub outcome: String,
    /// What it handed over, or how it came to a bad end. A long one ends with `…`.
    pub report: Option<String>,
    /// It was asked for before this task was opened again.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub earlier: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answered {
    pub question: String,
    pub answer: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// This one included.
    pub turns_left: u32,
    pub turn_s: u64,
    pub stall_s: u64,
}

/// A way to act on the world, and whether this run has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tool {
    pub name: &'static str,
    pub available: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub does: Option<&'static str>,
    /// Of those that are called with `tool_calls` in the response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arguments: Option<&'static str>,
}

impl Tool {
    pub(crate) fn here(name: &'static str, does: &'static str, arguments: Option<&'static str>) -> Tool {
        Tool { name, available: true, reason: None, does: Some(does), arguments }
    }

    pub(crate) fn missing(name: &'static str, reason: &'static str) -> Tool {
        Tool { name, available: false, reason: Some(reason), does: None, arguments: None }
    }
}

impl Request {
    pub const PROTOCOL: u32 = 1;

    /// `no_subtasks`: why there can be no more of those.
    pub fn tools(execution: &Execution, no_subtasks: Option<&'static str>) -> Vec<Tool> {
        tools::catalogue(execution, no_subtasks)
    }

    pub(crate) fn prompt(&self) -> String {
        let mut text = format!("# Task\n\n{}\n", self.brief.trim());
        if let Some(note) = &self.note {
            write!(text, "\n# First\n\n{note}\n").ok();
        }
        if !self.previous_turns.is_empty() {
            text.push_str("\n# Earlier turns\n\n");
        }
        for turn in &self.previous_turns {
            let summary = match (turn.summary.trim(), turn.outcome) {
                ("", TurnOutcome::NoOp) => "nothing to tell",
                ("", TurnOutcome::Meaningful | TurnOutcome::Escalation) => "no summary",
                (summary, _) => summary,
            };
            writeln!(text, "- turn {}: {summary}", turn.turn).ok();
        }
        if !self.tool_results.is_empty() {
            text.push_str("\n# What came of your tool calls\n\n");
        }
        for result in &self.tool_results {
            let how = if result.ok { "" } else { " failed" };
            let fence = errand_model::fence_for(&result.output);
            let output = result.output.trim_end();
            writeln!(text, "- {} {}{how}\n\n{fence}\n{output}\n{fence}\n", result.name, result.id).ok();
        }
        if !self.answers.is_empty() {
            text.push_str("\n# Answers\n\n");
        }
        for answered in &self.answers {
            writeln!(text, "- {}\n  {}", answered.question.trim(), answered.answer.trim()).ok();
        }
        if self.messages.iter().any(|message| message.new) {
            text.push_str("\n# New from the person\n\n");
        }
        for message in self.messages.iter().filter(|message| message.new) {
            writeln!(text, "- {}", message.text.trim()).ok();
        }
        if !self.effects.is_empty() {
            text.push_str("\n# Done outside so far\n\n");
        }
        for deed in &self.effects {
            writeln!(text, "- {} ({})", deed.what.trim(), deed.state.name()).ok();
        }
        self.say_subtasks(&mut text);
        write!(text, "\nThis is turn {}; {} are left.\n", self.turn, self.limits.turns_left).ok();
        text
    }

    fn say_subtasks(&self, text: &mut String) {
        if !self.subtasks.is_empty() {
            text.push_str("\n# Sub-tasks\n\n");
        }
        for subtask in &self.subtasks {
            let earlier = if subtask.earlier { ", before this task was opened again" } else { "" };
            let state = subtask.state.replace('_', " ");
            writeln!(text, "- {} ({}{earlier}): {state}", subtask.title.trim(), subtask.task).ok();
            let said = subtask.report.as_deref().unwrap_or(&subtask.outcome);
            for line in said.trim().lines() {
                writeln!(text, "  {line}").ok();
            }
        }
    }
}
