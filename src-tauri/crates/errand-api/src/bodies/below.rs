//! What stands below a task: its sub-tasks, theirs, and what they ask.

use errand_base::TaskId;
use errand_model::{State, Task};
use errand_store::{Kin, QuestionRow, QuestionState, Reader, StoreError};
use errand_wire as wire;

use super::approvals::Alike;
use super::view::question;

#[derive(Default)]
pub(super) struct Below {
    /// How deep the task at the top of them stands itself.
    depth: u32,
    /// Each behind the task that asked for it.
    kin: Vec<Kin>,
    asked: Vec<(TaskId, QuestionRow)>,
}

impl Below {
    pub fn of(reader: &Reader<'_>, task: &Task, seq: i64) -> Result<Below, StoreError> {
        // Nobody else has any.
        if !task.talk.worker {
            return Ok(Below::default());
        }
        let mut below = Below { depth: task.depth, ..Below::default() };
        below.add(reader, seq)?;
        Ok(below)
    }

    fn add(&mut self, reader: &Reader<'_>, parent: i64) -> Result<(), StoreError> {
        for kin in reader.tasks().subtasks_of(parent)? {
            let (seq, id, state) = (kin.seq, kin.id.clone(), kin.state);
            self.kin.push(kin);
            if state == State::NeedsYou {
                let open = reader.questions().of_task(seq)?.into_iter();
                let open = open.filter(|question| question.state == QuestionState::Open);
                self.asked.extend(open.map(|question| (id.clone(), question)));
            }
            self.add(reader, seq)?;
        }
        Ok(())
    }

    pub fn asks(&self) -> bool {
        !self.asked.is_empty()
    }

    pub fn rows(&self) -> impl Iterator<Item = &QuestionRow> {
        self.asked.iter().map(|(_, row)| row)
    }

    pub fn ids(&self) -> impl Iterator<Item = &TaskId> {
        self.kin.iter().map(|kin| &kin.id)
    }

    /// The open questions, with names that can be told apart from those of the task itself.
    pub fn questions(&self, alike: &Alike) -> Vec<wire::QuestionView> {
        let asked = self.asked.iter().map(|(task, row)| {
            let own = question(row.clone(), alike);
            wire::QuestionView { id: format!("{task}/{}", own.id), task: Some(task.clone()), ..own }
        });
        asked.collect()
    }

    pub fn views(self) -> Vec<wire::SubtaskView> {
        let depth = self.depth;
        let views = self.kin.into_iter().map(|kin| wire::SubtaskView {
            id: kin.id,
            level: kin.depth.saturating_sub(depth),
            title: kin.title,
            state: kin.state.into(),
            outcome: kin.outcome,
        });
        views.collect()
    }
}
