//! How tasks come in: handed over, read back at the start, or woken up by what somebody tells them.

use std::collections::VecDeque;

use errand_base::{Code, Fault, TaskId};
use errand_model::Event;

use super::{Dispatcher, Entry, KEEP_WORK, Letter};
use crate::input::{Acceptance, Accepted, Action, LiveTask, Reply};

impl Dispatcher {
    pub(super) fn accept(&mut self, new: Box<crate::input::NewTask>, reply: Reply<Accepted>) {
        if self.leaving.is_some() {
            drop(
                reply.send(Err(Fault::new(Code::Quitting, "Errand is about to quit and takes no new work."))),
            );
            return;
        }
        self.accepting += 1;
        self.actions.push(Action::Accept { new, reply });
    }

    pub(super) fn accepted(&mut self, result: Result<Acceptance, Fault>, reply: Reply<Accepted>) {
        self.accepting = self.accepting.saturating_sub(1);
        let answer = result.and_then(|acceptance| match acceptance {
            Acceptance::New(live) => {
                let id = live.task.id.clone();
                let asks = !live.task.questions.is_empty();
                self.remember(*live);
                if asks {
                    self.actions.push(Action::Deliver);
                }
                Ok(Accepted { id, duplicate: false })
            }
            Acceptance::Known { id, same_work: true } => Ok(Accepted { id, duplicate: true }),
            Acceptance::Known { id, same_work: false } => {
                let text = format!("The key already belongs to {id}, which does something else.");
                Err(Fault::new(Code::KeyConflict, text))
            }
        });
        drop(reply.send(answer));
    }

    pub(super) fn remember(&mut self, mut live: LiveTask) {
        if self.live.len() >= KEEP_WORK {
            live.work = None;
        }
        let id = live.task.id.clone();
        for dependency in live.task.after.iter().filter(|dependency| !dependency.is_met()) {
            self.dependents.entry(dependency.task.clone()).or_default().push(id.clone());
        }
        self.note_parent(&live);
        if let Some(run) = &live.task.run {
            self.slots.take(run.id, &id, live.task.policy.lease.as_ref());
        }
        let entry = Entry {
            live,
            rank: None,
            shared: None,
            committing: None,
            letters: VecDeque::new(),
            askers: std::collections::HashMap::new(),
            leaving: false,
        };
        self.live.insert(id.clone(), entry);
        self.place(&id);
    }

    pub(super) fn tell(
        &mut self,
        task: &TaskId,
        event: Event,
        stored: Option<Box<LiveTask>>,
        reply: Reply<()>,
    ) {
        if !self.live.contains_key(task) {
            match stored {
                // What is not in memory is over. A row that says otherwise was read a moment too early; taking it
                // for the task would hold a slot for a run that is gone.
                Some(live) if live.task.state.is_final() && live.task.run.is_none() => self.remember(*live),
                Some(_) | None => {
                    let fault = Fault::new(Code::IllegalState, format!("{task} has just ended."));
                    drop(reply.send(Err(fault.hint("`errand show` says how."))));
                    return;
                }
            }
        }
        self.post(task, Letter { reply: Some(reply), ..Letter::of(event) });
    }
}
