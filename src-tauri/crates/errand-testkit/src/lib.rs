//! What the tests stand on. Never shipped: only test targets depend on this crate.

#[cfg(target_os = "linux")]
pub mod desktop;
