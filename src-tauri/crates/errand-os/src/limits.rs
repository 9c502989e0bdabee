use std::io;
use std::sync::OnceLock;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The limit this process was started with; programs we start get it back, because some that use `select`
/// break beyond 1024. A static, as the limit itself belongs to the process.
static GIVEN: OnceLock<u64> = OnceLock::new();

/// Lets this process hold as many open files as the system allows. Every run takes three.
pub fn raise_open_files() -> io::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    if let Some(given) = limit.current {
        GIVEN.get_or_init(|| given);
    }
    Ok(setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?)
}

/// What [`raise_open_files`] has found, if it was called.
pub(crate) fn given() -> Option<u64> {
    GIVEN.get().copied()
}

pub(crate) fn restore(given: u64) -> io::Result<()> {
    let maximum = getrlimit(Resource::Nofile).maximum;
    Ok(setrlimit(Resource::Nofile, Rlimit { current: Some(given), maximum })?)
}
