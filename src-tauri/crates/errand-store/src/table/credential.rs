use std::ops::Deref;

use errand_base::Timestamp;
use rusqlite::{Connection, Row, params};

use crate::StoreError;
use crate::table::names::{Columns, Named, all, first, named};

/// Where the value of a credential is. Never here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CredentialKind {
    /// In the memory of an engine, and gone with it.
    Session,
    Keychain,
}

named!(CredentialKind { Session = "session", Keychain = "keychain" });

impl CredentialKind {
    pub fn name(self) -> &'static str {
        self.db_name()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    pub name: String,
    pub kind: CredentialKind,
    /// When its value was given.
    pub created_at: Timestamp,
    pub used_at: Option<Timestamp>,
}

pub struct Credentials<'a> {
    pub(crate) conn: &'a Connection,
}

pub struct CredentialsMut<'a> {
    pub(crate) read: Credentials<'a>,
}

impl Credentials<'_> {
    pub fn get(&self, name: &str) -> Result<Option<Credential>, StoreError> {
        let sql = "SELECT name, kind, created_at, used_at FROM credential WHERE name = ?1";
        Ok(first!(self.conn, sql, [name], read))
    }

    pub fn all(&self) -> Result<Vec<Credential>, StoreError> {
        let sql = "SELECT name, kind, created_at, used_at FROM credential ORDER BY name";
        Ok(all!(self.conn, sql, [], read))
    }
}

impl CredentialsMut<'_> {
    pub fn keep(&mut self, name: &str, kind: CredentialKind, now: Timestamp) -> Result<(), StoreError> {
        let sql = "INSERT INTO credential VALUES (?1, ?2, ?3, NULL) \
                   ON CONFLICT DO UPDATE SET kind = excluded.kind, created_at = excluded.created_at";
        self.conn.prepare_cached(sql)?.execute(params![name, kind.db_name(), now.as_millis()])?;
        Ok(())
    }

    pub fn used(&mut self, name: &str, now: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE credential SET used_at = ?2 WHERE name = ?1";
        self.conn.prepare_cached(sql)?.execute(params![name, now.as_millis()])?;
        Ok(())
    }

    /// Says whether it was there.
    pub fn forget(&mut self, name: &str) -> Result<bool, StoreError> {
        Ok(self.conn.prepare_cached("DELETE FROM credential WHERE name = ?1")?.execute([name])? > 0)
    }
}

impl<'a> Deref for CredentialsMut<'a> {
    type Target = Credentials<'a>;

    fn deref(&self) -> &Credentials<'a> {
        &self.read
    }
}

fn read(row: &Row<'_>) -> Result<Credential, StoreError> {
    let mut columns = Columns::of("credential", row);
    Ok(Credential {
        name: columns.get()?,
        kind: columns.name()?,
        created_at: columns.time()?,
        used_at: columns.time_or_none()?,
    })
}
