//! What Errand remembers.
//!
//! `errand.db` holds everything a person may see: one thread writes it, in groups, and says so after the commit;
//! two threads read it. `logs.db` holds raw output only and may be thrown away. The tables have a file each
//! under `table/`, with a handle that reads and a handle that writes.
//!
//! Invariants: a row's state changes by compare-and-set and only through its table's file; a change is published
//! after its commit; nothing here reads the wall clock.

mod backup;
mod ballast;
mod connect;
mod error;
mod files;
mod job;
mod logs;
mod migrate;
mod open;
mod pool;
mod queue;
mod reply;
mod store;
mod table;
#[cfg(test)]
mod tests;
mod tx;
mod writer;

pub use backup::{BackupDone, Restored, restore};
pub use error::StoreError;
pub use logs::{LogLimits, LogLine, LogRecord, LogRun, LogSlice, LogStart, Logs, RunTail, Stream};
pub use open::{Notice, Opened, Options};
pub use reply::Reply;
pub use store::{Store, StoreStatus};
pub use table::{
    Artifacts, ArtifactsMut, Change, Cleanup, Credential, CredentialKind, Credentials, CredentialsMut,
    Deliveries, DeliveriesMut, Delivery, DeliveryState, Dependent, Ended, Entry, Escalation, Filter,
    FolderFiles, FolderFilesMut, Grant, Grants, GrantsMut, Inserted, Key, Keys, KeysMut, Kin, Missed,
    NewDelivery, NewTask, QuestionRow, QuestionState, Questions, QuestionsMut, Resolved, Root, Row, RunKey,
    RunPhase, RunRow, Runs, RunsMut, Settings, SettingsMut, Stored, StoredArtifact, SubjectKind, Subtasks,
    Tasks, TasksMut, Transitions, TransitionsMut,
};
pub use tx::{Reader, WriteTx};
