//! Runs: launching them, ending them, and what their processes report.

use std::sync::Arc;

use errand_base::{RunId, TaskId};
use errand_model::{Death, Event, Stage, Tail};

use super::{Dispatcher, Letter, death_of_leaving};
use crate::input::{Action, Launch, Report};
use crate::run::RunShared;

impl Dispatcher {
    pub(super) fn launch(&mut self, task: &TaskId, run: RunId) {
        let Some(entry) = self.live.get_mut(task) else { return };
        let shared = Arc::new(RunShared::new(run));
        entry.shared = Some(shared.clone());
        self.actions.push(Action::Launch(Launch {
            task: task.clone(),
            seq: entry.live.seq,
            run,
            n: entry.live.task.runs,
            work: entry.live.work.clone(),
            turn: entry.live.task.talk.worker || entry.live.task.talk.note.is_some(),
            silence: silence(&entry.live.task, self.settings.silence),
            has_folder: entry.live.has_folder,
            shared,
        }));
    }

    /// The next turn of a run. While we leave there is none: the task goes on from here when we are back.
    pub(super) fn prompt(&mut self, task: &TaskId, run: RunId) {
        if self.leaving.is_some() {
            let winds_up = self.run_of(task).is_some_and(|shared| shared.winds_up());
            return self.post(task, Letter::of(Event::Parked { run, winds_up }));
        }
        let Some(entry) = self.live.get(task) else { return };
        let Some(shared) = entry.shared.clone().filter(|_| is_run(entry.live.task.run.as_ref(), run)) else {
            return;
        };
        self.actions.push(Action::Prompt { task: task.clone(), shared });
    }

    pub(super) fn end(&mut self, task: &TaskId, run: RunId) {
        let Some(entry) = self.live.get(task) else { return };
        if let Some(shared) = entry.shared.as_ref().filter(|_| is_run(entry.live.task.run.as_ref(), run)) {
            shared.end.notify_one();
        }
    }

    /// Ends a run because the system wants the engine gone. What it reports last decides how it is called.
    pub(super) fn end_for_leaving(&mut self, task: &TaskId) {
        let Some(entry) = self.live.get_mut(task) else { return };
        entry.leaving = true;
        if let Some(shared) = &entry.shared {
            shared.end_now();
        }
    }

    pub(super) fn report(&mut self, task: &TaskId, run: RunId, report: Report) {
        let leaving =
            self.live.get(task).is_some_and(|entry| entry.leaving && is_active(entry.live.task.run.as_ref()));
        let mut used = None;
        let event = match report {
            Report::StartFailed(error) => {
                self.slots.free(run);
                Event::StartFailed { run, error }
            }
            // It was told to end because we must leave: how it ended says nothing about its work.
            Report::Exited { gone, used, .. } if leaving && !used.exit.is_success() => {
                if !gone {
                    return;
                }
                self.slots.free(run);
                let tail = self.run_of(task).map(|shared| shared.tail()).unwrap_or_default();
                Event::Lost { run, death: death_of_leaving(), tail }
            }
            Report::Exited { tail, gone, used: numbers, checks } => {
                // That its last process is gone is a fact; the next task need not wait for the commit.
                if gone {
                    self.slots.free(run);
                }
                used = Some(numbers);
                Event::Exited { run, exit: numbers.exit, tail, gone, checks }
            }
            // Cut off in the middle of its turn, because we must leave.
            Report::TurnEnded { used: numbers, .. } if leaving && !numbers.exit.is_success() => {
                // What follows the run was left out, and nothing of it is left.
                self.slots.free(run);
                let tail = self.run_of(task).map(|shared| shared.tail()).unwrap_or_default();
                used = Some(numbers);
                Event::Lost { run, death: death_of_leaving(), tail }
            }
            Report::TurnEnded { response, tail, used: numbers, afterwards } => {
                used = Some(numbers);
                Event::TurnEnded { run, exit: numbers.exit, response, tail, afterwards }
            }
            Report::Aside(doing) => Event::Aside { run, doing },
            // The launcher looks up grants for it, and then tells it itself.
            Report::Asks(approval) => Event::ApprovalAsked { run, approval, grants: Vec::new() },
            Report::WindUpFailed(text) => Event::WindUpFailed { run, text },
            Report::Gone => {
                self.slots.free(run);
                if leaving {
                    let tail = self.run_of(task).map(|shared| shared.tail()).unwrap_or_default();
                    Event::Lost { run, death: death_of_leaving(), tail }
                } else {
                    Event::Gone { run }
                }
            }
            Report::Stuck { processes } => Event::Stuck { run, processes },
            Report::Lost { death, tail } => {
                self.slots.free(run);
                Event::Lost { run, death, tail }
            }
            Report::Silent { since } => Event::Silent { run, since },
            Report::Spoke => Event::Spoke { run },
        };
        self.post(task, Letter { used, ..Letter::of(event) });
    }

    /// The processes of the engine before were ended, so what they were doing can be called by its name. If some will
    /// not go, nobody knows whose they are: every folder that was at work stays taken until they are gone.
    pub(super) fn swept(&mut self, tails: Vec<(TaskId, RunId, Tail)>, all_gone: bool) {
        self.sweeping = false;
        for (task, run, tail) in tails {
            self.slots.abandon(run);
            let event = Event::Lost { run, death: Death::EngineDied, tail };
            // Before what was decided meanwhile about something that the run had asked for.
            if let Some(entry) = self.live.get_mut(&task) {
                entry.letters.push_front(Letter::of(event));
            }
            self.open_letters(&task);
        }
        let waiting = self.live.iter().filter(|(_, entry)| !entry.letters.is_empty());
        let waiting: Vec<TaskId> = waiting.map(|(task, _)| task.clone()).collect();
        waiting.iter().for_each(|task| self.open_letters(task));
        if all_gone {
            self.slots.free_remains();
        }
    }
}

/// How long a run may be silent: a worker as long as its limits say, a plain program as the person has set.
pub(super) fn silence(task: &errand_model::Task, plain: std::time::Duration) -> std::time::Duration {
    if task.talk.worker { task.policy.turns.stall } else { plain }
}

fn is_run(run: Option<&errand_model::Run>, id: RunId) -> bool {
    run.is_some_and(|run| run.id == id)
}

fn is_active(run: Option<&errand_model::Run>) -> bool {
    run.is_some_and(|run| run.stage == Stage::Starting)
}
