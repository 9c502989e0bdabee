//! The run that is being written: which chunks it has, and what gives way.

use std::collections::VecDeque;

use errand_base::Timestamp;
use rusqlite::{Connection, params};

use super::body::{self, Line};
use super::{LogLimits, LogRecord, LogRun, Stream};
use crate::StoreError;
use crate::table::names::{all, first};

/// Lines are collected to chunks of about this size.
const CHUNK: usize = 64 << 10;

pub(super) struct Live {
    pub row: i64,
    pub next_seq: u64,
    /// Of the beginning, as stored.
    head: u64,
    /// Of all of it, as stored.
    pub kept: u64,
    /// Of what was printed.
    pub left_out: u64,
    out_bytes: u64,
    open: Open,
    /// Sealed chunks of the end, oldest first.
    tail: VecDeque<Sealed>,
    tail_size: u64,
}

struct Sealed {
    row: i64,
    /// Of what was printed.
    bytes: u64,
    /// As stored: what the bounds are about, or a flood of empty lines would have none.
    size: u64,
}

/// The chunk that grows. What has come so far stands in small rows, which are replaced by one when it is full:
/// so a line is written at most twice, however slowly the lines come.
#[derive(Default)]
struct Open {
    rows: Vec<i64>,
    /// Written in `rows`.
    stored: Vec<u8>,
    /// Not written yet.
    fresh: Vec<u8>,
    stored_bytes: u64,
    fresh_bytes: u64,
    first_seq: u64,
    fresh_seq: u64,
    /// Of the last line in `fresh`.
    fresh_at: Option<Timestamp>,
    is_tail: bool,
}

impl Live {
    pub fn load(conn: &Connection, run: &LogRun) -> Result<Live, StoreError> {
        let id = run.run.to_string();
        let known = first!(
            conn,
            "SELECT id, (SELECT max(next_seq) FROM run t WHERE t.task = r.task), head, kept, left_out, out_bytes \
             FROM run r WHERE run = ?1",
            [&id],
            |row: &rusqlite::Row<'_>| -> Result<_, StoreError> {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
            }
        );
        let Some((row, next_seq, head, kept, left_out, out_bytes)) = known else {
            return Live::begin(conn, run, &id);
        };
        let tail: Vec<Sealed> = all!(
            conn,
            "SELECT id, bytes, length(body) FROM chunk WHERE run = ?1 AND part = 1 ORDER BY first_seq",
            [row],
            |row: &rusqlite::Row<'_>| -> Result<_, StoreError> {
                Ok(Sealed { row: row.get(0)?, bytes: row.get(1)?, size: row.get(2)? })
            }
        );
        let tail_size = tail.iter().map(|sealed| sealed.size).sum();
        let (open, tail) = (Open::default(), tail.into());
        Ok(Live { row, next_seq, head, kept, left_out, out_bytes, open, tail, tail_size })
    }

    fn begin(conn: &Connection, run: &LogRun, id: &str) -> Result<Live, StoreError> {
        let sql = "INSERT INTO run (task, run, n, next_seq) VALUES (?1, ?2, ?3, \
                   (SELECT coalesce(max(next_seq), 1) FROM run WHERE task = ?1)) RETURNING id, next_seq";
        let mut statement = conn.prepare_cached(sql)?;
        let (row, next_seq) = statement
            .query_row(params![run.task.as_str(), id, run.n], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let (head, kept, left_out, out_bytes, tail_size) = (0, 0, 0, 0, 0);
        let (open, tail) = (Open::default(), VecDeque::new());
        Ok(Live { row, next_seq, head, kept, left_out, out_bytes, open, tail, tail_size })
    }

    pub fn append(
        &mut self,
        conn: &Connection,
        records: &[LogRecord],
        limits: &LogLimits,
    ) -> Result<(), StoreError> {
        for record in records {
            if record.stream == Stream::Out {
                self.out_bytes += record.bytes.len() as u64;
            }
            for bytes in body::pieces(&record.bytes) {
                self.kept += self.open.add(
                    &Line { stream: record.stream, at: record.at, bytes },
                    self.next_seq,
                    self.head >= limits.head,
                );
                self.next_seq += 1;
                if self.open.stored.len() + self.open.fresh.len() >= CHUNK {
                    self.seal(conn, limits)?;
                }
            }
        }
        self.store_fresh(conn)
    }

    /// Writes the state of the run; once per commit.
    pub fn save(&self, conn: &Connection) -> Result<(), StoreError> {
        let sql =
            "UPDATE run SET next_seq = ?2, head = ?3, kept = ?4, left_out = ?5, out_bytes = ?6 WHERE id = ?1";
        let head = self.head + if self.open.is_tail { 0 } else { self.open.stored.len() as u64 };
        let params = params![self.row, self.next_seq, head, self.kept, self.left_out, self.out_bytes];
        conn.prepare_cached(sql)?.execute(params)?;
        Ok(())
    }

    /// Lines that are written from here on follow `seq` and not the last line: the chunk cannot go on.
    pub fn jump(&mut self, seq: u64) {
        if seq > self.next_seq {
            self.next_seq = seq;
            self.leave_open();
        }
    }

    fn store_fresh(&mut self, conn: &Connection) -> Result<(), StoreError> {
        let open = &mut self.open;
        if open.fresh.is_empty() {
            return Ok(());
        }
        let row = insert(
            conn,
            self.row,
            open.fresh_seq,
            self.next_seq,
            open.is_tail,
            open.fresh_bytes,
            &open.fresh,
        )?;
        open.rows.push(row);
        open.stored.append(&mut open.fresh);
        open.stored_bytes += open.fresh_bytes;
        open.fresh_bytes = 0;
        Ok(())
    }

    fn seal(&mut self, conn: &Connection, limits: &LogLimits) -> Result<(), StoreError> {
        let mut open = std::mem::take(&mut self.open);
        for row in &open.rows {
            conn.prepare_cached("DELETE FROM chunk WHERE id = ?1")?.execute([row])?;
        }
        open.stored.append(&mut open.fresh);
        let bytes = open.stored_bytes + open.fresh_bytes;
        let row = insert(conn, self.row, open.first_seq, self.next_seq, open.is_tail, bytes, &open.stored)?;
        let size = open.stored.len() as u64;
        if !open.is_tail {
            self.head += size;
            return Ok(());
        }
        self.tail.push_back(Sealed { row, bytes, size });
        self.tail_size += size;
        while let Some(oldest) = self.tail.front() {
            if self.tail_size - oldest.size < limits.tail {
                break;
            }
            conn.prepare_cached("DELETE FROM chunk WHERE id = ?1")?.execute([oldest.row])?;
            self.tail_size -= oldest.size;
            self.kept -= oldest.size;
            self.left_out += oldest.bytes;
            self.tail.pop_front();
        }
        Ok(())
    }

    /// Small rows stay as they are and count as sealed.
    fn leave_open(&mut self) {
        let open = std::mem::take(&mut self.open);
        let size = open.stored.len() as u64;
        if open.is_tail {
            if let Some(last) = open.rows.last() {
                self.tail.push_back(Sealed { row: *last, bytes: open.stored_bytes, size });
                self.tail_size += size;
            }
        } else {
            self.head += size;
        }
    }
}

impl Open {
    /// How much room it takes.
    fn add(&mut self, line: &Line<'_>, seq: u64, is_tail: bool) -> u64 {
        if self.stored.is_empty() && self.fresh.is_empty() {
            self.first_seq = seq;
            self.is_tail = is_tail;
        }
        if self.fresh.is_empty() {
            self.fresh_seq = seq;
            self.fresh_at = None;
        }
        let before = self.fresh.len();
        body::encode(&mut self.fresh, line, self.fresh_at);
        self.fresh_at = Some(line.at);
        self.fresh_bytes += line.bytes.len() as u64;
        (self.fresh.len() - before) as u64
    }
}

fn insert(
    conn: &Connection,
    run: i64,
    first_seq: u64,
    next_seq: u64,
    is_tail: bool,
    bytes: u64,
    body: &[u8],
) -> Result<i64, StoreError> {
    let sql =
        "INSERT INTO chunk (run, first_seq, next_seq, part, bytes, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    conn.prepare_cached(sql)?.execute(params![run, first_seq, next_seq, is_tail, bytes, body])?;
    Ok(conn.last_insert_rowid())
}
