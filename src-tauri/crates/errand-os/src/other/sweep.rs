//! Systems on which no program is started, so that none is left.

use std::io;
use std::time::Duration;

use crate::ProcessIdentity;
use crate::swept::{Swept, SweptProcess};

pub fn sweep(_mark: &str, _known: &[ProcessIdentity], _grace: Duration) -> Swept {
    Swept::default()
}

pub fn become_subreaper() -> io::Result<()> {
    Ok(())
}

pub fn reap_adopted(_mark: &str) -> Vec<SweptProcess> {
    Vec::new()
}
