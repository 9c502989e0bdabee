use std::ops::Deref;

use errand_base::Timestamp;
use rusqlite::{Connection, Row, params};

use crate::StoreError;
use crate::table::names::first;

pub struct FolderFiles<'a> {
    pub(crate) conn: &'a Connection,
}

pub struct FolderFilesMut<'a> {
    pub(crate) read: FolderFiles<'a>,
}

impl FolderFiles<'_> {
    /// The text that was allowed for this folder.
    pub fn allowed(&self, folder: &str) -> Result<Option<String>, StoreError> {
        let sql = "SELECT text FROM folder_file WHERE folder = ?1";
        Ok(first!(self.conn, sql, [folder], |row: &Row<'_>| row.get(0)))
    }
}

impl FolderFilesMut<'_> {
    pub fn allow(&mut self, folder: &str, text: &str, now: Timestamp) -> Result<(), StoreError> {
        let sql = "INSERT INTO folder_file VALUES (?1, ?2, ?3) \
                   ON CONFLICT DO UPDATE SET text = excluded.text, allowed_at = excluded.allowed_at";
        self.conn.prepare_cached(sql)?.execute(params![folder, text, now.as_millis()])?;
        Ok(())
    }

    /// Says whether it was allowed.
    pub fn forget(&mut self, folder: &str) -> Result<bool, StoreError> {
        Ok(self.conn.prepare_cached("DELETE FROM folder_file WHERE folder = ?1")?.execute([folder])? > 0)
    }
}

impl<'a> Deref for FolderFilesMut<'a> {
    type Target = FolderFiles<'a>;

    fn deref(&self) -> &FolderFiles<'a> {
        &self.read
    }
}
