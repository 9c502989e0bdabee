//! The folders that tasks work in.

mod archive;
mod leases;
