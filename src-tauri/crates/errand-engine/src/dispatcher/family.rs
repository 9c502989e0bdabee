//! Tasks and their sub-tasks: who is told what.

use errand_base::{Code, Fault, RunId, TaskId};
use errand_model::{CallOff, Event, Refused, SubtaskWish};

use super::{Dispatcher, Letter};
use crate::input::{Accepted, LiveTask, Reply};

impl Dispatcher {
    /// A program of a run asks for a sub-task.
    pub(super) fn spawn(
        &mut self,
        task: &TaskId,
        run: RunId,
        wish: Box<SubtaskWish>,
        reply: Reply<Accepted>,
    ) {
        let letter = Letter { spawner: Some(reply), ..Letter::of(Event::SubtaskAsked { run, wish }) };
        if self.leaving.is_some() {
            letter.refuse(Fault::new(Code::Quitting, "Errand is about to quit and takes no new work."));
        } else if self.live.contains_key(task) {
            self.post(task, letter);
        } else {
            letter.refuse(Fault::new(Code::IllegalState, format!("{task} has ended.")));
        }
    }

    /// They stand in the store; from now on they are in the queue.
    pub(super) fn begun(&mut self, subtasks: Vec<LiveTask>, spawner: Option<Reply<Accepted>>) {
        let first = subtasks.first().map(|live| live.task.id.clone());
        for live in subtasks {
            self.remember(live);
        }
        if let (Some(spawner), Some(id)) = (spawner, first) {
            drop(spawner.send(Ok(Accepted { id, duplicate: false })));
        }
    }

    /// It has ended or is open again: its parent wants to know, and with its end that of its sub-tasks has come.
    pub(super) fn tell_family(&mut self, task: &TaskId) {
        let Some(entry) = self.live.get(task) else { return };
        let state = entry.live.task.state;
        if let Some(parent) = entry.live.task.parent.clone() {
            let task = task.clone();
            let ended = state.is_final();
            let news = if ended { Event::ChildEnded { task, state } } else { Event::ChildReopened { task } };
            self.post(&parent, Letter::of(news));
        }
        if state.is_final() {
            for child in self.subtasks.get(task).cloned().unwrap_or_default() {
                self.post(&child, Letter::of(Event::CalledOff { why: CallOff::after(state) }));
            }
        }
    }

    pub(super) fn note_parent(&mut self, live: &LiveTask) {
        if let Some(parent) = &live.task.parent {
            self.subtasks.entry(parent.clone()).or_default().push(live.task.id.clone());
        }
    }

    pub(super) fn forget_parent(&mut self, task: &TaskId, parent: Option<&TaskId>) {
        let Some(parent) = parent else { return };
        if let Some(list) = self.subtasks.get_mut(parent) {
            list.retain(|child| child != task);
            if list.is_empty() {
                self.subtasks.remove(parent);
            }
        }
    }
}

/// Every decision about an event draws new ids, so that one that is taken is not drawn for ever.
pub(super) fn name_subtasks(event: &mut Event) {
    if let Event::SubtaskAsked { wish, .. } = event {
        wish.id = Some(TaskId::random());
    }
    if let Event::TurnEnded { response: Ok(response), .. } = event {
        response.subtasks.iter_mut().for_each(|wish| wish.id = Some(TaskId::random()));
    }
}

/// Whoever asks again for what it has is told which that is.
pub(super) fn known(refused: Refused, event: &Event, task: &errand_model::Task) -> Option<Accepted> {
    let Event::SubtaskAsked { wish, .. } = event else { return None };
    if refused != Refused::KnownSubtask {
        return None;
    }
    let same = |child: &&errand_model::Child| child.generation == task.generation && child.key == wish.key;
    let child = task.children.iter().find(same)?;
    Some(Accepted { id: child.task.clone(), duplicate: true })
}
