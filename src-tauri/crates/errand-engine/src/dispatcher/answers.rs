//! What the dispatcher says when it is asked, and its farewell.

use errand_base::{Code, Fault, TaskId};
use errand_model::{Event, Refused, State, Verdict, why};

use super::{Dispatcher, Letter};
use crate::input::{Counts, Leave, Reply};

impl Dispatcher {
    pub(super) fn why(&self, task: &TaskId) -> Option<String> {
        match why(self.world(), self.queue.values(), task)? {
            Verdict::Start => None,
            Verdict::Wait(why) => Some(why.to_string()),
        }
    }

    pub(super) fn counts(&self) -> Counts {
        let mut counts = Counts {
            slots: self.settings.slots,
            paused: self.settings.paused,
            quitting: self.leaving.is_some(),
            disk_full: self.disk_full,
            ..Counts::default()
        };
        self.awake.tell(&mut counts);
        for entry in self.live.values() {
            match entry.live.task.state {
                State::Running => counts.running += 1,
                State::Queued => counts.queued += 1,
                State::Waiting | State::RateLimited | State::Sleeping => counts.waiting += 1,
                State::NeedsYou => counts.needs_you += 1,
                State::Completed | State::Failed | State::TimedOut | State::Cancelled | State::Unknown => {}
            }
        }
        counts
    }

    pub(super) fn quit(&mut self, how: Leave, reply: Reply<Vec<TaskId>>) {
        let mut running: Vec<TaskId> = Vec::new();
        let mut plain: Vec<&str> = Vec::new();
        for (id, entry) in &self.live {
            if entry.live.task.run.is_some() || entry.committing.is_some() {
                running.push(id.clone());
                if !entry.live.task.talk.worker {
                    plain.push(id.as_str());
                }
            }
        }
        running.sort();
        plain.sort_unstable();
        if how == Leave::Pause && !plain.is_empty() {
            let names = plain;
            let text = format!("Still running: {}.", names.join(", "));
            drop(reply.send(Err(Fault::new(Code::ProgramsRunning, text))));
            return;
        }
        self.leaving = Some(how);
        for task in &running {
            match how {
                Leave::Pause | Leave::Finish => {}
                Leave::Now => self.post(task, Letter::of(Event::QuitNow)),
                Leave::Shutdown => self.end_for_leaving(task),
            }
        }
        drop(reply.send(Ok(running)));
    }
}

pub(super) fn fault_of(refused: Refused, task: &TaskId, state: State) -> Fault {
    match refused {
        Refused::NoSuchQuestion => {
            Fault::new(Code::QuestionNotFound, format!("{task} has no such open question."))
        }
        Refused::BadChoice => Fault::new(Code::BadAnswer, "The question does not offer that."),
        Refused::AlreadyEnded => {
            Fault::new(Code::IllegalState, format!("{task} has already ended: {}.", words(state)))
        }
        Refused::AlreadyFinished => {
            Fault::new(Code::AlreadyFinished, format!("{task} has handed over its result already."))
        }
        Refused::NoWorker => {
            Fault::new(Code::IllegalState, format!("{task} is a plain program, which reads no messages."))
                .hint("`errand retry` runs it again; a program with a brief is a worker and reads them.")
        }
        Refused::OtherBrief => Fault::new(Code::KeyConflict, format!("{task}: {refused}.")),
        Refused::TooDeep | Refused::TooManySubtasks => {
            Fault::new(Code::SubtaskLimit, format!("{task}: {refused}."))
        }
        Refused::SubtasksOpen => Fault::new(Code::SubtasksOpen, format!("{task}: {refused}.")),
        Refused::NoTurns => Fault::new(Code::IllegalState, format!("{task}: {refused}."))
            .hint("Hand it over with a brief: `errand run \"BRIEF\" -- PROGRAM ARGS`."),
        Refused::QuestionOpen
        | Refused::KnownSubtask
        | Refused::NotASubtask
        | Refused::OldNews
        | Refused::NothingToAwait
        | Refused::TooOften
        | Refused::NotEnded
        | Refused::Completed
        | Refused::OtherRun
        | Refused::NotReady
        | Refused::StaleTimer
        | Refused::NotADependency
        | Refused::AlreadyHeld
        | Refused::NotHeld
        | Refused::NothingToTake => Fault::new(Code::IllegalState, format!("{task}: {refused}.")),
    }
}

fn words(state: State) -> String {
    state.name().replace('_', " ")
}
