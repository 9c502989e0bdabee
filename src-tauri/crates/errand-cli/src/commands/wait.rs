use std::io::IsTerminal;

use errand_base::{Code, Fault};
use errand_wire::{TaskState, TaskView, WaitEnd, WaitReply, WaitTasks};

use crate::args::Wait;
use crate::follow::{self, Shown, Waited};
use crate::output::{self, End};
use crate::render::{self, Look, card::name_of, state};
use crate::run::{detached, needs_you};
use crate::session::Session;

/// What a wait came to, as the exit code tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Completed,
    NotCompleted,
    NeedsYou,
    TimedOut,
}

impl Verdict {
    pub fn exit(self) -> u8 {
        match self {
            Verdict::Completed => 0,
            Verdict::NotCompleted => 1,
            Verdict::NeedsYou => 3,
            Verdict::TimedOut => 7,
        }
    }
}

pub fn verdict(reply: &WaitReply) -> Verdict {
    match reply.end {
        WaitEnd::NeedsYou => Verdict::NeedsYou,
        WaitEnd::TimedOut => Verdict::TimedOut,
        WaitEnd::Ended if reply.tasks.iter().all(|task| task.state == TaskState::Completed) => {
            Verdict::Completed
        }
        WaitEnd::Ended => Verdict::NotCompleted,
    }
}

pub async fn wait(session: &Session, typed: Wait) -> End {
    let client = session.connect().await?;
    let live = typed.tasks.len() == 1 && !session.json && std::io::stderr().is_terminal();
    let shown = if live { Shown::Live(output::stderr_look()) } else { Shown::Nothing };
    let names = typed.tasks.join(" ");
    let params = WaitTasks {
        tasks: typed.tasks,
        timeout_ms: typed.timeout,
        through_questions: typed.through_questions,
    };
    let (raw, reply) = match follow::wait(&client, params, shown).await? {
        Waited::Detached => return detached(&names),
        Waited::Reply(raw, reply) => (raw, reply),
    };
    if session.json {
        output::document(&raw)?;
    } else {
        let look = output::look();
        let lines: String = reply.tasks.iter().map(|task| said(task, look) + "\n").collect();
        output::text(&lines)?;
    }
    match verdict(&reply) {
        Verdict::TimedOut => return Err(timed_out(&reply).into()),
        Verdict::NeedsYou if !session.json => needs_you(&reply),
        Verdict::Completed | Verdict::NotCompleted | Verdict::NeedsYou => {}
    }
    Ok(verdict(&reply).exit())
}

/// A task in one line: `bold-falcon-427  ✓ completed  exit code 0 after 3 s`.
pub fn said(task: &TaskView, look: Look) -> String {
    let label = state::label(task.state, &task.holds);
    let what =
        task.artifact.as_ref().filter(|_| task.state.is_final()).map(|artifact| artifact.outcome.as_str());
    let what = render::clean(what.filter(|text| !text.is_empty()).unwrap_or(&task.reason.text));
    let id = render::paint(look, render::STRONG, task.id.as_str());
    let label = render::paint(look, state::style(task.state, &task.holds), &label);
    format!("{id}  {label}  {what}").trim_end().to_owned()
}

/// Names how far the first unfinished task has come.
fn timed_out(reply: &WaitReply) -> Fault {
    let open: Vec<&TaskView> = reply.tasks.iter().filter(|task| !task.state.is_final()).collect();
    let Some(task) = open.first() else {
        return Fault::new(Code::TimedOutWaiting, "The time to wait is over.");
    };
    let mut parts = vec![state::word(task.state)];
    if let Some(run) = &task.run {
        let phase = name_of(&run.phase);
        // "executing for 3 s" has named the phase already.
        if !run.checkpoint.starts_with(&phase) {
            parts.push(phase);
        }
        parts.push(run.checkpoint.clone());
    } else {
        parts.extend(task.why_waiting.clone());
    }
    parts.retain(|part| !part.is_empty());
    parts.dedup();
    let others = match open.len() - 1 {
        0 => String::new(),
        1 => " One other has not ended either.".to_owned(),
        more => format!(" {more} others have not ended either."),
    };
    Fault::new(
        Code::TimedOutWaiting,
        format!("{} has not ended: {}.{others}", task.id, parts.join(", ").trim_end_matches('.')),
    )
    .hint(format!("It goes on. `errand wait {}` waits again.", task.id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::card::samples::{artifact, task};

    fn reply(end: WaitEnd, states: &[TaskState]) -> WaitReply {
        WaitReply { end, tasks: states.iter().map(|state| task(*state)).collect() }
    }

    #[test]
    fn the_exit_code_tells_what_came_of_it() {
        use TaskState::{Cancelled, Completed, Failed, NeedsYou, Running, TimedOut, Unknown};
        let exit = |end, states: &[TaskState]| verdict(&reply(end, states)).exit();
        assert_eq!(exit(WaitEnd::Ended, &[Completed, Completed]), 0);
        for state in [Failed, Cancelled, TimedOut, Unknown] {
            assert_eq!(exit(WaitEnd::Ended, &[Completed, state]), 1);
        }
        assert_eq!(exit(WaitEnd::NeedsYou, &[Running, NeedsYou]), 3);
        assert_eq!(exit(WaitEnd::TimedOut, &[Completed, Running]), 7);
    }

    #[test]
    fn giving_up_names_the_phase_and_the_last_sign_of_life() {
        let fault = timed_out(&reply(
            WaitEnd::TimedOut,
            &[TaskState::Completed, TaskState::Running, TaskState::Running],
        ));
        assert_eq!(fault.code, Code::TimedOutWaiting);
        let expected = "bold-falcon-427 has not ended: running, executing, last output 40 s ago. One other has not ended either.";
        assert_eq!(fault.message, expected);
        let mut queued = reply(WaitEnd::TimedOut, &[TaskState::Queued]);
        queued.tasks[0].run = None;
        queued.tasks[0].why_waiting = Some("All 3 slots are taken.".into());
        assert_eq!(
            timed_out(&queued).message,
            "bold-falcon-427 has not ended: queued, All 3 slots are taken."
        );
    }

    #[test]
    fn a_task_in_one_line() {
        let mut task = task(TaskState::Completed);
        assert_eq!(said(&task, Look::PLAIN), "bold-falcon-427  ✓ completed  A slot was free.");
        task.artifact = Some(artifact("", "exit code 0 after 3 s"));
        assert_eq!(said(&task, Look::PLAIN), "bold-falcon-427  ✓ completed  exit code 0 after 3 s");
    }
}
