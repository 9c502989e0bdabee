//! The names of closed sets in the database. A new variant does not compile until it has one.

use errand_base::{RunId, TaskId, Timestamp};
use errand_model::{
    DeliveryKind, Format, Notify, Origin, Priority, QuestionKind, Reason, Stage, State, Surface, TurnOutcome,
};
use rusqlite::types::FromSql;

use crate::StoreError;

pub(crate) trait Named: Sized {
    fn db_name(&self) -> &'static str;
    fn from_db_name(name: &str) -> Option<Self>;
}

macro_rules! named {
    ($type:ty { $($variant:ident = $name:literal),* $(,)? }) => {
        impl $crate::table::names::Named for $type {
            fn db_name(&self) -> &'static str {
                match self { $(<$type>::$variant => $name,)* }
            }

            fn from_db_name(name: &str) -> Option<$type> {
                match name { $($name => Some(<$type>::$variant),)* _ => None }
            }
        }
    };
}
pub(crate) use named;

named!(Priority { Low = "low", Normal = "normal", High = "high", Urgent = "urgent" });
named!(Notify { Always = "always", Significant = "significant", Silent = "silent" });
named!(Origin { Person = "person" });
named!(Stage { Starting = "starting", Ending = "ending" });
named!(QuestionKind {
    Blocker = "blocker",
    UserInput = "user_input",
    Elicitation = "elicitation",
    CommandApproval = "command_approval",
    FileApproval = "file_approval",
    DynamicTool = "dynamic_tool",
});
named!(TurnOutcome { Meaningful = "meaningful", NoOp = "no_op", Escalation = "escalation" });
named!(Format { Text = "text", Markdown = "markdown" });
named!(Surface {
    Terminal = "terminal",
    Tray = "tray",
    Window = "window",
    Notification = "notification",
    Script = "script",
});

impl Named for State {
    fn db_name(&self) -> &'static str {
        self.name()
    }

    fn from_db_name(name: &str) -> Option<State> {
        State::from_name(name)
    }
}

impl Named for Reason {
    fn db_name(&self) -> &'static str {
        self.name()
    }

    fn from_db_name(name: &str) -> Option<Reason> {
        Reason::from_name(name)
    }
}

impl Named for DeliveryKind {
    fn db_name(&self) -> &'static str {
        self.name()
    }

    fn from_db_name(name: &str) -> Option<DeliveryKind> {
        DeliveryKind::from_name(name)
    }
}

/// Walks over the columns of a row in the order of its SELECT.
pub(crate) struct Columns<'a, 'b> {
    row: &'a rusqlite::Row<'b>,
    table: &'static str,
    next: usize,
}

impl<'a, 'b> Columns<'a, 'b> {
    pub fn of(table: &'static str, row: &'a rusqlite::Row<'b>) -> Columns<'a, 'b> {
        Columns { row, table, next: 0 }
    }

    pub fn get<T: FromSql>(&mut self) -> Result<T, StoreError> {
        self.next += 1;
        Ok(self.row.get(self.next - 1)?)
    }

    pub fn name<T: Named>(&mut self) -> Result<T, StoreError> {
        self.name_or_none()?
            .ok_or_else(|| StoreError::row(self.table, format!("column {} is empty", self.next)))
    }

    pub fn name_or_none<T: Named>(&mut self) -> Result<Option<T>, StoreError> {
        self.next += 1;
        let text = self.row.get_ref(self.next - 1)?.as_str_or_null().map_err(rusqlite::Error::from)?;
        match text {
            None => Ok(None),
            Some(text) => T::from_db_name(text).map(Some).ok_or_else(|| StoreError::row(self.table, text)),
        }
    }

    pub fn time(&mut self) -> Result<Timestamp, StoreError> {
        Ok(Timestamp::from_millis(self.get()?))
    }

    pub fn time_or_none(&mut self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.get::<Option<i64>>()?.map(Timestamp::from_millis))
    }

    pub fn task_id(&mut self) -> Result<TaskId, StoreError> {
        let text: String = self.get()?;
        TaskId::try_from(text).map_err(|error| StoreError::row(self.table, error))
    }

    pub fn task_id_or_none(&mut self) -> Result<Option<TaskId>, StoreError> {
        let text: Option<String> = self.get()?;
        text.map(|text| TaskId::try_from(text).map_err(|error| StoreError::row(self.table, error)))
            .transpose()
    }

    pub fn run_id(&mut self) -> Result<RunId, StoreError> {
        self.run_id_or_none()?.ok_or_else(|| StoreError::row(self.table, "no run"))
    }

    pub fn run_id_or_none(&mut self) -> Result<Option<RunId>, StoreError> {
        self.next += 1;
        let text = self.row.get_ref(self.next - 1)?.as_str_or_null().map_err(rusqlite::Error::from)?;
        text.map(|text| RunId::parse(text).ok_or_else(|| StoreError::row(self.table, text))).transpose()
    }

    pub fn json<T: serde::de::DeserializeOwned>(&mut self) -> Result<T, StoreError> {
        self.next += 1;
        let text = self.row.get_ref(self.next - 1)?.as_str().map_err(rusqlite::Error::from)?;
        serde_json::from_str(text).map_err(|error| StoreError::row(self.table, error))
    }

    /// What an empty column stands for is the usual value.
    pub fn json_or_default<T: serde::de::DeserializeOwned + Default>(&mut self) -> Result<T, StoreError> {
        self.next += 1;
        let text = self.row.get_ref(self.next - 1)?.as_str_or_null().map_err(rusqlite::Error::from)?;
        let read = |text| serde_json::from_str(text).map_err(|error| StoreError::row(self.table, error));
        text.map_or_else(|| Ok(T::default()), read)
    }
}

pub(crate) fn json<T: serde::Serialize>(table: &'static str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::row(table, error))
}

/// Whole milliseconds, as far as the database can hold them.
pub(crate) fn millis(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

pub(crate) fn duration(millis: i64) -> std::time::Duration {
    std::time::Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

/// Collects the rows of a query.
macro_rules! all {
    ($conn:expr, $sql:expr, $params:expr, $read:expr) => {{
        let mut statement = $conn.prepare_cached($sql)?;
        let mut rows = statement.query($params)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push($read(row)?);
        }
        found
    }};
}
pub(crate) use all;

/// Reads the first row of a query, if there is one.
macro_rules! first {
    ($conn:expr, $sql:expr, $params:expr, $read:expr) => {{
        let mut statement = $conn.prepare_cached($sql)?;
        let mut rows = statement.query($params)?;
        match rows.next()? {
            Some(row) => Some($read(row)?),
            None => None,
        }
    }};
}
pub(crate) use first;
