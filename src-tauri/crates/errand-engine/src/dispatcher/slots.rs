use std::collections::HashSet;

use errand_base::{RunId, TaskId};
use errand_model::{Held, Lease};

/// What runs hold: a slot each, and some of them a folder. Both are taken and given back together, so that a folder
/// is free exactly when the last process of its run is gone.
#[derive(Default)]
pub(super) struct Slots {
    runs: HashSet<RunId>,
    /// They wait for their person without a slot; their processes and folders are still there.
    lent: HashSet<RunId>,
    leases: Vec<Held>,
    remains: HashSet<RunId>,
}

impl Slots {
    pub fn take(&mut self, run: RunId, task: &TaskId, lease: Option<&Lease>) {
        if self.runs.insert(run) {
            self.leases.extend(lease.map(|lease| Held { run, task: task.clone(), lease: lease.clone() }));
        }
    }

    pub fn free(&mut self, run: RunId) {
        self.runs.remove(&run);
        self.lent.remove(&run);
        let remains = &self.remains;
        self.leases.retain(|held| held.run != run || remains.contains(&run));
    }

    /// Gives the slot back for as long as the run waits for its person. The folder stays its own.
    pub fn lend(&mut self, run: RunId) {
        if self.runs.remove(&run) {
            self.lent.insert(run);
        }
    }

    pub fn take_back(&mut self, run: RunId) {
        if self.lent.remove(&run) {
            self.runs.insert(run);
        }
    }

    /// For a run that will not be heard of again although processes of it may be left: others may run, but not in
    /// its folder.
    pub fn abandon(&mut self, run: RunId) {
        self.remains.insert(run);
        self.free(run);
    }

    /// The processes of every abandoned run are gone.
    pub fn free_remains(&mut self) {
        let remains = std::mem::take(&mut self.remains);
        self.leases.retain(|held| !remains.contains(&held.run));
    }

    pub fn is_empty(&self) -> bool {
        self.runs.is_empty() && self.lent.is_empty()
    }

    pub fn count(&self) -> u32 {
        u32::try_from(self.runs.len()).unwrap_or(u32::MAX)
    }

    pub fn leases(&self) -> &[Held] {
        &self.leases
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_with_the_slot_unless_processes_may_be_left() {
        let task = TaskId::try_from("calm-owl-100".to_owned()).unwrap();
        let lease = Lease::on("/a".into());
        let [one, two] = [1, 2].map(RunId::from_u128);
        let mut slots = Slots::default();
        slots.take(one, &task, Some(&lease));
        slots.take(one, &task, Some(&lease));
        slots.take(two, &task, None);
        assert_eq!((slots.count(), slots.leases().len()), (2, 1));
        slots.free(one);
        assert_eq!((slots.count(), slots.leases().len()), (1, 0));

        slots.take(one, &task, Some(&lease));
        slots.lend(one);
        assert_eq!((slots.count(), slots.leases().len(), slots.is_empty()), (1, 1, false));
        slots.take_back(one);
        slots.take_back(one);
        assert_eq!(slots.count(), 2);
        slots.free(two);
        slots.abandon(one);
        slots.free(one);
        assert!(slots.is_empty());
        assert_eq!(slots.leases()[0].run, one);
        slots.take(two, &task, Some(&Lease::on("/b".into())));
        slots.free_remains();
        assert_eq!(slots.leases().iter().map(|held| held.run).collect::<Vec<_>>(), [two]);
    }
}
