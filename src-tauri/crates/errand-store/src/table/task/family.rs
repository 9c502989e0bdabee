//! Tasks and their sub-tasks.

use errand_base::TaskId;
use errand_model::{Child, State, Task};
use rusqlite::{Connection, params};

use crate::StoreError;
use crate::table::Tasks;
use crate::table::names::{Columns, all, first};

/// A task below another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kin {
    pub seq: i64,
    pub id: TaskId,
    pub depth: u32,
    pub title: String,
    pub state: State,
    /// What came of it in one line, or the reason for its state.
    pub outcome: String,
    /// Processes of it may be there.
    pub has_run: bool,
}

impl Kin {
    /// It has ended and nothing of it is left.
    pub fn is_over(&self) -> bool {
        self.state.is_final() && !self.has_run
    }
}

/// The task that a person knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    pub seq: i64,
    pub id: TaskId,
    pub title: String,
}

/// What a parent has not heard of a sub-task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missed {
    pub parent: TaskId,
    pub task: TaskId,
    pub state: State,
}

/// All below `?1`.
macro_rules! below {
    () => {
        "WITH RECURSIVE below(seq) AS (SELECT c.seq FROM task c WHERE c.parent = ?1 UNION ALL \
         SELECT c.seq FROM below b JOIN task c ON c.parent = b.seq) "
    };
}

/// The tasks of persons that ask something, or below which something is asked.
pub(in crate::table) const ASKING: &str = "WITH RECURSIVE up(seq, parent) AS (SELECT t.seq, t.parent FROM question q JOIN task t ON t.seq = q.task \
     WHERE q.state = 'open' UNION SELECT p.seq, p.parent FROM up JOIN task p ON p.seq = up.parent) \
     SELECT seq FROM up WHERE parent IS NULL";

/// How many questions are open at the task `t` and below it.
pub(in crate::table) const OPEN_QUESTIONS: &str = "(WITH RECURSIVE tree(seq) AS (SELECT t.seq UNION ALL SELECT c.seq FROM tree JOIN task c ON c.parent = tree.seq) \
     SELECT count(*) FROM tree JOIN question q ON q.task = tree.seq WHERE q.state = 'open')";

/// No task below `task` is at work or has processes left.
pub(in crate::table) const NONE_BELOW_AT_WORK: &str = "NOT EXISTS (WITH RECURSIVE below(seq) AS (SELECT c.seq FROM task c WHERE c.parent = task.seq UNION ALL \
     SELECT c.seq FROM below b JOIN task c ON c.parent = b.seq) SELECT 1 FROM below b JOIN task c ON c.seq = b.seq \
     WHERE c.ended_at IS NULL OR c.run_id IS NOT NULL)";

impl Tasks<'_> {
    /// Its own sub-tasks, in the order in which they were written down.
    pub fn subtasks_of(&self, seq: i64) -> Result<Vec<Kin>, StoreError> {
        let sql = "SELECT seq, id, depth, title, state, coalesce(outcome, reason_text), run_id IS NOT NULL FROM task \
                   WHERE parent = ?1 ORDER BY seq";
        Ok(all!(self.conn, sql, [seq], read))
    }

    /// All below it, so that each comes before its parent.
    pub fn below(&self, seq: i64) -> Result<Vec<Kin>, StoreError> {
        let sql = concat!(
            below!(),
            "SELECT t.seq, t.id, t.depth, t.title, t.state, coalesce(t.outcome, t.reason_text), t.run_id IS NOT NULL \
             FROM below b JOIN task t ON t.seq = b.seq ORDER BY t.depth DESC, t.seq DESC"
        );
        Ok(all!(self.conn, sql, [seq], read))
    }

    /// The task at the top, which is the task itself if a person has handed it over.
    pub fn root_of(&self, seq: i64) -> Result<Option<Root>, StoreError> {
        let sql = "WITH RECURSIVE up(seq, parent) AS (SELECT seq, parent FROM task WHERE seq = ?1 UNION ALL \
                   SELECT p.seq, p.parent FROM up JOIN task p ON p.seq = up.parent) \
                   SELECT t.seq, t.id, t.title FROM up JOIN task t ON t.seq = up.seq WHERE up.parent IS NULL";
        Ok(first!(self.conn, sql, [seq], |row| -> Result<_, StoreError> {
            let mut columns = Columns::of("task", row);
            Ok(Root { seq: columns.get()?, id: columns.task_id()?, title: columns.get()? })
        }))
    }

    /// Sub-tasks that go on although their parent has ended like this: an engine died in between.
    pub fn orphans(&self) -> Result<Vec<(TaskId, State)>, StoreError> {
        let sql = "SELECT c.id, p.state FROM task c JOIN task p ON p.seq = c.parent \
                   WHERE c.ended_at IS NULL AND c.parent IS NOT NULL AND p.ended_at IS NOT NULL ORDER BY c.seq";
        Ok(all!(self.conn, sql, [], |row| -> Result<_, StoreError> {
            let mut columns = Columns::of("task", row);
            Ok((columns.task_id()?, columns.name()?))
        }))
    }

    /// What tasks that go on have not heard of their sub-tasks.
    pub fn missed_of_subtasks(&self) -> Result<Vec<Missed>, StoreError> {
        let sql = "SELECT p.id, c.id, c.state FROM subtask s JOIN task p ON p.seq = s.parent \
                   JOIN task c ON c.id = s.task WHERE p.ended_at IS NULL \
                   AND s.ended IS NOT (CASE WHEN c.ended_at IS NOT NULL THEN c.state END) ORDER BY c.seq";
        Ok(all!(self.conn, sql, [], |row| -> Result<_, StoreError> {
            let mut columns = Columns::of("subtask", row);
            Ok(Missed { parent: columns.task_id()?, task: columns.task_id()?, state: columns.name()? })
        }))
    }
}

fn read(row: &rusqlite::Row<'_>) -> Result<Kin, StoreError> {
    let mut columns = Columns::of("task", row);
    Ok(Kin {
        seq: columns.get()?,
        id: columns.task_id()?,
        depth: columns.get()?,
        title: columns.get()?,
        state: columns.name()?,
        outcome: columns.get()?,
        has_run: columns.get()?,
    })
}

/// What a task knows of its sub-tasks.
pub(super) fn known_to(conn: &Connection, seq: i64) -> Result<Vec<Child>, StoreError> {
    let sql = "SELECT task, generation, key, fingerprint, ended FROM subtask WHERE parent = ?1 ORDER BY n";
    Ok(all!(conn, sql, [seq], |row| -> Result<_, StoreError> {
        let mut columns = Columns::of("subtask", row);
        Ok(Child {
            task: columns.task_id()?,
            generation: columns.get()?,
            key: columns.get()?,
            // The database has no numbers without a sign.
            fingerprint: columns.get::<i64>()?.cast_unsigned(),
            ended: columns.name_or_none()?,
        })
    }))
}

/// They only ever become more; what is known of them changes.
pub(super) fn write(conn: &Connection, seq: i64, task: &Task) -> Result<(), StoreError> {
    for (n, child) in task.children.iter().enumerate() {
        conn.prepare_cached(
            "INSERT INTO subtask VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO UPDATE \
             SET ended = excluded.ended WHERE ended IS NOT excluded.ended",
        )?
        .execute(params![
            seq,
            n as i64,
            child.task.as_str(),
            child.generation,
            child.key,
            child.fingerprint.cast_signed(),
            child.ended.map(State::name),
        ])?;
    }
    Ok(())
}
