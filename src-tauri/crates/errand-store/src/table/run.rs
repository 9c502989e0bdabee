use std::ops::Deref;

use errand_base::{RunId, Timestamp};
use errand_model::Exit;
use rusqlite::{Connection, params};

use crate::StoreError;
use crate::table::names::{Columns, all, first, named};

/// How far the processes of a run have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RunPhase {
    /// Written down; the process may or may not exist.
    Starting,
    Executing,
    /// The program's own process has ended; descendants may remain.
    Ending,
    /// No process is left.
    Over,
}

named!(RunPhase { Starting = "starting", Executing = "executing", Ending = "ending", Over = "over" });

pub struct Runs<'a> {
    pub(crate) conn: &'a Connection,
}

/// Where a run stands: the `seq` of its task, and which of its runs it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RunKey {
    pub task: i64,
    pub n: u32,
}

pub struct RunsMut<'a> {
    pub(crate) read: Runs<'a>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRow {
    pub id: RunId,
    /// `seq` of its task.
    pub task: i64,
    pub n: u32,
    pub phase: RunPhase,
    pub pid: Option<u32>,
    /// With `pid` and `boot_id` it names one process for ever.
    pub start_time: Option<u64>,
    pub boot_id: Option<String>,
    pub started_at: Timestamp,
    pub executing_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub gone_at: Option<Timestamp>,
    pub exit: Option<Exit>,
    pub cpu_ms: Option<u64>,
    pub max_rss_kib: Option<u64>,
    pub last_output_at: Option<Timestamp>,
}

macro_rules! select {
    ($which:literal) => {
        concat!(
            "SELECT id, task, n, stage, pid, start_time, boot_id, started_at, executing_at, ended_at, gone_at, \
             exit_code, exit_signal, cpu_ms, max_rss_kib, last_output_at FROM run ",
            $which
        )
    };
}

impl Runs<'_> {
    /// The first run first.
    pub fn of_task(&self, task: i64) -> Result<Vec<RunRow>, StoreError> {
        Ok(all!(self.conn, select!("WHERE task = ?1 ORDER BY n"), [task], read))
    }

    pub fn latest(&self, task: i64) -> Result<Option<RunRow>, StoreError> {
        Ok(first!(self.conn, select!("WHERE task = ?1 ORDER BY n DESC LIMIT 1"), [task], read))
    }

    /// Every run that may have processes.
    pub fn live(&self) -> Result<Vec<RunRow>, StoreError> {
        let sql = select!(
            "WHERE gone_at IS NULL AND task IN \
             (SELECT seq FROM task WHERE ended_at IS NULL OR run_id IS NOT NULL) ORDER BY task, n"
        );
        Ok(all!(self.conn, sql, [], read))
    }
}

impl RunsMut<'_> {
    /// The intent to start, written before anything is started.
    pub fn begin(&mut self, run: RunId, key: RunKey, now: Timestamp) -> Result<(), StoreError> {
        let sql = "INSERT INTO run (id, task, n, stage, started_at) VALUES (?1, ?2, ?3, 'starting', ?4)";
        self.conn.prepare_cached(sql)?.execute(params![run.to_string(), key.task, key.n, now.as_millis()])?;
        Ok(())
    }

    pub fn executing(
        &mut self,
        key: RunKey,
        pid: u32,
        start_time: u64,
        boot_id: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        // Its end may have been written first.
        let sql = "UPDATE run SET pid = ?3, start_time = ?4, boot_id = ?5, executing_at = ?6, \
                   stage = CASE stage WHEN 'starting' THEN 'executing' ELSE stage END WHERE task = ?1 AND n = ?2";
        let params = params![key.task, key.n, pid, start_time as i64, boot_id, now.as_millis()];
        Ok(self.conn.prepare_cached(sql)?.execute(params)? > 0)
    }

    /// Its own process is over; what is not known stays empty.
    pub fn ended(
        &mut self,
        key: RunKey,
        exit: Option<Exit>,
        cpu_ms: Option<u64>,
        max_rss_kib: Option<u64>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (code, signal) = match exit {
            Some(Exit::Code(code)) => (Some(code), None),
            Some(Exit::Signal(signal)) => (None, Some(signal)),
            None => (None, None),
        };
        let sql = "UPDATE run SET exit_code = ?3, exit_signal = ?4, cpu_ms = ?5, max_rss_kib = ?6, ended_at = ?7, \
                   stage = CASE stage WHEN 'over' THEN stage ELSE 'ending' END WHERE task = ?1 AND n = ?2";
        let params = params![key.task, key.n, code, signal, cpu_ms, max_rss_kib, now.as_millis()];
        Ok(self.conn.prepare_cached(sql)?.execute(params)? > 0)
    }

    /// It was told to end; its process may still be there.
    pub fn ending(&mut self, key: RunKey) -> Result<bool, StoreError> {
        let sql = "UPDATE run SET stage = 'ending' WHERE task = ?1 AND n = ?2 AND stage IN ('starting', 'executing')";
        Ok(self.conn.prepare_cached(sql)?.execute(params![key.task, key.n])? > 0)
    }

    /// None of its processes is left.
    pub fn over(&mut self, key: RunKey, now: Timestamp) -> Result<bool, StoreError> {
        let sql = "UPDATE run SET stage = 'over', gone_at = ?3, ended_at = coalesce(ended_at, ?3) \
                   WHERE task = ?1 AND n = ?2 AND gone_at IS NULL";
        Ok(self.conn.prepare_cached(sql)?.execute(params![key.task, key.n, now.as_millis()])? > 0)
    }

    pub fn heard(&mut self, key: RunKey, last_output_at: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE run SET last_output_at = ?3 WHERE task = ?1 AND n = ?2";
        self.conn.prepare_cached(sql)?.execute(params![key.task, key.n, last_output_at.as_millis()])?;
        Ok(())
    }
}

impl<'a> Deref for RunsMut<'a> {
    type Target = Runs<'a>;

    fn deref(&self) -> &Runs<'a> {
        &self.read
    }
}

fn read(row: &rusqlite::Row<'_>) -> Result<RunRow, StoreError> {
    let mut columns = Columns::of("run", row);
    Ok(RunRow {
        id: columns.run_id()?,
        task: columns.get()?,
        n: columns.get()?,
        phase: columns.name()?,
        pid: columns.get()?,
        start_time: columns.get::<Option<i64>>()?.map(|time| time as u64),
        boot_id: columns.get()?,
        started_at: columns.time()?,
        executing_at: columns.time_or_none()?,
        ended_at: columns.time_or_none()?,
        gone_at: columns.time_or_none()?,
        exit: match (columns.get()?, columns.get()?) {
            (Some(code), _) => Some(Exit::Code(code)),
            (None, Some(signal)) => Some(Exit::Signal(signal)),
            (None, None) => None,
        },
        cpu_ms: columns.get()?,
        max_rss_kib: columns.get()?,
        last_output_at: columns.time_or_none()?,
    })
}
