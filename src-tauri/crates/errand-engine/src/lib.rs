//! The engine: takes tasks, runs them, survives being killed, and tells the person.
//!
//! Two actors and no shared state. The dispatcher owns everything that lives and decides synchronously; the
//! executor runs one attempt and knows no states. What they decide is committed first and published afterwards.

mod approvals;
mod archive;
mod commit;
mod credentials;
mod dispatcher;
mod engine;
mod executor;
pub mod failpoint;
mod folders;
mod input;
mod launch;
mod log_sink;
mod outbox;
mod output;
mod recovery;
mod redaction;
mod removal;
mod retention;
mod run;
pub mod settings;
mod subtasks;
mod text;
mod worker;

pub use credentials::{Credentials, KeychainReport, Listed};
pub use engine::{Engine, Parts, script_agent};
pub use folders::{ATTACHMENTS_VARIABLE, OwnFolder, attach_fault};
pub use input::{Accepted, Counts, Edit, Leave, NewTask};
pub use outbox::{Back, Clicked, Outbox, Seat, Telling};
pub use run::RunShared;
pub use text::{one_line, plain_text};
pub use worker::{Asking, Door, NoDoor, Worker};
