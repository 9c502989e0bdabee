//! Who may work in a folder, and when.

mod archive;
mod attachments;
mod leases;
mod own;
