//! A small world of tasks that wait for each other, and random things that happen to it.

use std::cell::Cell;
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use errand_base::{RunId, TaskId, Timestamp};
use errand_model::*;
use proptest::prelude::*;

use crate::approvals::{Wanted, approval_reports, request, verdicts};

/// One thing that happens. Tasks, runs, timers and questions are numbers that wrap around, so that any number fits.
#[derive(Clone, Debug)]
pub enum Op {
    /// `admit` decides and its starts are committed.
    Dispatch,
    Process(usize, Which, Report),
    Fire(usize, Which),
    Cancel(usize),
    QuitNow(usize),
    Retry(usize),
    Message(usize, bool),
    Hold(usize, Hold),
    Release(usize, Hold),
    Answer(usize, Which, usize),
    Decide(usize, Which, approval::Verdict, u8),
    Pass(u64),
    /// The machine sleeps so many seconds, and then its clock is set by so many.
    Gap(u64, i64),
}

/// The one that is current, or any there ever was.
#[derive(Clone, Copy, Debug)]
pub enum Which {
    Current,
    Any(u32),
}

#[derive(Clone, Debug)]
pub enum Report {
    StartFailed,
    NoCredential,
    Exited(Exit, bool),
    Gone,
    Stuck,
    Lost(Death),
    Silent,
    Spoke,
    TurnEnded(Turn),
    Aside(bool),
    WindUpFailed,
    Asked,
    ApprovalAsked(Wanted),
    AskerGone(u32),
    Progressed,
    Finished(bool),
    WakeAsked(bool),
    /// With one of a few keys, or none.
    SubtaskAsked(u8),
}

#[derive(Clone, Copy, Debug)]
pub enum Turn {
    Continue,
    Done,
    Blocked,
    Failed,
    Ask,
    Wake,
    Subtasks,
    Await,
    Unreadable,
    /// Done by its own word, but a check failed.
    Unmet,
    /// Done, and something follows.
    WindsUp,
}

#[derive(Clone, Debug)]
pub struct Plan {
    pub slots: u32,
    pub tasks: Vec<TaskPlan>,
    pub ops: Vec<Op>,
}

#[derive(Clone, Debug)]
pub struct TaskPlan {
    pub policy: Policy,
    pub start_in: Option<u64>,
    /// Which of the tasks before it it waits for, as bits.
    pub after: u8,
    pub worker: bool,
    /// As if it were a sub-task of somebody else.
    pub depth: u32,
}

pub fn plans() -> impl Strategy<Value = Plan> {
    let tasks = proptest::collection::vec(task_plans(), 1..=4);
    let ops = proptest::collection::vec(ops(), 0..=80);
    (1..=3_u32, tasks, ops).prop_map(|(slots, tasks, ops)| Plan { slots, tasks, ops })
}

fn task_plans() -> impl Strategy<Value = TaskPlan> {
    use proptest::option::weighted;
    let notify = prop_oneof![Just(Notify::Always), Just(Notify::Significant), Just(Notify::Silent)];
    let priority = prop_oneof![Just(Priority::Low), Just(Priority::Normal), Just(Priority::Urgent)];
    let folder = prop_oneof![Just("/"), Just("/a"), Just("/a/b"), Just("/a/c"), Just("/ab"), Just("/d")];
    let lease = weighted(0.6, folder.prop_map(|folder| Lease::on(folder.into())));
    (
        notify,
        priority,
        weighted(0.5, 1..400_u64),
        (0..3_u32, lease),
        weighted(0.2, 1..100_u64),
        0..8_u8,
        (proptest::bool::weighted(0.5), weighted(0.4, Just(DEEPEST - 1))),
    )
        .prop_map(|(notify, priority, timeout, (retries, lease), start_in, after, (worker, depth))| {
            let turns = TurnLimits { most: 3, restarts: 1, ..TurnLimits::default() };
            let timeout = timeout.map(Duration::from_secs);
            TaskPlan {
                policy: Policy { priority, notify, timeout, retries, lease, turns },
                start_in,
                after,
                worker,
                depth: depth.unwrap_or_default(),
            }
        })
}

fn ops() -> impl Strategy<Value = Op> {
    // Sub-tasks come to the tasks of the plan.
    let task = || 0..5_usize;
    let hold = || prop_oneof![Just(Hold::Person), Just(Hold::Budget)];
    prop_oneof![
        5 => Just(Op::Dispatch),
        8 => (task(), which(), reports()).prop_map(|(task, run, report)| Op::Process(task, run, report)),
        4 => (task(), 0..4_u8).prop_map(|(task, key)| Op::Process(task, Which::Current, Report::SubtaskAsked(key))),
        3 => (task(), which()).prop_map(|(task, timer)| Op::Fire(task, timer)),
        1 => task().prop_map(Op::Cancel),
        1 => task().prop_map(Op::QuitNow),
        2 => task().prop_map(Op::Retry),
        1 => (task(), any::<bool>()).prop_map(|(task, replace)| Op::Message(task, replace)),
        1 => (task(), hold()).prop_map(|(task, hold)| Op::Hold(task, hold)),
        2 => (task(), hold()).prop_map(|(task, hold)| Op::Release(task, hold)),
        3 => (task(), which(), 0..6_usize).prop_map(|(task, question, choice)| Op::Answer(task, question, choice)),
        5 => (task(), which(), verdicts(), 0..4_u8).prop_map(|(task, which, verdict, how)| Op::Decide(task, which, verdict, how)),
        3 => (0..200_u64).prop_map(Op::Pass),
        1 => (0..900_u64, -900..900_i64).prop_map(|(slept, set_by)| Op::Gap(slept, set_by)),
    ]
}

fn which() -> impl Strategy<Value = Which> {
    prop_oneof![4 => Just(Which::Current), 1 => (0..8_u32).prop_map(Which::Any)]
}

fn reports() -> impl Strategy<Value = Report> {
    let exit = prop_oneof![
        Just(Exit::Code(0)),
        Just(Exit::Code(0)),
        Just(Exit::Code(3)),
        Just(Exit::Code(3)),
        Just(Exit::Signal(9))
    ];
    let death = prop_oneof![Just(Death::EngineDied), Just(Death::EngineStopped), Just(Death::SupervisorDied)];
    prop_oneof![
        1 => Just(Report::StartFailed),
        1 => Just(Report::NoCredential),
        4 => (exit, any::<bool>()).prop_map(|(exit, gone)| Report::Exited(exit, gone)),
        2 => Just(Report::Gone),
        1 => Just(Report::Stuck),
        1 => death.prop_map(Report::Lost),
        3 => Just(Report::Silent),
        3 => Just(Report::Spoke),
        3 => turns().prop_map(Report::TurnEnded),
        1 => any::<bool>().prop_map(Report::Aside),
        1 => Just(Report::WindUpFailed),
        3 => Just(Report::Asked),
        5 => approval_reports().prop_map(Report::ApprovalAsked),
        3 => (0..4_u32).prop_map(Report::AskerGone),
        1 => Just(Report::Progressed),
        2 => any::<bool>().prop_map(Report::Finished),
        1 => any::<bool>().prop_map(Report::WakeAsked),
    ]
}

fn turns() -> impl Strategy<Value = Turn> {
    prop_oneof![
        3 => Just(Turn::Continue),
        1 => Just(Turn::Done),
        1 => Just(Turn::Blocked),
        1 => Just(Turn::Failed),
        2 => Just(Turn::Ask),
        1 => Just(Turn::Wake),
        1 => Just(Turn::Subtasks),
        2 => Just(Turn::Await),
        1 => Just(Turn::Unreadable),
        2 => Just(Turn::Unmet),
        2 => Just(Turn::WindsUp),
    ]
}

fn response(turn: Turn, world: &World) -> Result<Box<Response>, String> {
    let json = match turn {
        Turn::Continue => r#"{"status":"continue","summary":"Half of it."}"#,
        Turn::Done | Turn::Unmet | Turn::WindsUp => r#"{"status":"done","summary":"All of it."}"#,
        Turn::Blocked => r#"{"status":"blocked","summary":"No key."}"#,
        Turn::Failed => r#"{"status":"failed","summary":"It cannot be done."}"#,
        Turn::Ask => r#"{"status":"continue","question":{"question":"Which?","options":["perhaps"]}}"#,
        Turn::Wake => r#"{"status":"continue","wake":{"after_s":100,"why":"the build is slow"}}"#,
        Turn::Subtasks => r#"{"status":"done","subtasks":[{"brief":"one","key":"1"},{"brief":"other"}]}"#,
        Turn::Await => r#"{"status":"continue","wake":{"when_subtasks_end":true}}"#,
        Turn::Unreadable => "{",
    };
    let mut response: Response = serde_json::from_str(json).map_err(|error| error.to_string())?;
    for wish in &mut response.subtasks {
        wish.id = Some(world.fresh_id());
    }
    Ok(Box::new(response))
}

pub struct World {
    pub slots: u32,
    pub now: Timestamp,
    pub tasks: Vec<Task>,
    /// Ids that were drawn, whether a task came of them or not.
    ids: Cell<usize>,
    runs: Vec<RunId>,
    /// They have given their slot back while they wait for the person.
    yielded: BTreeSet<RunId>,
    pub history: Vec<Taken>,
}

/// One event that met one task.
pub struct Taken {
    pub task: usize,
    /// `None`: the task was accepted by this.
    pub before: Option<Task>,
    pub event: Option<Event>,
    pub now: Timestamp,
    pub result: Result<Step, Refused>,
    /// How many runs of the whole world hold a slot afterwards.
    pub runs_held: usize,
    pub leases: Vec<Held>,
}

impl World {
    pub fn play(plan: &Plan) -> World {
        let now = Timestamp::from_millis(1_800_000_000_000);
        let mut world = World {
            slots: plan.slots,
            now,
            tasks: Vec::new(),
            ids: Cell::default(),
            runs: Vec::new(),
            yielded: BTreeSet::new(),
            history: Vec::new(),
        };
        for task in &plan.tasks {
            world.accept(task);
        }
        for op in &plan.ops {
            world.perform(op);
        }
        world
    }

    fn accept(&mut self, plan: &TaskPlan) {
        let known = |task: &Task| Dependency {
            ended: task.state.is_final().then_some(task.state),
            ..Dependency::on(task.id.clone())
        };
        let after = self.tasks.iter().enumerate().filter(|(n, _)| plan.after & (1 << n) != 0);
        let after = after.map(|(_, task)| known(task)).collect();
        let start = plan.start_in.map(|wait| self.now.plus(Duration::from_secs(wait)));
        let id = self.fresh_id();
        let mut step = accept(id, plan.policy.clone(), plan.worker, start, after, self.now);
        step.task.depth = plan.depth;
        self.tasks.push(step.task.clone());
        self.written(step);
    }

    fn fresh_id(&self) -> TaskId {
        self.ids.set(self.ids.get() + 1);
        id(self.ids.get() - 1)
    }

    /// The newest task.
    fn written(&mut self, step: Step) {
        let task = self.tasks.len() - 1;
        let (now, runs_held, leases) = (self.now, self.runs_held(), self.leases());
        self.history.push(Taken {
            task,
            before: None,
            event: None,
            now,
            result: Ok(step),
            runs_held,
            leases,
        });
    }

    fn perform(&mut self, op: &Op) {
        let by = || By::at(Surface::Terminal);
        let n = |n: &usize| n % self.tasks.len();
        let (task, event) = match op {
            Op::Pass(seconds) => {
                self.now = self.now.plus(Duration::from_secs(*seconds));
                return;
            }
            Op::Gap(slept, set_by) => {
                let gap = Gap { slept: Duration::from_secs(*slept), set_by: set_by * 1_000 };
                self.now = self.now.shifted(gap.shift());
                return (0..self.tasks.len()).for_each(|task| self.happen(task, Event::ClockGap { gap }));
            }
            Op::Dispatch => return self.dispatch(),
            Op::Process(task, which, report) => {
                let run = match (which, &self.tasks[n(task)].run) {
                    (Which::Current, Some(run)) => run.id,
                    (Which::Current, None) => return,
                    (Which::Any(_), _) if self.runs.is_empty() => return,
                    (Which::Any(any), _) => self.runs[*any as usize % self.runs.len()],
                };
                (n(task), self.report(n(task), run, report))
            }
            Op::Fire(task, which) => {
                let timer = match (which, self.tasks[n(task)].timers.as_slice()) {
                    (Which::Current, []) => return,
                    (Which::Current, [timer, ..]) => timer.id,
                    (Which::Any(any), _) => *any,
                };
                (n(task), Event::TimerFired { timer, tail: tail() })
            }
            Op::Answer(task, which, choice) => {
                const CHOICES: [&str; 6] =
                    ["run_anyway", " Wait for a retry", "CANCEL", "keep_waiting", "Stop it", "perhaps"];
                let (question, choice) = match (which, self.tasks[n(task)].questions.as_slice()) {
                    (Which::Current, []) => return,
                    (Which::Current, [open, ..]) if open.choices.is_empty() => (open.n, "perhaps"),
                    (Which::Current, [open, ..]) => {
                        (open.n, open.choices[choice % open.choices.len()].name())
                    }
                    (Which::Any(any), _) => (*any, CHOICES[choice % CHOICES.len()]),
                };
                (n(task), Event::Answer { question, answer: Answer::text(choice), by: by() })
            }
            Op::Decide(task, which, verdict, how) => {
                let open = self.tasks[n(task)].questions.iter().find(|open| open.approval.is_some());
                let question = match (which, open) {
                    (Which::Current, None) => return,
                    (Which::Current, Some(open)) => open.n,
                    (Which::Any(any), _) => *any,
                };
                let decision = crate::approvals::decision(*verdict, *how, self.now);
                (n(task), Event::Answer { question, answer: Answer::Decision(Box::new(decision)), by: by() })
            }
            Op::Cancel(task) => (n(task), Event::Cancel { by: by() }),
            Op::QuitNow(task) => (n(task), Event::QuitNow),
            Op::Message(task, replace) => {
                (n(task), Event::Message { text: "Paint it blue".into(), replace: *replace, by: by() })
            }
            Op::Retry(task) => (n(task), Event::Retry { by: by() }),
            Op::Hold(task, hold) => (n(task), Event::Hold { hold: *hold, by: Some(by()) }),
            Op::Release(task, hold) => (n(task), Event::Release { hold: *hold, by: None }),
        };
        self.happen(task, event);
    }

    fn report(&self, task: usize, run: RunId, report: &Report) -> Event {
        match report {
            Report::StartFailed => Event::StartFailed { run, error: StartError::ProgramMissing },
            Report::NoCredential => {
                Event::StartFailed { run, error: StartError::Credential("It is locked.".into()) }
            }
            Report::Exited(exit, gone) => {
                // Every now and then one whose success is not believed.
                let met = self.now.as_millis() % 7_000 > 1_000;
                let checks = vec![Check { what: "make test".into(), met, note: None }];
                Event::Exited { run, exit: *exit, tail: tail(), gone: *gone, checks }
            }
            Report::Gone => Event::Gone { run },
            Report::Stuck => Event::Stuck { run, processes: 2 },
            Report::Lost(death) => Event::Lost { run, death: *death, tail: tail() },
            Report::Silent => Event::Silent { run, since: self.now },
            Report::Spoke => Event::Spoke { run },
            Report::TurnEnded(turn) => {
                let check = Check { what: "make test".into(), met: false, note: None };
                let unmet = matches!(turn, Turn::Unmet);
                let afterwards = Afterwards {
                    checks: unmet.then_some(check).into_iter().collect(),
                    winds_up: matches!(turn, Turn::WindsUp),
                    ..Afterwards::default()
                };
                let response = response(*turn, self);
                Event::TurnEnded { run, exit: Exit::Code(0), response, tail: tail(), afterwards }
            }
            Report::Aside(begins) => {
                let doing = Aside { part: Part::StopCheck, command: "make test".into() };
                Event::Aside { run, doing: begins.then_some(doing) }
            }
            Report::WindUpFailed => Event::WindUpFailed { run, text: "after_run failed".into() },
            Report::Asked => {
                let ask = Ask {
                    text: "Which?".into(),
                    options: vec!["perhaps".into()],
                    open: false,
                    ..Ask::default()
                };
                Event::Asked { run, ask }
            }
            Report::ApprovalAsked(wanted) => request(run, wanted, self.history.len() as u32),
            Report::AskerGone(any) => {
                let open = self.tasks[task].questions.first().map(|question| question.n);
                Event::AskerGone { run, question: open.filter(|_| *any > 0).unwrap_or(*any) }
            }
            Report::Progressed => Event::Progressed {
                run,
                checkpoint: Checkpoint { note: "half of it".into(), percent: Some(50) },
            },
            Report::Finished(notify) => Event::Finished {
                run,
                finish: Finish { report: "Done.".into(), notify: Some(*notify), ..Finish::default() },
            },
            Report::WakeAsked(on_subtasks) => Event::WakeAsked {
                run,
                wake: Wake {
                    at: (!on_subtasks).then_some(self.now),
                    when_subtasks_end: *on_subtasks,
                    why: "the build is slow".into(),
                    follow_up: None,
                },
            },
            Report::SubtaskAsked(key) => Event::SubtaskAsked {
                run,
                wish: Box::new(SubtaskWish {
                    id: Some(self.fresh_id()),
                    brief: Some(if *key == 1 { "one" } else { "other" }.into()),
                    // The same key for two kinds of work.
                    key: (*key > 0).then(|| format!("{}", *key % 2)),
                    ..SubtaskWish::default()
                }),
            },
        }
    }

    fn dispatch(&mut self) {
        let (held, queue) = (self.leases(), self.queue());
        for task in admit(self.admission(&held), &queue) {
            let run = RunId::from_u128(self.runs.len() as u128 + 1);
            self.runs.push(run);
            let n = self.tasks.iter().position(|other| other.id == task).unwrap();
            self.happen(n, Event::Admitted { run });
        }
    }

    pub fn admission<'a>(&self, leases: &'a [Held]) -> errand_model::World<'a> {
        let held_slots = self.runs_held() as u32;
        errand_model::World {
            slots: self.slots,
            held_slots,
            leases,
            paused: false,
            quitting: false,
            disk_full: false,
        }
    }

    pub fn queue(&self) -> Vec<Candidate> {
        let queued = self.tasks.iter().enumerate().filter(|(_, task)| task.state == State::Queued);
        let mut queue: Vec<(Rank, Candidate)> = queued
            .map(|(n, task)| {
                let rank = Rank::new(task.policy.priority, task.is_resumed(), n as i64);
                let ending = task.run.is_some();
                let (holds, lease) = (task.holds, task.policy.lease.clone());
                (rank, Candidate { task: task.id.clone(), holds, ending, lease })
            })
            .collect();
        queue.sort_by_key(|(rank, _)| *rank);
        queue.into_iter().map(|(_, candidate)| candidate).collect()
    }

    /// What the runs hold whose processes may exist.
    pub fn leases(&self) -> Vec<Held> {
        let held = self.tasks.iter().filter_map(|task| {
            let (run, lease) = (task.run.as_ref()?.id, task.policy.lease.clone()?);
            Some(Held { run, task: task.id.clone(), lease })
        });
        held.collect()
    }

    pub fn runs_held(&self) -> usize {
        let runs = self.tasks.iter().filter_map(|task| task.run.as_ref());
        runs.filter(|run| !self.yielded.contains(&run.id)).count()
    }

    /// One event, and what the tasks that wait for this one hear because of it.
    pub fn happen(&mut self, task: usize, event: Event) {
        let parent = self.tasks[task].parent.clone();
        let orphan =
            self.tasks.iter().any(|other| Some(&other.id) == parent.as_ref() && other.state.is_final());
        // The transaction that would write it refuses that: only there it is known for certain.
        if orphan && matches!(event, Event::Retry { .. } | Event::Message { .. }) {
            return;
        }
        let mut events = VecDeque::from([(task, event)]);
        while let Some((task, event)) = events.pop_front() {
            let before = self.tasks[task].clone();
            let result = step(&before, event.clone(), self.now);
            let mut begun = Vec::new();
            if let Ok(step) = &result {
                self.tasks[task] = step.task.clone();
                for effect in &step.effects {
                    match effect {
                        Effect::Yield { run } => _ = self.yielded.insert(*run),
                        Effect::Take { run } | Effect::Free { run } => _ = self.yielded.remove(run),
                        Effect::BeginSubtask(wish) => {
                            begun.push((wish.id.clone().unwrap(), step.task.clone()))
                        }
                        _ => {}
                    }
                }
                if step.effects.contains(&Effect::TellDependents) {
                    let told = self.tasks[task].clone();
                    events.extend(self.news_in_the_family(&told));
                    for (n, other) in self.tasks.iter().enumerate() {
                        if other.after.iter().any(|dependency| dependency.task == told.id) {
                            events.push_back((n, news_of(&told)));
                        }
                    }
                }
            }
            let (now, runs_held, leases) = (self.now, self.runs_held(), self.leases());
            let (before, event) = (Some(before), Some(event));
            self.history.push(Taken { task, before, event, now, result, runs_held, leases });
            for (id, parent) in begun {
                let step = accept_subtask(id, &parent, true, self.now);
                self.tasks.push(step.task.clone());
                self.written(step);
            }
        }
    }

    /// What the parent and the sub-tasks of a task hear when it has ended or is open again.
    fn news_in_the_family(&self, told: &Task) -> Vec<(usize, Event)> {
        let mut news = Vec::new();
        for (n, other) in self.tasks.iter().enumerate() {
            let (task, state) = (told.id.clone(), told.state);
            if told.parent.as_ref() == Some(&other.id) {
                let ended = Event::ChildEnded { task: task.clone(), state };
                news.push((n, if state.is_final() { ended } else { Event::ChildReopened { task } }));
            } else if other.parent.as_ref() == Some(&task) && state.is_final() {
                news.push((n, Event::CalledOff { why: CallOff::after(state) }));
            }
        }
        news
    }

    /// A round in which everything goes well.
    pub fn go_on(&mut self) {
        self.now = self.now.plus(Duration::from_secs(10_000));
        for n in 0..self.tasks.len() {
            for hold in self.tasks[n].holds.iter().collect::<Vec<_>>() {
                self.happen(n, Event::Release { hold, by: None });
            }
            let due = self.tasks[n].timers.iter().find(|timer| timer.kind == TimerKind::Start);
            if let Some(timer) = due.map(|timer| timer.id) {
                self.happen(n, Event::TimerFired { timer, tail: tail() });
            }
            if let Some(open) = self.tasks[n].questions.first() {
                let choice = open.choices.first().map_or("perhaps", |choice| choice.name());
                let answer = match &open.approval {
                    Some(_) => Answer::Decision(Box::new(crate::approvals::approved())),
                    None => Answer::text(choice),
                };
                let event = Event::Answer { question: open.n, answer, by: By::at(Surface::Window) };
                self.happen(n, event);
            }
            let task = self.tasks[n].clone();
            if task.state == State::Waiting && task.reason == Reason::WaitForRetry {
                // Only its person could go on with that.
                self.happen(n, Event::Cancel { by: By::at(Surface::Window) });
            } else {
                // What it missed while it was over.
                for open in task.after.iter().filter(|dep| !dep.is_met() && dep.ended.is_none()) {
                    let state =
                        self.tasks.iter().find(|other| other.id == open.task).map(|other| other.state);
                    if let Some(state) = state.filter(|state| state.is_final()) {
                        self.happen(n, Event::DependencyEnded { task: open.task.clone(), state });
                    }
                }
            }
            let run = self.tasks[n].run.as_ref();
            match run.map(|run| (run.id, run.stage)) {
                Some((run, Stage::Ending)) => self.happen(n, Event::Gone { run }),
                Some((run, Stage::Starting)) => {
                    self.happen(
                        n,
                        Event::Exited {
                            run,
                            exit: Exit::Code(0),
                            tail: tail(),
                            gone: true,
                            checks: Vec::new(),
                        },
                    );
                }
                None => {}
            }
        }
        self.dispatch();
    }

    /// The events that met a task that was there already, with the task before each of them.
    pub fn events(&self) -> impl Iterator<Item = (&Taken, &Task, &Event)> {
        self.history.iter().filter_map(|taken| Some((taken, taken.before.as_ref()?, taken.event.as_ref()?)))
    }

    /// Those of them that changed something, with the step.
    pub fn changes(&self) -> impl Iterator<Item = (&Task, &Event, &Step)> {
        self.events().filter_map(|(taken, before, event)| Some((before, event, taken.result.as_ref().ok()?)))
    }

    /// Everything that one task became, from its acceptance on.
    pub fn life(&self, task: usize) -> impl Iterator<Item = &Step> {
        self.history
            .iter()
            .filter(move |taken| taken.task == task)
            .filter_map(|taken| taken.result.as_ref().ok())
    }

    /// Every task as it was at any time.
    pub fn all_tasks(&self) -> impl Iterator<Item = &Task> {
        self.history.iter().filter_map(|taken| Some(&taken.result.as_ref().ok()?.task))
    }
}

fn news_of(task: &Task) -> Event {
    match task.state.is_final() {
        true => Event::DependencyEnded { task: task.id.clone(), state: task.state },
        false => Event::DependencyReopened { task: task.id.clone() },
    }
}

fn id(n: usize) -> TaskId {
    TaskId::try_from(format!("calm-owl-{}", 100 + n)).unwrap()
}

pub fn tail() -> Tail {
    Tail { output: "half done\n".into(), ..Tail::default() }
}

/// The run that an event speaks of.
pub fn run_of(event: &Event) -> Option<RunId> {
    match event {
        Event::StartFailed { run, .. }
        | Event::Exited { run, .. }
        | Event::Gone { run }
        | Event::Stuck { run, .. }
        | Event::Lost { run, .. }
        | Event::Silent { run, .. }
        | Event::Spoke { run }
        | Event::TurnEnded { run, .. }
        | Event::Parked { run, .. }
        | Event::Aside { run, .. }
        | Event::WindUpFailed { run, .. }
        | Event::Asked { run, .. }
        | Event::ApprovalAsked { run, .. }
        | Event::AskerGone { run, .. }
        | Event::Progressed { run, .. }
        | Event::Deed { run, .. }
        | Event::Finished { run, .. }
        | Event::WakeAsked { run, .. }
        | Event::SubtaskAsked { run, .. } => Some(*run),
        Event::Admitted { .. }
        | Event::TimerFired { .. }
        | Event::ClockGap { .. }
        | Event::DependencyEnded { .. }
        | Event::DependencyReopened { .. }
        | Event::ChildEnded { .. }
        | Event::ChildReopened { .. }
        | Event::CalledOff { .. }
        | Event::Hold { .. }
        | Event::Release { .. }
        | Event::Cancel { .. }
        | Event::QuitNow
        | Event::Answer { .. }
        | Event::Retry { .. }
        | Event::Message { .. } => None,
    }
}

/// It asks, and its process waits for the answer; that needs no slot.
pub fn waits_with_its_process(task: &Task) -> bool {
    task.run.as_ref().is_some_and(|run| run.stage == Stage::Starting && run.working_since.is_none())
}

pub fn is_active(task: &Task) -> bool {
    task.run.as_ref().is_some_and(|run| run.stage == Stage::Starting)
}

pub fn deliveries(step: &Step, kind: DeliveryKind) -> usize {
    step.effects.iter().filter(|effect| **effect == Effect::Deliver(kind)).count()
}

pub fn artifacts(step: &Step) -> Vec<&Artifact> {
    let files = step.effects.iter();
    files
        .filter_map(|effect| if let Effect::File(artifact) = effect { Some(artifact) } else { None })
        .collect()
}
