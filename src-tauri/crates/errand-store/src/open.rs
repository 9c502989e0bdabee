use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use errand_base::{Clock, SystemClock, Timestamp};
use rusqlite::Connection;
use tokio::sync::broadcast;

use crate::ballast::Ballast;
use crate::pool::Pool;
use crate::queue::Queue;
use crate::store::Inner;
use crate::tx::Pending;
use crate::writer::{Gauges, Writer};
use crate::{LogLimits, Logs, Store, StoreError, backup, connect, files, migrate};

pub struct Options {
    /// The folder of the databases; made if it is missing.
    pub data: PathBuf,
    pub logs: LogLimits,
    /// Space kept back for final rows on a full disk.
    pub ballast: u64,
    /// Only its awake time is used, to space out looking for space on a full disk.
    pub clock: Arc<dyn Clock>,
}

impl Options {
    pub fn new(data: impl Into<PathBuf>) -> Options {
        Options {
            data: data.into(),
            logs: LogLimits::default(),
            ballast: 8 << 20,
            clock: Arc::new(SystemClock::default()),
        }
    }
}

pub struct Opened {
    pub store: Store,
    /// What was not as it should be. Everything here has been dealt with and is worth telling.
    pub report: Vec<Notice>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    Migrated {
        migrations: usize,
    },
    /// The database was damaged; it was moved, not deleted.
    Quarantined {
        moved_to: PathBuf,
        why: String,
    },
    RestoredBackup {
        file: PathBuf,
    },
    /// Damaged, and there was no good backup: a new database.
    StartedEmpty,
    /// The raw output of earlier runs is gone.
    LogsRecreated {
        why: String,
    },
    /// There was no space for the ballast; new work is refused until there is.
    DiskFull,
}

pub(crate) const DATABASE: &str = "errand.db";
pub(crate) const LOGS: &str = "logs.db";

pub(crate) fn open(options: Options, now: Timestamp) -> Result<Opened, StoreError> {
    files::make_folder(&options.data)?;
    let database = options.data.join(DATABASE);
    let mut ballast = Ballast::new(&options.data, options.ballast);
    let mut report = Vec::new();
    let conn = match open_truth(&options.data, &database, now, &mut report) {
        // Even opening takes a little space, and recovery must be able to say how running work ended.
        Err(StoreError::DiskFull) if ballast.free() => {
            report.push(Notice::DiskFull);
            open_truth(&options.data, &database, now, &mut report)?
        }
        opened => opened?,
    };

    let gauges = Arc::new(Gauges::default());
    if report.contains(&Notice::DiskFull) || (!ballast.is_present() && !ballast.ensure()) {
        gauges.full.store(true, std::sync::atomic::Ordering::Relaxed);
        if !report.contains(&Notice::DiskFull) {
            report.push(Notice::DiskFull);
        }
    }
    gauges.ballast.store(ballast.is_present(), std::sync::atomic::Ordering::Relaxed);

    let queue = Arc::new(Queue::new());
    let (changes, _) = broadcast::channel(1_024);
    let writer = Writer {
        conn,
        queue: queue.clone(),
        gauges: gauges.clone(),
        changes: changes.clone(),
        ballast,
        probed: options.clock.awake(),
        clock: options.clock,
        held: Vec::new(),
        pending: Pending::default(),
        // Whatever an earlier engine left is looked for once.
        unindexed: 1,
    };
    let path = database.clone();
    let (pool, mut threads) = Pool::start("errand-read", 2, move || connect::reader(&path))?;
    let (logs, log_threads) = Logs::open(options.data.join(LOGS), options.logs, &mut report)?;
    threads.extend(log_threads);
    let inner = Inner { queue, pool, gauges, changes, logs, database, threads: Mutex::new(threads) };
    // From here on dropping `inner` ends the threads, also if the last of them does not start.
    let store = Store { inner: Arc::new(inner) };
    let thread = std::thread::Builder::new().name("errand-write".into()).spawn(move || writer.run());
    let handle = thread.map_err(|error| StoreError::file(&store.inner.database, error))?;
    store.inner.threads.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(handle);
    Ok(Opened { store, report })
}

fn open_truth(
    data: &Path,
    database: &Path,
    now: Timestamp,
    report: &mut Vec<Notice>,
) -> Result<Connection, StoreError> {
    files::finish_install(database)?;
    let found = migrate::peek_version(database)?;
    let known = migrate::known();
    if let Some(found) = found.filter(|found| *found > known)
        && looks_like_sqlite(database)
    {
        return Err(StoreError::Newer { found, known });
    }
    if files::length(database) > 0
        && let Err(why) = check(database)?
    {
        quarantine(data, database, why, now, report)?;
    }
    let before = migrate::peek_version(database)?;
    lay_out_log(database);
    let mut conn = connect::truth_writer(database)?;
    let migrations = migrate::migrate(&mut conn, database, migrate::MIGRATIONS, now)?;
    if migrations > 0 {
        if before.is_some_and(|version| version > 0) {
            report.push(Notice::Migrated { migrations });
        }
        drop(conn);
        lay_out_log(database);
        conn = connect::truth_writer(database)?;
    }
    Ok(conn)
}

/// The outer result: whether it could be looked at. The inner one: why the file is damaged.
fn check(database: &Path) -> Result<Result<(), String>, StoreError> {
    let verdict = connect::truth_writer(database).and_then(|conn| quick_check(&conn));
    match verdict {
        Ok(answer) if answer == "ok" => Ok(Ok(())),
        Ok(answer) => Ok(Err(answer)),
        Err(error) if error.is_corruption() => Ok(Err(error.to_string())),
        Err(error) => Err(error),
    }
}

pub(crate) fn quick_check(conn: &Connection) -> Result<String, StoreError> {
    Ok(conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?)
}

fn quarantine(
    data: &Path,
    database: &Path,
    why: String,
    now: Timestamp,
    report: &mut Vec<Notice>,
) -> Result<(), StoreError> {
    let aside = format!(".corrupt-{}", now.as_millis());
    let moved_to = files::beside(database, &aside);
    tracing::error!(%why, "the database is damaged; it is moved aside");
    report.push(Notice::Quarantined { moved_to, why });
    for file in backup::newest_first(&data.join("backups")) {
        match backup::verify(&file) {
            Ok(_) => {
                files::install(database, &file, &aside)?;
                report.push(Notice::RestoredBackup { file });
                return Ok(());
            }
            Err(error) => tracing::warn!(%error, "this backup cannot be used"),
        }
    }
    files::move_aside(database, &aside)?;
    report.push(Notice::StartedEmpty);
    Ok(())
}

fn looks_like_sqlite(database: &Path) -> bool {
    use std::io::Read;
    let mut magic = [0u8; 16];
    std::fs::File::open(database).and_then(|mut file| file.read_exact(&mut magic)).is_ok()
        && &magic == b"SQLite format 3\0"
}

/// A log that already has its length is several times faster to sync than one that grows. Zeros are no valid
/// header, so SQLite takes it for an empty log. Only an aid: failing is fine.
fn lay_out_log(database: &Path) {
    const LENGTH: usize = 5 << 20;
    let log = files::beside(database, "-wal");
    if files::length(database) == 0 || log.exists() {
        return;
    }
    if std::fs::write(&log, vec![0u8; LENGTH]).is_err() {
        let _ = files::discard(&log);
    }
}
