use std::ops::Deref;

use rusqlite::{Connection, Row, params};

use crate::StoreError;
use crate::table::names::{all, first};

pub struct Settings<'a> {
    pub(crate) conn: &'a Connection,
}

pub struct SettingsMut<'a> {
    pub(crate) read: Settings<'a>,
}

impl Settings<'_> {
    pub fn get(&self, name: &str) -> Result<Option<String>, StoreError> {
        Ok(first!(self.conn, "SELECT value FROM setting WHERE name = ?1", [name], |row: &Row<'_>| row.get(0)))
    }

    pub fn all(&self) -> Result<Vec<(String, String)>, StoreError> {
        let sql = "SELECT name, value FROM setting ORDER BY name";
        Ok(all!(self.conn, sql, [], |row: &Row<'_>| -> Result<_, StoreError> {
            Ok((row.get(0)?, row.get(1)?))
        }))
    }
}

impl SettingsMut<'_> {
    /// Says whether that changed anything.
    pub fn set(&mut self, name: &str, value: &str) -> Result<bool, StoreError> {
        let sql = "INSERT INTO setting VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value \
                   WHERE value <> excluded.value";
        Ok(self.conn.prepare_cached(sql)?.execute(params![name, value])? > 0)
    }

    /// Back to the default.
    pub fn remove(&mut self, name: &str) -> Result<bool, StoreError> {
        Ok(self.conn.prepare_cached("DELETE FROM setting WHERE name = ?1")?.execute([name])? > 0)
    }
}

impl<'a> Deref for SettingsMut<'a> {
    type Target = Settings<'a>;

    fn deref(&self) -> &Settings<'a> {
        &self.read
    }
}
