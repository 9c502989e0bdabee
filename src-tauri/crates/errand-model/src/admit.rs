//! Which of the queued tasks may start now, and why the others wait.

use std::cmp::Reverse;

use errand_base::TaskId;

use crate::{Holds, Priority};

/// The order of the queue: urgent before low, resumed work before new work, then first come, first served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rank {
    priority: Reverse<Priority>,
    fresh: bool,
    /// The task's place in the order of acceptance.
    seq: i64,
}

impl Rank {
    pub fn new(priority: Priority, resumed: bool, seq: i64) -> Rank {
        Rank { priority: Reverse(priority), fresh: !resumed, seq }
    }
}

/// A queued task as admission sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub task: TaskId,
    pub holds: Holds,
    /// Processes of its run before are still being ended.
    pub ending: bool,
}

/// What admission looks at.
#[derive(Clone, Copy, Debug)]
pub struct World {
    pub slots: u32,
    /// Slots that are held, by runs at work and by runs whose processes are not gone yet.
    pub held_slots: u32,
    pub paused: bool,
    pub quitting: bool,
    pub disk_full: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Start,
    Wait(Why),
}

/// Why a queued task does not start; its words are what `errand show` prints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    Slots { slots: u32, ahead: u32 },
    Paused,
    Held(Holds),
    PreviousRun,
    Quitting,
    DiskFull,
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Why::Slots { slots, ahead: 0 } => write!(f, "next in line; {slots} run at once and all are busy"),
            Why::Slots { slots, ahead: 1 } => write!(f, "1 task is ahead of it; {slots} run at once"),
            Why::Slots { slots, ahead } => write!(f, "{ahead} tasks are ahead of it; {slots} run at once"),
            Why::Paused => f.write_str("everything is paused"),
            Why::Held(_) => f.write_str("it is paused"),
            Why::PreviousRun => f.write_str("processes of its previous run are still being ended"),
            Why::Quitting => f.write_str("Errand is about to quit and starts nothing new"),
            Why::DiskFull => f.write_str("the disk is full"),
        }
    }
}

/// Looks at the queue in its order and gives out the free slots. The queue is not read further than needed.
pub fn admit<'a>(world: World, queue: impl IntoIterator<Item = &'a Candidate>) -> Vec<TaskId> {
    let mut free = world.slots.saturating_sub(world.held_slots);
    let mut starts = Vec::new();
    if world.paused || world.quitting || world.disk_full || free == 0 {
        return starts;
    }
    for candidate in queue {
        if own_obstacle(candidate).is_none() {
            starts.push(candidate.task.clone());
            free -= 1;
            if free == 0 {
                break;
            }
        }
    }
    starts
}

/// The verdict on one task; `None` if it is not in the queue.
pub fn why<'a>(
    world: World,
    queue: impl IntoIterator<Item = &'a Candidate>,
    task: &TaskId,
) -> Option<Verdict> {
    let mut ahead = 0;
    let free = world.slots.saturating_sub(world.held_slots);
    for candidate in queue {
        let obstacle = own_obstacle(candidate);
        if candidate.task != *task {
            ahead += u32::from(obstacle.is_none());
            continue;
        }
        let general = match world {
            World { quitting: true, .. } => Some(Why::Quitting),
            World { paused: true, .. } => Some(Why::Paused),
            World { disk_full: true, .. } => Some(Why::DiskFull),
            World { slots, .. } if ahead >= free => Some(Why::Slots { slots, ahead: ahead - free }),
            World { .. } => None,
        };
        return Some(obstacle.or(general).map_or(Verdict::Start, Verdict::Wait));
    }
    None
}

fn own_obstacle(candidate: &Candidate) -> Option<Why> {
    if !candidate.holds.is_empty() {
        return Some(Why::Held(candidate.holds));
    }
    candidate.ending.then_some(Why::PreviousRun)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Hold;

    const WORLD: World = World { slots: 2, held_slots: 0, paused: false, quitting: false, disk_full: false };

    fn candidate(n: u32) -> Candidate {
        let task = TaskId::try_from(format!("calm-owl-{n}")).unwrap();
        Candidate { task, holds: Holds::default(), ending: false }
    }

    #[test]
    fn free_slots_go_to_the_front_of_the_queue_and_held_tasks_are_passed_over() {
        let mut queue: Vec<Candidate> = (100..104).map(candidate).collect();
        queue[0].holds = Holds::default().with(Hold::Person);
        let starts = admit(WORLD, &queue);
        assert_eq!(starts, [queue[1].task.clone(), queue[2].task.clone()]);
        assert_eq!(why(WORLD, &queue, &queue[0].task), Some(Verdict::Wait(Why::Held(queue[0].holds))));
        assert_eq!(why(WORLD, &queue, &queue[1].task), Some(Verdict::Start));
        assert_eq!(
            why(WORLD, &queue, &queue[3].task),
            Some(Verdict::Wait(Why::Slots { slots: 2, ahead: 0 }))
        );
    }

    #[test]
    fn nothing_starts_while_paused_quitting_full_or_without_a_slot() {
        let queue = [candidate(100)];
        let worlds = [
            World { paused: true, ..WORLD },
            World { quitting: true, ..WORLD },
            World { disk_full: true, ..WORLD },
            World { held_slots: 2, ..WORLD },
            World { held_slots: 5, ..WORLD },
        ];
        for world in worlds {
            assert!(admit(world, &queue).is_empty(), "{world:?}");
            assert!(matches!(why(world, &queue, &queue[0].task), Some(Verdict::Wait(_))), "{world:?}");
        }
    }

    #[test]
    fn the_order_is_priority_then_resumed_then_first_come() {
        let mut ranks = [
            Rank::new(Priority::Normal, false, 1),
            Rank::new(Priority::Low, true, 2),
            Rank::new(Priority::Urgent, false, 9),
            Rank::new(Priority::Normal, true, 8),
            Rank::new(Priority::Normal, false, 0),
        ];
        ranks.sort();
        assert_eq!(ranks.map(|rank| rank.seq), [9, 8, 0, 1, 2]);
    }
}
