//! Pages of tasks, newest first. Each path below ends after as many rows as the page has, whatever the size of
//! the table.

use std::path::PathBuf;

use errand_base::{TaskId, Timestamp};
use errand_model::{Holds, Priority, Reason, State};
use rusqlite::ToSql;

use crate::StoreError;
use crate::table::names::{Columns, Named};
use crate::table::task::family::{ASKING, OPEN_QUESTIONS};
use crate::table::{Tasks, search};

/// What a page is made of; everything given must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Any of these; empty is all.
    pub states: Vec<State>,
    pub label: Option<String>,
    /// This folder or one below it.
    pub folder: Option<PathBuf>,
    pub search: Option<String>,
    /// Archived tasks, too.
    pub archived: bool,
    pub subtasks: Subtasks,
    /// The best matches of `search` instead of the newest; such a list has one page.
    pub by_rank: bool,
    pub limit: u32,
    /// The `seq` of the last row of the page before.
    pub before_seq: Option<i64>,
}

/// Which tasks of a family a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subtasks {
    /// Only tasks that a person handed over. One below which something is asked counts as one that needs its person.
    Hidden,
    Shown,
    /// Only those that this task asked for.
    Of(i64),
}

impl Default for Filter {
    fn default() -> Filter {
        Filter {
            states: Vec::new(),
            label: None,
            folder: None,
            search: None,
            archived: false,
            subtasks: Subtasks::Hidden,
            by_rank: false,
            limit: 100,
            before_seq: None,
        }
    }
}

/// A task as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub seq: i64,
    pub id: TaskId,
    pub parent: Option<TaskId>,
    pub title: String,
    pub state: State,
    pub holds: Holds,
    pub reason: Reason,
    pub reason_text: String,
    pub outcome: Option<String>,
    pub command: String,
    pub cwd: String,
    pub labels: Vec<String>,
    pub priority: Priority,
    /// Below it, too.
    pub open_questions: u32,
    pub runs: u32,
    pub start_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub archived_at: Option<Timestamp>,
}

const COLUMNS: &str = "t.seq, t.id, t.title, t.state, t.holds, t.reason, t.reason_text, t.outcome, t.command, t.cwd, \
     t.priority, t.runs, t.start_at, t.created_at, t.updated_at, t.ended_at, t.archived_at, \
     (SELECT p.id FROM task p WHERE p.seq = t.parent), \
     (SELECT json_group_array(label) FROM (SELECT label FROM label l WHERE l.task = t.seq ORDER BY label))";

/// How far back a page is looked for row by row.
const NEAR: i64 = 4_000;

/// Which of the two indexes of states a page is read from.
#[derive(Clone, Copy)]
enum Shelf {
    /// Neither; rows come in another order already.
    Any,
    Open,
    Archived,
}

impl Tasks<'_> {
    pub fn list(&self, filter: &Filter) -> Result<Vec<Row>, StoreError> {
        let every = filter.states.is_empty() || State::ALL.iter().all(|state| filter.states.contains(state));
        let narrowed = filter.label.is_some() || filter.folder.is_some() || filter.search.is_some();
        let narrowed = narrowed || matches!(filter.subtasks, Subtasks::Of(_));
        let states = if every { &[] } else { filter.states.as_slice() };
        if narrowed {
            return self.page(filter, states);
        }
        if every {
            // The newest tasks fill the page, unless most of them are archived.
            let above = (!filter.archived).then_some(self.newest(filter)? - NEAR);
            let rows = self.page_above(filter, &[], Shelf::Any, above)?;
            if above.is_none() || rows.len() == filter.limit as usize {
                return Ok(rows);
            }
        }
        // One state at a time is read in order from its index; several at once would have to be sorted whole.
        let mut states = if every { State::ALL.to_vec() } else { filter.states.clone() };
        states.sort_unstable();
        states.dedup();
        let shelves = if filter.archived { &[Shelf::Open, Shelf::Archived][..] } else { &[Shelf::Open] };
        let mut rows = Vec::new();
        for state in states {
            for shelf in shelves {
                rows.append(&mut self.page_above(filter, &[state], *shelf, None)?);
            }
        }
        rows.sort_unstable_by_key(|row| std::cmp::Reverse(row.seq));
        // One that sleeps while something is asked below it is in two states at once.
        rows.dedup_by_key(|row| row.seq);
        rows.truncate(filter.limit as usize);
        Ok(rows)
    }

    fn page(&self, filter: &Filter, states: &[State]) -> Result<Vec<Row>, StoreError> {
        if filter.folder.is_none() || filter.label.is_some() || filter.search.is_some() {
            return self.page_above(filter, states, Shelf::Any, None);
        }
        // A folder with many tasks fills its page from the newest; one with few is read by its index, which
        // would have to sort all of the many.
        let rows = self.page_above(filter, states, Shelf::Any, Some(self.newest(filter)? - NEAR))?;
        if rows.len() == filter.limit as usize {
            Ok(rows)
        } else {
            self.page_above(filter, states, Shelf::Any, None)
        }
    }

    /// Where the page begins.
    fn newest(&self, filter: &Filter) -> Result<i64, StoreError> {
        match filter.before_seq {
            Some(before) => Ok(before),
            None => Ok(self
                .conn
                .prepare_cached("SELECT coalesce(max(seq), 0) FROM task")?
                .query_row([], |row| row.get(0))?),
        }
    }

    /// `above`: only rows newer than that, read one by one.
    fn page_above(
        &self,
        filter: &Filter,
        states: &[State],
        shelf: Shelf,
        above: Option<i64>,
    ) -> Result<Vec<Row>, StoreError> {
        let mut from = "task t";
        let mut seq = "t.seq";
        let mut order = "";
        let mut terms = Vec::new();
        let mut values: Vec<Box<dyn ToSql>> = Vec::new();
        let mut bind = |value: Box<dyn ToSql>| {
            values.push(value);
            format!("?{}", values.len())
        };

        if let Some(typed) = &filter.search {
            let Some(query) = search::query(typed) else { return Ok(Vec::new()) };
            // CROSS JOIN fixes the order: the matches lead, and each looks up its task.
            from = "search CROSS JOIN task t ON t.seq = search.rowid";
            seq = "search.rowid";
            order = if filter.by_rank { "search.rank" } else { "" };
            terms.push(format!("search MATCH {}", bind(Box::new(query))));
        }
        if let Some(label) = &filter.label {
            let label = bind(Box::new(label.clone()));
            if filter.search.is_none() {
                from = "label b CROSS JOIN task t ON t.seq = b.task";
                seq = "b.task";
                terms.push(format!("b.label = {label}"));
            } else {
                terms.push(format!(
                    "EXISTS (SELECT 1 FROM label b WHERE b.task = t.seq AND b.label = {label})"
                ));
            }
        }
        if let Some(folder) = &filter.folder {
            let folder = folder.to_string_lossy();
            let folder = folder.trim_end_matches('/');
            // '0' is the character after '/', so this is the folder and all below it.
            let (is, low, high) = (
                bind(Box::new(folder.to_owned())),
                bind(Box::new(format!("{folder}/"))),
                bind(Box::new(format!("{folder}0"))),
            );
            terms.push(if from == "task t" && above.is_none() {
                format!(
                    "t.seq IN (SELECT f.seq FROM task f WHERE f.cwd = {is} \
                     UNION ALL SELECT f.seq FROM task f WHERE f.cwd >= {low} AND f.cwd < {high})"
                )
            } else {
                // The plus again: another path leads.
                format!("(+t.cwd = {is} OR (+t.cwd >= {low} AND +t.cwd < {high}))")
            });
        }
        if let Some(above) = above {
            terms.push(format!("t.seq > {}", bind(Box::new(above))));
        }
        match shelf {
            Shelf::Any if filter.archived => {}
            Shelf::Any => terms.push("+t.archived_at IS NULL".to_owned()),
            Shelf::Open => terms.push("t.archived_at IS NULL".to_owned()),
            Shelf::Archived => terms.push("t.archived_at IS NOT NULL".to_owned()),
        }
        match filter.subtasks {
            Subtasks::Hidden => terms.push("+t.parent IS NULL".to_owned()),
            Subtasks::Shown => {}
            Subtasks::Of(parent) => terms.push(format!("t.parent = {}", bind(Box::new(parent)))),
        }
        let asking = filter.subtasks == Subtasks::Hidden && states.contains(&State::NeedsYou);
        match states {
            [] => {}
            [_] if asking => terms.push(format!("t.seq IN ({ASKING})")),
            [one] if from == "task t" && filter.folder.is_none() => {
                terms.push(format!("t.state = {}", bind(Box::new(one.db_name()))));
            }
            // The plus keeps the index of states out of this: rows come in the order of another path already.
            many => {
                let names: Vec<String> = many.iter().map(|state| bind(Box::new(state.db_name()))).collect();
                let named = format!("+t.state IN ({})", names.join(", "));
                terms.push(if asking { format!("({named} OR +t.seq IN ({ASKING}))") } else { named });
            }
        }
        if let Some(before) = filter.before_seq.filter(|_| order.is_empty()) {
            terms.push(format!("{seq} < {}", bind(Box::new(before))));
        }

        let filter_sql =
            if terms.is_empty() { String::new() } else { format!(" WHERE {}", terms.join(" AND ")) };
        let order = if order.is_empty() { format!("{seq} DESC") } else { order.into() };
        let sql = format!(
            "SELECT {COLUMNS}, {OPEN_QUESTIONS} FROM {from}{filter_sql} ORDER BY {order} LIMIT {}",
            bind(Box::new(filter.limit))
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let mut rows = statement.query(rusqlite::params_from_iter(values))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read(row)?);
        }
        Ok(found)
    }
}

fn read(row: &rusqlite::Row<'_>) -> Result<Row, StoreError> {
    let mut columns = Columns::of("task", row);
    Ok(Row {
        seq: columns.get()?,
        id: columns.task_id()?,
        title: columns.get()?,
        state: columns.name()?,
        holds: Holds::from_bits(columns.get()?),
        reason: columns.name()?,
        reason_text: columns.get()?,
        outcome: columns.get()?,
        command: columns.get()?,
        cwd: columns.get()?,
        priority: columns.name()?,
        runs: columns.get()?,
        start_at: columns.time_or_none()?,
        created_at: columns.time()?,
        updated_at: columns.time()?,
        ended_at: columns.time_or_none()?,
        archived_at: columns.time_or_none()?,
        parent: columns.task_id_or_none()?,
        labels: columns.json()?,
        open_questions: columns.get()?,
    })
}
