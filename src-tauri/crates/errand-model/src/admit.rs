//! Which of the queued tasks may start now, and why the others wait.

use std::cmp::Reverse;
use std::collections::HashMap;

use errand_base::TaskId;

use crate::{Held, Hold, Holds, Lease, Priority};

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
    /// What its run must hold.
    pub lease: Option<Lease>,
}

/// What admission looks at.
#[derive(Clone, Copy, Debug)]
pub struct World<'a> {
    pub slots: u32,
    /// Slots that are held, by runs at work and by runs whose processes are not gone yet.
    pub held_slots: u32,
    /// Leases of those same runs.
    pub leases: &'a [Held],
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
    Slots {
        slots: u32,
        ahead: u32,
    },
    Paused,
    Held(Holds),
    PreviousRun,
    /// A run of that task holds the folder, or one above or below it.
    Folder {
        task: TaskId,
    },
    /// That task waits for the folder, too, and comes first.
    FolderNext {
        task: TaskId,
    },
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
            Why::Held(holds) if holds.contains(Hold::Keychain) => {
                f.write_str("a credential that it needs cannot be read")
            }
            Why::Held(_) => f.write_str("it is paused"),
            Why::PreviousRun => f.write_str("processes of its previous run are still being ended"),
            Why::Folder { task } => write!(f, "Waits for the folder, which {task} uses"),
            Why::FolderNext { task } => write!(f, "Waits for the folder, which {task} gets first"),
            Why::Quitting => f.write_str("Errand is about to quit and starts nothing new"),
            Why::DiskFull => f.write_str("the disk is full"),
        }
    }
}

/// Looks at the queue in its order and gives out the free slots. The queue is not read further than needed.
pub fn admit<'a>(world: World<'a>, queue: impl IntoIterator<Item = &'a Candidate>) -> Vec<TaskId> {
    let mut free = world.slots.saturating_sub(world.held_slots);
    let mut starts = Vec::new();
    if world.paused || world.quitting || world.disk_full || free == 0 {
        return starts;
    }
    let mut folders = Folders::of(world);
    for candidate in queue {
        if own_obstacle(candidate).is_none() && folders.claim(candidate).is_none() {
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
    world: World<'a>,
    queue: impl IntoIterator<Item = &'a Candidate>,
    task: &TaskId,
) -> Option<Verdict> {
    let mut ahead = 0;
    let free = world.slots.saturating_sub(world.held_slots);
    let mut folders = Folders::of(world);
    for candidate in queue {
        let own = own_obstacle(candidate);
        let folder = if own.is_none() { folders.claim(candidate) } else { None };
        if candidate.task != *task {
            ahead += u32::from(own.is_none() && folder.is_none());
            continue;
        }
        let general = match world {
            World { quitting: true, .. } => Some(Why::Quitting),
            World { paused: true, .. } => Some(Why::Paused),
            World { disk_full: true, .. } => Some(Why::DiskFull),
            World { .. } => None,
        };
        let slots = (ahead >= free).then(|| Why::Slots { slots: world.slots, ahead: ahead - free });
        let obstacle = own.or(general).or(folder).or(slots);
        return Some(obstacle.map_or(Verdict::Start, Verdict::Wait));
    }
    None
}

/// The folders that are spoken for while the queue is looked at in its order.
struct Folders<'a> {
    held: &'a [Held],
    /// Of the candidates so far, whether they start now or wait for a run to end. Whoever waits keeps its place
    /// here: otherwise a stream of tasks in `/a/b` and `/a/c` could keep one in `/a` waiting for ever.
    promised: HashMap<&'a [u8], &'a TaskId>,
    /// Every folder above a promised one, so that a look costs the same however many are promised.
    above: HashMap<&'a [u8], &'a TaskId>,
}

impl<'a> Folders<'a> {
    fn of(world: World<'a>) -> Folders<'a> {
        Folders { held: world.leases, promised: HashMap::new(), above: HashMap::new() }
    }

    /// Why this candidate cannot have its folder now. It keeps its place before all that come after it.
    fn claim(&mut self, candidate: &'a Candidate) -> Option<Why> {
        let lease = candidate.lease.as_ref()?;
        let held = self.held.iter().find(|held| held.lease.overlaps(lease));
        let around = lease.chain().find_map(|folder| self.promised.get(folder)).copied();
        let why = match (held, around.or_else(|| self.above.get(lease.bytes()).copied())) {
            (Some(held), _) => Some(Why::Folder { task: held.task.clone() }),
            (None, Some(first)) => Some(Why::FolderNext { task: first.clone() }),
            (None, None) => None,
        };
        // Within a promised folder nothing is added, so that a long queue for one stays cheap.
        if around.is_none() {
            self.promised.insert(lease.bytes(), &candidate.task);
            for folder in lease.chain().skip(1) {
                self.above.entry(folder).or_insert(&candidate.task);
            }
        }
        why
    }
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

    const WORLD: World<'static> =
        World { slots: 2, held_slots: 0, leases: &[], paused: false, quitting: false, disk_full: false };

    fn candidate(n: u32) -> Candidate {
        let task = TaskId::try_from(format!("calm-owl-{n}")).unwrap();
        Candidate { task, holds: Holds::default(), ending: false, lease: None }
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

    fn within(n: u32, folder: &str) -> Candidate {
        Candidate { lease: Some(Lease::on(folder.into())), ..candidate(n) }
    }

    fn held(n: u32, folder: &str) -> Held {
        let run = errand_base::RunId::from_u128(n.into());
        Held { run, task: candidate(n).task, lease: Lease::on(folder.into()) }
    }

    #[test]
    fn a_folder_is_given_to_one_at_a_time_and_others_are_not_kept_waiting_by_it() {
        let leases = [held(900, "/home/me/a")];
        let world = World { slots: 9, held_slots: 1, leases: &leases, ..WORLD };
        let folder = |n| Some(Why::Folder { task: candidate(n).task });
        let next = |n| Some(Why::FolderNext { task: candidate(n).task });
        let rows = [
            (within(100, "/home/me/a"), folder(900)),
            (within(101, "/home/me/a/b"), folder(900)),
            (within(102, "/home/me"), folder(900)),
            (within(103, "/home/me/ab"), next(102)),
            (within(104, "/srv"), None),
            (within(105, "/srv/x"), next(104)),
            (within(106, "/"), folder(900)),
            (within(107, "/opt"), next(106)),
            (candidate(108), None),
        ];
        let queue: Vec<Candidate> = rows.iter().map(|(candidate, _)| candidate.clone()).collect();
        assert_eq!(admit(world, &queue), [queue[4].task.clone(), queue[8].task.clone()]);
        for (candidate, wait) in rows {
            let verdict = wait.map_or(Verdict::Start, Verdict::Wait);
            assert_eq!(why(world, &queue, &candidate.task), Some(verdict), "{candidate:?}");
        }
    }

    #[test]
    fn what_cannot_start_for_another_reason_keeps_no_folder_for_itself() {
        let mut queue = [within(100, "/a"), within(101, "/a"), within(102, "/a")];
        queue[0].holds = Holds::default().with(Hold::Person);
        queue[1].ending = true;
        assert_eq!(admit(WORLD, &queue), [queue[2].task.clone()]);
    }

    #[test]
    fn a_taken_folder_is_named_rather_than_the_slots() {
        let leases = [held(900, "/a")];
        let world = World { slots: 1, held_slots: 1, leases: &leases, ..WORLD };
        let queue = [within(100, "/a"), candidate(101)];
        let task = candidate(900).task;
        assert_eq!(why(world, &queue, &queue[0].task), Some(Verdict::Wait(Why::Folder { task })));
        let slots = Verdict::Wait(Why::Slots { slots: 1, ahead: 0 });
        assert_eq!(why(world, &queue, &queue[1].task), Some(slots), "what waits for a folder is not ahead");
        let paused = World { paused: true, ..world };
        assert_eq!(why(paused, &queue, &queue[0].task), Some(Verdict::Wait(Why::Paused)));
    }
}
