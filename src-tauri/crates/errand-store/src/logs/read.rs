use std::collections::VecDeque;

use errand_base::{RunId, TaskId};
use rusqlite::{Connection, Row, params};

use super::{LogLine, LogSlice, LogStart, RunTail, Stream, body};
use crate::StoreError;
use crate::table::names::{all, first};

/// A slice ends here even if the limit allows more lines.
const MOST_BYTES: usize = 4 << 20;

struct Chunk {
    id: i64,
    run: i64,
    n: u32,
    first_seq: u64,
    part: i64,
    left_out: u64,
}

pub(super) fn slice(
    conn: &Connection,
    task: &TaskId,
    start: LogStart,
    limit: u32,
) -> Result<LogSlice, StoreError> {
    let (next, left_out): (u64, u64) = conn
        .prepare_cached(
            "SELECT coalesce(max(next_seq), 1), coalesce(sum(left_out), 0) FROM run WHERE task = ?1",
        )?
        .query_row([task.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let limit = limit as usize;
    let from = match start {
        LogStart::From(from) => from,
        LogStart::Tail => 0,
    };
    // Which chunks there are costs little; their bodies are only read as far as needed.
    let sql = "SELECT c.id, c.run, r.n, c.first_seq, c.part, r.left_out FROM run r JOIN chunk c ON c.run = r.id \
               WHERE r.task = ?1 AND c.next_seq > ?2 ORDER BY c.first_seq";
    let chunks: Vec<Chunk> =
        all!(conn, sql, params![task.as_str(), from], |row: &Row<'_>| -> Result<_, StoreError> {
            Ok(Chunk {
                id: row.get(0)?,
                run: row.get(1)?,
                n: row.get(2)?,
                first_seq: row.get(3)?,
                part: row.get(4)?,
                left_out: row.get(5)?,
            })
        });
    match start {
        LogStart::From(_) => {
            let mut lines = Vec::new();
            let mut bytes = 0;
            'chunks: for chunk in &chunks {
                for line in read_chunk(conn, chunk)? {
                    if line.seq < from {
                        continue;
                    }
                    if lines.len() >= limit || (bytes > 0 && bytes + line.bytes.len() > MOST_BYTES) {
                        break 'chunks;
                    }
                    bytes += line.bytes.len();
                    lines.push(line);
                }
            }
            let next = lines.last().map_or(from, |line| line.seq + 1);
            Ok(LogSlice { lines, next, left_out })
        }
        LogStart::Tail => {
            let mut lines = VecDeque::new();
            let mut bytes = 0;
            for chunk in chunks.iter().rev() {
                for line in read_chunk(conn, chunk)?.into_iter().rev() {
                    if lines.len() < limit && (bytes == 0 || bytes + line.bytes.len() <= MOST_BYTES) {
                        bytes += line.bytes.len();
                        lines.push_front(line);
                    }
                }
                if lines.len() >= limit || bytes >= MOST_BYTES {
                    break;
                }
            }
            Ok(LogSlice { lines: lines.into(), next, left_out })
        }
    }
}

fn read_chunk(conn: &Connection, chunk: &Chunk) -> Result<Vec<LogLine>, StoreError> {
    let mut statement = conn.prepare_cached("SELECT body FROM chunk WHERE id = ?1")?;
    let mut rows = statement.query([chunk.id])?;
    let Some(row) = rows.next()? else { return Ok(Vec::new()) };
    let body = row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?;
    let mut lines: Vec<LogLine> = body::decode(body)
        .zip(chunk.first_seq..)
        .map(|(line, seq)| LogLine {
            seq,
            run: chunk.n,
            stream: line.stream,
            at: line.at,
            bytes: line.bytes.to_vec(),
            left_out_before: 0,
        })
        .collect();
    if chunk.left_out > 0
        && chunk.part == 1
        && let Some(line) = lines.first_mut()
    {
        let sql = "SELECT min(first_seq) FROM chunk WHERE run = ?1 AND part = 1";
        let oldest: Option<u64> = first!(conn, sql, [chunk.run], |row: &Row<'_>| row.get(0)).flatten();
        if oldest == Some(chunk.first_seq) {
            line.left_out_before = chunk.left_out;
        }
    }
    Ok(lines)
}

pub(super) fn tail_text(conn: &Connection, run: RunId, most: usize) -> Result<RunTail, StoreError> {
    let sql = "SELECT id, out_bytes FROM run WHERE run = ?1";
    let known = first!(conn, sql, [run.to_string()], |row: &Row<'_>| -> Result<(i64, u64), StoreError> {
        Ok((row.get(0)?, row.get(1)?))
    });
    let Some((row, out_bytes)) = known else { return Ok(RunTail::default()) };
    let mut parts = [(Vec::new(), 0), (Vec::new(), 0)];
    let mut statement =
        conn.prepare_cached("SELECT body FROM chunk WHERE run = ?1 ORDER BY first_seq DESC")?;
    let mut rows = statement.query([row])?;
    while let Some(row) = rows.next()? {
        let body = row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?;
        let lines: Vec<_> = body::decode(body).collect();
        for line in lines.into_iter().rev() {
            let (pieces, bytes) = match line.stream {
                Stream::Out => &mut parts[0],
                Stream::Err => &mut parts[1],
                Stream::Note | Stream::Aside => continue,
            };
            let take = line.bytes.len().min(most - *bytes);
            if take > 0 {
                *bytes += take;
                pieces.push(line.bytes[line.bytes.len() - take..].to_vec());
            }
        }
        if parts.iter().all(|(_, bytes)| *bytes >= most) {
            break;
        }
    }
    let [output, errors] = parts.map(|(pieces, _)| pieces.into_iter().rev().collect::<Vec<_>>().concat());
    let left_out = out_bytes.saturating_sub(output.len() as u64);
    Ok(RunTail { output, errors, left_out })
}
