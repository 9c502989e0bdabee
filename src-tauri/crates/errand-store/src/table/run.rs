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
    pub fn get(&self, run: RunId) -> Result<Option<RunRow>, StoreError> {
        Ok(first!(self.conn, select!("WHERE id = ?1"), [run.to_string()], read))
    }

    /// The first run first.
    pub fn of_task(&self, task: i64) -> Result<Vec<RunRow>, StoreError> {
        Ok(all!(self.conn, select!("WHERE task = ?1 ORDER BY n"), [task], read))
    }

    pub fn latest(&self, task: i64) -> Result<Option<RunRow>, StoreError> {
        Ok(first!(self.conn, select!("WHERE task = ?1 ORDER BY n DESC LIMIT 1"), [task], read))
    }

    /// Every run that may have processes.
    pub fn live(&self) -> Result<Vec<RunRow>, StoreError> {
        Ok(all!(self.conn, select!("WHERE gone_at IS NULL ORDER BY task"), [], read))
    }
}

impl RunsMut<'_> {
    /// The intent to start, written before anything is started.
    pub fn begin(&mut self, run: RunId, task: i64, n: u32, now: Timestamp) -> Result<(), StoreError> {
        let sql = "INSERT INTO run (id, task, n, stage, started_at) VALUES (?1, ?2, ?3, 'starting', ?4)";
        self.conn.prepare_cached(sql)?.execute(params![run.to_string(), task, n, now.as_millis()])?;
        Ok(())
    }

    pub fn executing(
        &mut self,
        run: RunId,
        pid: u32,
        start_time: u64,
        boot_id: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        // Its end may have been written first.
        let sql = "UPDATE run SET pid = ?2, start_time = ?3, boot_id = ?4, executing_at = ?5, \
                   stage = CASE stage WHEN 'starting' THEN 'executing' ELSE stage END WHERE id = ?1";
        let params = params![run.to_string(), pid, start_time as i64, boot_id, now.as_millis()];
        Ok(self.conn.prepare_cached(sql)?.execute(params)? > 0)
    }

    /// Its own process is over; what is not known stays empty.
    pub fn ended(
        &mut self,
        run: RunId,
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
        let sql = "UPDATE run SET exit_code = ?2, exit_signal = ?3, cpu_ms = ?4, max_rss_kib = ?5, ended_at = ?6, \
                   stage = CASE stage WHEN 'over' THEN stage ELSE 'ending' END WHERE id = ?1";
        let params = params![run.to_string(), code, signal, cpu_ms, max_rss_kib, now.as_millis()];
        Ok(self.conn.prepare_cached(sql)?.execute(params)? > 0)
    }

    /// It was told to end; its process may still be there.
    pub fn ending(&mut self, run: RunId) -> Result<bool, StoreError> {
        let sql = "UPDATE run SET stage = 'ending' WHERE id = ?1 AND stage IN ('starting', 'executing')";
        Ok(self.conn.prepare_cached(sql)?.execute([run.to_string()])? > 0)
    }

    /// None of its processes is left.
    pub fn over(&mut self, run: RunId, now: Timestamp) -> Result<bool, StoreError> {
        let sql = "UPDATE run SET stage = 'over', gone_at = ?2, ended_at = coalesce(ended_at, ?2) \
                   WHERE id = ?1 AND gone_at IS NULL";
        Ok(self.conn.prepare_cached(sql)?.execute(params![run.to_string(), now.as_millis()])? > 0)
    }

    pub fn heard(&mut self, run: RunId, last_output_at: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE run SET last_output_at = ?2 WHERE id = ?1";
        self.conn.prepare_cached(sql)?.execute(params![run.to_string(), last_output_at.as_millis()])?;
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
