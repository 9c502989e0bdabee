//! The commands of Errand: their bodies, the socket they are served on, and the client that calls them. Every
//! surface comes through here, so none has logic of its own.

pub mod attach;
mod bodies;
pub mod client;
pub mod diary;
pub mod doctor;
mod folder_file;
mod folders;
pub mod host;
pub mod isolation;
mod keys;
mod markdown;
mod program;
mod router;
mod server;

pub use errand_agents::tools::{CHANGED as TOOL_CHANGED, Refused as ToolRefused, perform as use_tool};
pub use errand_store::restore;
