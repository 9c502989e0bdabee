//! Systems whose processes we cannot yet name for good.

pub mod beneath;
pub mod groups;
pub mod sweep;
pub mod tree;

pub mod boundary {
    use std::io;

    use crate::Peer;

    /// Not told apart here yet.
    pub fn peer(_pid: u32, _mark: &str, _desktop: Option<&std::path::Path>) -> io::Result<Peer> {
        Ok(Peer::Person)
    }

    /// Only the token tells here.
    pub fn same_run(_peer: u32, _started: u32, _mark: &str) -> io::Result<bool> {
        Ok(true)
    }
}

pub mod process {
    use std::io;

    pub fn start_time(_pid: u32) -> io::Result<u64> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub fn boot_id() -> io::Result<String> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub fn is_alive(_pid: u32, _start_time: u64) -> bool {
        false
    }
}
