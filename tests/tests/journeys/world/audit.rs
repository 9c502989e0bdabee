//! After the storm: what the database says, held against what was printed, run and shown.
//!
//! The programs of such a test write down that they ran ([`script`]), so that a second run shows. Each task has a
//! title of its own, by which its notification is known.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OpenFlags};

use super::Home;

const JOURNAL: &str = "journal";

/// A program that leaves a line in the journal, prints one, and then does `rest`.
pub fn script(home: &Home, rest: &str) -> String {
    let journal = home.file(JOURNAL);
    format!(
        "echo \"$ERRAND_TASK $ERRAND_RUN\" >> {}; echo \"work of $ERRAND_TASK\"; {rest}",
        journal.display()
    )
}

#[derive(Debug)]
pub struct Task {
    pub id: String,
    /// It was asked for by another task.
    pub is_part: bool,
    /// It takes turns, and may be started again.
    pub worker: bool,
    pub state: String,
    pub reason: String,
    /// Of its run, if that has one.
    pub report: Option<String>,
    pub deliveries: Vec<Delivery>,
    /// How often its program has begun.
    pub begun: usize,
    /// How often its notification was shown.
    pub showings: u32,
}

#[derive(Debug)]
pub struct Delivery {
    pub kind: String,
    pub state: String,
    pub attempts: u32,
}

/// What a storm came to, for the closing note.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Figures {
    pub tasks: usize,
    pub states: BTreeMap<String, usize>,
    /// Of those that are unknown: the kill fell between the commit of the start and the program.
    pub unknown_and_never_begun: usize,
    pub deliveries: usize,
    pub shown_once: usize,
    /// The kill fell between Notify and its commit.
    pub shown_again: usize,
}

pub fn open(home: &Home) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(home.data().join("errand.db"), flags).unwrap()
}

/// Deliveries that nobody has been told of yet.
pub fn due(home: &Home) -> i64 {
    let sql = "SELECT count(*) FROM delivery WHERE state IN ('pending', 'held', 'showing')";
    open(home).query_row(sql, [], |row| row.get(0)).unwrap()
}

pub fn unfinished(home: &Home) -> i64 {
    let sql = "SELECT count(*) FROM task WHERE ended_at IS NULL OR run_id IS NOT NULL";
    open(home).query_row(sql, [], |row| row.get(0)).unwrap()
}

pub fn read(home: &Home, showings: &BTreeMap<String, u32>) -> Vec<Task> {
    let mut begun: BTreeMap<String, usize> = BTreeMap::new();
    for line in home.lines(JOURNAL) {
        let task = line.split(' ').next().unwrap().to_owned();
        *begun.entry(task).or_default() += 1;
    }
    let conn = open(home);
    let mut deliveries = conn.prepare("SELECT kind, state, attempts FROM delivery WHERE task = ?1").unwrap();
    let mut tasks = conn
        .prepare(
            "SELECT seq, id, title, state, reason, (SELECT report FROM artifact WHERE task = seq AND n = runs), \
             coalesce(talk ->> 'worker', 0), parent IS NOT NULL FROM task ORDER BY seq",
        )
        .unwrap();
    let tasks = tasks.query_map([], |row| {
        let seq: i64 = row.get(0)?;
        let (id, title): (String, String) = (row.get(1)?, row.get(2)?);
        let delivery = |row: &rusqlite::Row<'_>| {
            Ok(Delivery { kind: row.get(0)?, state: row.get(1)?, attempts: row.get(2)? })
        };
        Ok(Task {
            begun: begun.get(&id).copied().unwrap_or_default(),
            showings: showings.get(&title).copied().unwrap_or_default(),
            state: row.get(3)?,
            reason: row.get(4)?,
            report: row.get(5)?,
            worker: row.get(6)?,
            is_part: row.get(7)?,
            deliveries: deliveries.query_map([seq], delivery)?.collect::<Result<_, _>>()?,
            id,
        })
    });
    tasks.unwrap().collect::<Result<_, _>>().unwrap()
}

/// Every promise that a kill could break, after the last engine has settled everything. `printed`: each id that
/// a terminal has printed.
#[track_caller]
pub fn check(home: &Home, printed: &BTreeSet<String>, showings: &BTreeMap<String, u32>) -> Figures {
    let tasks = read(home, showings);
    let known: BTreeSet<String> = tasks.iter().map(|task| task.id.clone()).collect();
    let lost: Vec<_> = printed.difference(&known).collect();
    assert!(lost.is_empty(), "printed, and not there: {lost:?}");
    let mut figures = Figures { tasks: tasks.len(), ..Figures::default() };
    for task in &tasks {
        if task.is_part {
            // The person hears of the whole.
            assert!(task.deliveries.is_empty(), "{task:?}");
            continue;
        }
        check_task(task);
        *figures.states.entry(task.state.clone()).or_default() += 1;
        figures.unknown_and_never_begun += usize::from(task.state == "unknown" && task.begun == 0);
        figures.deliveries += task.deliveries.len();
        figures.shown_once += usize::from(task.showings == 1);
        figures.shown_again += usize::from(task.showings > 1);
    }
    figures
}

#[track_caller]
fn check_task(task: &Task) {
    assert!(task.worker || task.begun <= 1, "ran twice: {task:?}");
    let work = format!("work of {}", task.id);
    match task.state.as_str() {
        "completed" => {
            assert!(task.begun >= 1, "completed without having run: {task:?}");
            assert!(
                task.report.as_ref().is_some_and(|report| report.contains(&work)),
                "no artifact: {task:?}"
            );
        }
        "failed" => assert_eq!((task.begun, task.reason.as_str()), (1, "exit_nonzero"), "{task:?}"),
        "unknown" => {
            let report = task.report.as_ref();
            assert!(report.is_some_and(|report| report.contains("**What is not known.**")), "{task:?}");
            assert!(["engine_died", "supervisor_died"].contains(&task.reason.as_str()), "{task:?}");
        }
        "cancelled" => assert_eq!(task.reason, "cancelled_by_person", "{task:?}"),
        state => panic!("{state} is not an end: {task:?}"),
    }
    // A cancel is not a death: the person knows.
    let wanted = usize::from(task.state != "cancelled");
    // Whether a question was shown before it was withdrawn is a matter of moments.
    let told: Vec<&Delivery> = task.deliveries.iter().filter(|told| told.kind != "question").collect();
    assert_eq!(told.len(), wanted, "{task:?}");
    for delivery in told {
        let kind = if task.state == "completed" { "result" } else { "failure" };
        assert_eq!((delivery.kind.as_str(), delivery.state.as_str()), (kind, "shown"), "{task:?}");
        assert!(task.showings >= 1, "due, and never shown: {task:?}");
        let kills_in_between = delivery.attempts - 1;
        assert!(task.showings - 1 <= kills_in_between, "shown again without a reason: {task:?}");
    }
}
