//! The bodies of the commands, one file for each group, and the views they return.

mod answer;
mod approvals;
mod backup;
mod below;
mod change;
mod credential;
mod deliveries;
mod doctor;
mod engine;
mod folder;
mod grant;
mod inbox;
mod run;
mod settings;
mod sleep;
mod tasks;
mod view;
mod wait;

pub(crate) use tasks::{is_final, log_lines, resolve, rows_after};
pub(crate) use view::timeline_row;
