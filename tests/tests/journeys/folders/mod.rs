//! The folders that tasks work in.

mod leases;
