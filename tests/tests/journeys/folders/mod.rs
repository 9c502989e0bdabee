//! The folders that tasks work in.

mod archive;
mod attachments;
mod leases;
mod own;
