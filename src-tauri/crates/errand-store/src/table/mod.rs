//! One file per table: a handle that reads, a handle that writes, and a private type for its row.

mod artifact;
mod credential;
mod delivery;
mod dependency;
mod folder_file;
mod grant;
mod key;
mod label;
mod list;
pub(crate) mod names;
mod question;
mod run;
pub(crate) mod search;
mod setting;
mod task;
mod transition;
mod turn;

pub use artifact::{Artifacts, ArtifactsMut, StoredArtifact};
pub use credential::{Credential, CredentialKind, Credentials, CredentialsMut};
pub use delivery::{Deliveries, DeliveriesMut, Delivery, DeliveryState, Escalation, NewDelivery};
pub use dependency::Dependent;
pub use folder_file::{FolderFiles, FolderFilesMut};
pub use grant::{Grant, Grants, GrantsMut};
pub use key::{Key, Keys, KeysMut};
pub use list::{Filter, Row, Subtasks};
pub use question::{QuestionRow, QuestionState, Questions, QuestionsMut};
pub use run::{RunKey, RunPhase, RunRow, Runs, RunsMut};
pub use setting::{Settings, SettingsMut};
pub use task::{Cleanup, Ended, Inserted, Kin, Missed, NewTask, Resolved, Root, Stored, Tasks, TasksMut};
pub use transition::{Change, Entry, SubjectKind, Transitions, TransitionsMut};
pub use turn::{Turns, TurnsMut};
