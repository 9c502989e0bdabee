//! What a person does with windows, tray and notifications, with the real binaries in a virtual desktop.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod path;
mod tray;
