//! What a person does with windows, tray and notifications, with the real binaries in a virtual desktop.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod attached;
mod manners;
mod newcomer;
mod path;
mod questions;
mod tray;

use std::path::PathBuf;
use std::time::Duration;

/// Generous, because it only ever runs out when something is wrong.
const LIMIT: Duration = Duration::from_secs(60);

/// Where the pictures are kept; a person looks at them.
fn pictures() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("screenshots");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}
