//! Who may work in a folder, and when.

mod archive;
mod leases;
