//! Words of tasks. The row id is the task's `seq`, so matches come newest first without sorting.

use rusqlite::{Connection, Row, params};

use crate::StoreError;
use crate::table::names::{all, first};

/// A report may be long; its beginning says what it is about.
const INDEXED: usize = 64 << 10;

/// Notes that the words of these tasks have changed. The index itself writes several pages for each transaction
/// that touches it, so it is not touched by each.
pub(crate) fn remember(conn: &Connection, tasks: &[i64]) -> Result<(), StoreError> {
    for seq in tasks {
        conn.prepare_cached("INSERT OR IGNORE INTO unindexed VALUES (?1)")?.execute([seq])?;
    }
    Ok(())
}

/// Brings the index up to date with the tasks that have changed.
pub(crate) fn catch_up(conn: &Connection) -> Result<(), StoreError> {
    let tasks: Vec<i64> = all!(conn, "SELECT task FROM unindexed", [], |row: &Row<'_>| row.get(0));
    if tasks.is_empty() {
        return Ok(());
    }
    conn.prepare_cached("DELETE FROM unindexed")?.execute([])?;
    for seq in tasks {
        let sql = "SELECT title, command, (SELECT report FROM artifact WHERE task = ?1 ORDER BY n DESC LIMIT 1) \
                   FROM task WHERE seq = ?1";
        let words = first!(conn, sql, [seq], |row: &Row<'_>| -> Result<_, StoreError> {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, Option<String>>(2)?))
        });
        match words {
            Some((title, command, report)) => {
                let report = report.as_deref().unwrap_or_default();
                let sql = "INSERT OR REPLACE INTO search (rowid, title, command, brief, report) \
                           VALUES (?1, ?2, ?3, '', ?4)";
                conn.prepare_cached(sql)?.execute(params![seq, title, command, start(report)])?;
            }
            None => {
                conn.prepare_cached("DELETE FROM search WHERE rowid = ?1")?.execute([seq])?;
            }
        }
    }
    Ok(())
}

fn start(text: &str) -> &str {
    let mut end = text.len().min(INDEXED);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// What a person typed, as a query that cannot be wrong: every word must occur, a word that ends in `*` is the
/// beginning of one, and nothing else has a meaning. `None` if there is no word.
pub(crate) fn query(typed: &str) -> Option<String> {
    let words: Vec<String> = typed
        .split_whitespace()
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .map(|word| {
            let star = if word.ends_with('*') { "*" } else { "" };
            format!("\"{}\"{star}", word.trim_end_matches('*').replace('"', "\"\""))
        })
        .collect();
    (!words.is_empty()).then(|| words.join(" "))
}
