mod archive;
mod backup;
mod credentials;
mod family;
mod full;
mod grants;
mod keys;
mod lists;
mod logs;
mod migrations;
mod opening;
mod removal;
mod tasks;
mod transitions;
mod writing;

use std::path::{Path, PathBuf};

use errand_base::{RunId, TaskId, Timestamp};
use errand_model::{Holds, Origin, Policy, Program, Reason, State, Task, Work};
use tempfile::TempDir;

use crate::{Inserted, NewTask, Options, Store, StoreError, WriteTx};

pub(super) const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);

pub(super) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(NOW.as_millis() + millis)
}

pub(super) fn open(folder: &Path) -> Store {
    let opened = Store::open(Options::new(folder), NOW).unwrap();
    assert_eq!(opened.report, []);
    opened.store
}

pub(super) fn fresh() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    (folder, store)
}

pub(super) fn id(text: &str) -> TaskId {
    TaskId::try_from(text.to_owned()).unwrap()
}

pub(super) fn run_id(n: u128) -> RunId {
    RunId::from_u128(n)
}

pub(super) fn task(name: &str) -> Task {
    Task {
        id: id(name),
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
        executed: std::time::Duration::ZERO,
        questions: Vec::new(),
        next_question: 1,
        timers: Vec::new(),
        next_timer: 1,
        talk: errand_model::Talk::default(),
        reason: Reason::Accepted,
        reason_text: "Accepted".into(),
    }
}

pub(super) fn work(command: &str) -> Work {
    let argv = command.split(' ').map(str::to_owned).collect();
    let env = vec![("LANG".into(), "C".into()), ("PATH".into(), "/bin".into())];
    Work::Program(Program {
        argv,
        cwd: PathBuf::from("/home/me"),
        within: None,
        env,
        secrets: Vec::new(),
        brief: None,
        execution: Default::default(),
        allow: Vec::new(),
        around: Default::default(),
    })
}

pub(super) fn insert(tx: &mut WriteTx<'_>, task: &Task, command: &str) -> Result<i64, StoreError> {
    let new = NewTask {
        task,
        title: command,
        work: &work(command),
        command,
        labels: &[],
        has_folder: false,
        origin: Origin::Person,
        key: None,
        fingerprint: command,
        now: NOW,
    };
    match tx.tasks().insert(&new)? {
        Inserted::New { seq } => Ok(seq),
        other => panic!("not inserted: {other:?}"),
    }
}

pub(super) fn first(task: i64) -> crate::RunKey {
    crate::RunKey { task, n: 1 }
}

/// The next version of a task in another state.
pub(super) fn moved(task: &Task, state: State) -> Task {
    Task { state, version: task.version + 1, ..task.clone() }
}
