//! How fast the store is beside the bare statements: `cargo xtask bench store`.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench prints, and stops when it cannot go on"
)]

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use errand_base::{Clock, RunId, SystemClock, TaskId, Timestamp};
use errand_model::{Holds, Origin, Policy, Program, Reason, State, Subject, Talk, Task, Transition, Work};
use errand_store::{
    Filter, Inserted, LogRecord, LogRun, LogStart, NewTask, Options, Store, StoreError, Stream, WriteTx,
};

const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let scratch = tempfile::tempdir()?;
    let folder = scratch.path().to_owned();
    let count = 100_000;
    let clock = SystemClock::default();
    let rate = |name: &str, count: usize, took: Duration| {
        println!(
            "{name:<58} {:>10.0} /s   {:>9.1} µs each",
            count as f64 / took.as_secs_f64(),
            micros(took, count)
        );
    };

    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    for pass in 1..=2 {
        let (count, took) = bare(&folder.join(format!("bare{pass}.db")), &clock)?;
        rate("bare rusqlite: update + insert, one commit each", count, took);
    }

    let store = Store::open(Options::new(folder.join("data")), NOW)?.store;
    let mut tasks = Vec::new();
    let start = clock.awake();
    for chunk in 0..count / 1_000 {
        let chunk: Vec<Task> = (0..1_000).map(|n| task(chunk * 1_000 + n)).collect::<Outcome<_>>()?;
        tasks.extend(chunk.iter().cloned());
        runtime.block_on(store.write(move |tx| chunk.iter().try_for_each(|task| insert(tx, task))))?;
    }
    rate("new tasks, 1,000 per job", count, clock.awake() - start);

    // Warm the log once, as a store that runs for a minute has.
    single(&store, &mut tasks, 0..500, &clock)?;
    for _ in 0..3 {
        rate(
            "store: one transition per commit, waiting for each",
            4_500.min(count) - 500,
            single(&store, &mut tasks, 500..4_500.min(count), &clock)?,
        );
    }
    for _ in 0..3 {
        rate(
            "store: transitions in groups",
            60_000.min(count),
            grouped(&store, &mut tasks, 60_000.min(count), &clock)?,
        );
    }
    let start = clock.awake();
    for n in 0..500 {
        let task = task(count + n)?;
        runtime.block_on(store.write(move |tx| insert(tx, &task)))?;
    }
    rate("store: one new task per commit, waiting for each", 500, clock.awake() - start);

    runtime.block_on(store.indexed());
    lists(&store, &runtime, count as i64)?;
    bare_pages(&folder.join("data/errand.db"), &clock)?;
    logs(&store, &runtime, &clock)?;
    bare_append(&folder.join("bare.log"), &clock)?;

    let start = clock.awake();
    let copy = runtime.block_on(store.backup(folder.join("copy.db")))?;
    println!("backup of {} MB: {:?}", copy.bytes >> 20, clock.awake() - start);
    store.close();
    let start = clock.awake();
    let store = Store::open(Options::new(folder.join("data")), NOW)?.store;
    println!("open with {count} tasks: {:?}", clock.awake() - start);
    store.close();
    Ok(())
}

fn micros(took: Duration, count: usize) -> f64 {
    took.as_secs_f64() * 1e6 / count as f64
}

/// The least that any store would have to do for one transition, by the same means.
fn bare(path: &Path, clock: &SystemClock) -> Outcome<(usize, Duration)> {
    let conn = rusqlite::Connection::open(path)?;
    conn.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE bare_task (seq INTEGER PRIMARY KEY, state TEXT, version INTEGER, reason TEXT) STRICT;
         CREATE TABLE transition (seq INTEGER PRIMARY KEY, at INTEGER, task TEXT, reason TEXT) STRICT;
         INSERT INTO bare_task SELECT value, 'queued', 1, 'accepted' FROM (WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < 4000) SELECT value FROM n);",
    )?;
    let mut one = |n: usize| -> Outcome<()> {
        conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let sql = "UPDATE bare_task SET state = 'running', version = version + 1, reason = 'admitted' WHERE seq = ?1";
        conn.prepare_cached(sql)?.execute([n as i64])?;
        let sql = "INSERT INTO transition (at, task, reason) VALUES (?1, 'bold-falcon-427', 'admitted')";
        conn.prepare_cached(sql)?.execute([n as i64])?;
        conn.prepare_cached("COMMIT")?.execute([])?;
        Ok(())
    };
    (1..=500).try_for_each(&mut one)?;
    let start = clock.awake();
    (1..=4_000).try_for_each(&mut one)?;
    Ok((4_000, clock.awake() - start))
}

fn task(n: usize) -> Outcome<Task> {
    Ok(Task {
        id: TaskId::try_from(format!("bold-falcon-{n}"))?,
        parent: None,
        depth: 0,
        state: State::Queued,
        version: 1,
        generation: 1,
        holds: Holds::default(),
        policy: Policy::default(),
        start_at: None,
        after: Vec::new(),
        children: Vec::new(),
        failures: 0,
        runs: 0,
        run: None,
        executed: Duration::ZERO,
        questions: Vec::new(),
        next_question: 1,
        timers: Vec::new(),
        next_timer: 1,
        talk: Talk::default(),
        reason: Reason::Accepted,
        reason_text: "It was handed over.".into(),
    })
}

fn insert(tx: &mut WriteTx<'_>, task: &Task) -> Result<(), StoreError> {
    let env = (0..30).map(|n| (format!("VARIABLE_{n}"), "a value of ordinary length".repeat(2))).collect();
    let argv = vec!["make".into(), "-C".into(), "some/folder".into(), task.id.to_string()];
    let command = argv.join(" ");
    let inserted = tx.tasks().insert(&NewTask {
        task,
        title: "Run the tests of the whole project",
        work: &Work::Program(Program {
            argv,
            cwd: "/home/me/project".into(),
            env,
            within: None,
            secrets: Vec::new(),
            brief: None,
            execution: Default::default(),
            allow: Vec::new(),
            around: Default::default(),
        }),
        command: &command,
        labels: &["tests".into()],
        has_folder: false,
        origin: Origin::Person,
        key: None,
        fingerprint: "",
        now: NOW,
    })?;
    debug_assert!(matches!(inserted, Inserted::New { .. }));
    Ok(())
}

/// Moves a task to its next version in one job.
fn advance(store: &Store, seq: i64, task: &mut Task, done: mpsc::Sender<bool>) {
    let before = task.version;
    let to = if task.state == State::Queued { State::Running } else { State::Queued };
    *task = Task { state: to, version: before + 1, reason: Reason::Admitted, ..task.clone() };
    let task = task.clone();
    store.submit(
        move |tx| {
            let won = tx.tasks().advance(seq, before, &task, None, NOW)?;
            let text = "A slot was free.".into();
            let from = if to == State::Running { "queued" } else { "running" };
            let change =
                Transition { subject: Subject::Task, from, to: to.name(), reason: Reason::Admitted, text };
            tx.transitions().record((seq, &task.id), &change, NOW)?;
            Ok(won)
        },
        move |won| {
            let _ = done.send(won.is_ok_and(|won| won));
        },
    );
}

fn single(
    store: &Store,
    tasks: &mut [Task],
    which: std::ops::Range<usize>,
    clock: &SystemClock,
) -> Outcome<Duration> {
    let start = clock.awake();
    for n in which {
        let (done, wait) = mpsc::channel();
        advance(store, n as i64 + 1, &mut tasks[n], done);
        assert!(wait.recv()?, "the compare-and-set was lost");
    }
    Ok(clock.awake() - start)
}

fn grouped(store: &Store, tasks: &mut [Task], count: usize, clock: &SystemClock) -> Outcome<Duration> {
    let start = clock.awake();
    let (done, wait) = mpsc::channel();
    for (n, task) in tasks.iter_mut().enumerate().take(count) {
        advance(store, n as i64 + 1, task, done.clone());
    }
    drop(done);
    assert_eq!(wait.iter().filter(|won| *won).count(), count);
    Ok(clock.awake() - start)
}

fn lists(store: &Store, runtime: &tokio::runtime::Runtime, count: i64) -> Outcome<()> {
    let filter = |search: Option<&str>, states: Vec<State>| Filter {
        search: search.map(str::to_owned),
        states,
        limit: 50,
        ..Filter::default()
    };
    let pages = [
        ("newest 50", filter(None, Vec::new())),
        ("from the middle", Filter { before_seq: Some(count / 2), ..filter(None, Vec::new()) }),
        ("one state", filter(None, vec![State::Running])),
        ("two states", filter(None, vec![State::Running, State::Queued])),
        ("label", Filter { label: Some("tests".into()), ..filter(None, Vec::new()) }),
        ("folder", Filter { folder: Some("/home/me".into()), ..filter(None, Vec::new()) }),
        ("folder without any", Filter { folder: Some("/srv".into()), ..filter(None, Vec::new()) }),
        ("search, a word in all", filter(Some("tests"), Vec::new())),
        ("search, two words in all", filter(Some("tests project"), Vec::new())),
        (
            "search, a word in all, from the middle",
            Filter { before_seq: Some(count / 2), ..filter(Some("tests"), Vec::new()) },
        ),
        ("search, a word in one", filter(Some("77777"), Vec::new())),
        ("search, a word in all, by rank", Filter { by_rank: true, ..filter(Some("tests"), Vec::new()) }),
    ];
    println!("pages of 50 of {count} tasks, inside the reading thread:");
    for (name, page) in pages {
        let took = runtime.block_on(store.read(move |reader| {
            let clock = SystemClock::default();
            reader.tasks().list(&page)?;
            let start = clock.awake();
            let mut rows = 0;
            for _ in 0..20 {
                rows = reader.tasks().list(&page)?.len();
            }
            Ok((rows, micros(clock.awake() - start, 20)))
        }))?;
        println!("  {name:<44} {:>4} rows {:>10.1} µs", took.0, took.1);
    }
    Ok(())
}

fn logs(store: &Store, runtime: &tokio::runtime::Runtime, clock: &SystemClock) -> Outcome<()> {
    let run = LogRun { task: TaskId::try_from("bold-falcon-1".to_owned())?, run: RunId::from_u128(1), n: 1 };
    let block = "a line of output of ordinary length, such as a compiler writes\n".repeat(1_000);
    let count = (300 << 20) / block.len();
    let start = clock.awake();
    runtime.block_on(async {
        for _ in 0..count {
            let record = LogRecord { stream: Stream::Out, at: NOW, bytes: block.clone().into_bytes() };
            store.logs().append(&run, vec![record]).await;
        }
        store.logs().flush().await;
    });
    let took = clock.awake() - start;
    println!("300 MB of output in one run: {took:?} ({:.0} MB/s)", 300.0 / took.as_secs_f64());
    let start = clock.awake();
    let tail = runtime.block_on(store.logs().read(&run.task, LogStart::Tail, 100))?;
    println!("its last {} lines: {:?}", tail.lines.len(), clock.awake() - start);
    Ok(())
}

/// The same pages by the shortest statements over the same rows.
fn bare_pages(database: &Path, clock: &SystemClock) -> Outcome<()> {
    let conn = rusqlite::Connection::open(database)?;
    let columns = "seq, id, title, state, command, reason_text, outcome, created_at, updated_at";
    let newest = format!("SELECT {columns} FROM task ORDER BY seq DESC LIMIT 50");
    let found = format!(
        "SELECT {columns} FROM task WHERE seq IN \
         (SELECT rowid FROM search WHERE search MATCH 'tests' ORDER BY rowid DESC LIMIT 50) ORDER BY seq DESC"
    );
    for (name, sql) in [("bare, newest 50", newest), ("bare, search for a word in all", found)] {
        let mut statement = conn.prepare(&sql)?;
        let mut page = || -> Outcome<usize> {
            let mut rows = statement.query([])?;
            let mut count = 0;
            while let Some(row) = rows.next()? {
                let texts = (row.get::<_, String>(1)?, row.get::<_, String>(2)?, row.get::<_, String>(4)?);
                count += usize::from(!texts.0.is_empty());
            }
            Ok(count)
        };
        page()?;
        let start = clock.awake();
        let mut rows = 0;
        for _ in 0..20 {
            rows = page()?;
        }
        println!("  {name:<44} {rows:>4} rows {:>10.1} µs", micros(clock.awake() - start, 20));
    }
    Ok(())
}

/// The least that keeping output takes: the same blocks at the end of a file.
fn bare_append(path: &Path, clock: &SystemClock) -> Outcome<()> {
    let block = "a line of output of ordinary length, such as a compiler writes\n".repeat(1_000);
    let mut file = std::fs::File::create(path)?;
    let start = clock.awake();
    for _ in 0..(300 << 20) / block.len() {
        file.write_all(block.as_bytes())?;
    }
    let took = clock.awake() - start;
    println!("300 MB appended to a file: {took:?} ({:.0} MB/s)", 300.0 / took.as_secs_f64());
    Ok(())
}
