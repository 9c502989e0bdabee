use std::ops::Deref;
use std::path::PathBuf;

use errand_base::Timestamp;
use errand_model::Surface;
use errand_model::approval::NewGrant;
use rusqlite::{Connection, Row, params};

use crate::StoreError;
use crate::table::names::{Columns, Named, all, first};

pub struct Grants<'a> {
    pub(crate) conn: &'a Connection,
}

pub struct GrantsMut<'a> {
    pub(crate) read: Grants<'a>,
}

/// What a person allows in a folder for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    pub id: i64,
    pub folder: PathBuf,
    pub rule: String,
    pub program: Option<PathBuf>,
    pub until: Timestamp,
    pub uses: Option<u32>,
    pub used: u32,
    pub last_used: Option<Timestamp>,
    pub made_at: Timestamp,
    pub surface: Surface,
    pub revoked_at: Option<Timestamp>,
}

impl Grant {
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.until > now && self.uses.is_none_or(|uses| self.used < uses)
    }
}

macro_rules! select {
    ($which:literal) => {
        concat!(
            "SELECT id, folder, rule, program, until, uses, used, last_used, made_at, surface, revoked_at \
             FROM person_grant ",
            $which
        )
    };
}

impl Grants<'_> {
    /// The newest first, also those that are over.
    pub fn all(&self) -> Result<Vec<Grant>, StoreError> {
        Ok(all!(self.conn, select!("ORDER BY id DESC LIMIT 1000"), [], read))
    }

    pub fn get(&self, id: i64) -> Result<Option<Grant>, StoreError> {
        Ok(first!(self.conn, select!("WHERE id = ?1"), [id], read))
    }

    /// Those that may be used in this very folder now, the oldest first.
    pub fn valid_in(&self, folder: &str, now: Timestamp) -> Result<Vec<Grant>, StoreError> {
        let sql = select!("WHERE folder = ?1 AND revoked_at IS NULL AND until > ?2 ORDER BY id");
        let found: Vec<Grant> = all!(self.conn, sql, params![folder, now.as_millis()], read);
        Ok(found.into_iter().filter(|grant| grant.is_valid(now)).collect())
    }
}

impl GrantsMut<'_> {
    pub fn add(&mut self, grant: &NewGrant, surface: Surface, now: Timestamp) -> Result<i64, StoreError> {
        let sql = "INSERT INTO person_grant (folder, rule, program, until, uses, used, made_at, surface) \
                   VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?7)";
        self.conn.prepare_cached(sql)?.execute(params![
            grant.folder.to_string_lossy(),
            grant.rule,
            grant.program.as_ref().map(|program| program.to_string_lossy()),
            grant.until.as_millis(),
            grant.uses,
            now.as_millis(),
            surface.db_name(),
        ])?;
        Ok(self.conn.last_insert_rowid())
    }

    /// Counts one use. `false`: it is over, revoked or used up, and nothing is counted.
    pub fn use_once(&mut self, id: i64, now: Timestamp) -> Result<bool, StoreError> {
        let sql = "UPDATE person_grant SET used = used + 1, last_used = ?2 \
                   WHERE id = ?1 AND revoked_at IS NULL AND until > ?2 AND (uses IS NULL OR used < uses)";
        Ok(self.conn.prepare_cached(sql)?.execute(params![id, now.as_millis()])? > 0)
    }

    /// `false`: there is none of that number, or it is revoked already.
    pub fn revoke(&mut self, id: i64, now: Timestamp) -> Result<bool, StoreError> {
        let sql = "UPDATE person_grant SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL";
        Ok(self.conn.prepare_cached(sql)?.execute(params![id, now.as_millis()])? > 0)
    }
}

impl<'a> Deref for GrantsMut<'a> {
    type Target = Grants<'a>;

    fn deref(&self) -> &Grants<'a> {
        &self.read
    }
}

fn read(row: &Row<'_>) -> Result<Grant, StoreError> {
    let mut columns = Columns::of("person_grant", row);
    Ok(Grant {
        id: columns.get()?,
        folder: columns.get::<String>()?.into(),
        rule: columns.get()?,
        program: columns.get::<Option<String>>()?.map(PathBuf::from),
        until: columns.time()?,
        uses: columns.get()?,
        used: columns.get()?,
        last_used: columns.time_or_none()?,
        made_at: columns.time()?,
        surface: columns.name()?,
        revoked_at: columns.time_or_none()?,
    })
}
