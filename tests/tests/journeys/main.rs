//! What a person does at the terminal, with the real binaries.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on fails"
)]

#[cfg(test)]
mod basics;
#[cfg(test)]
mod first_contact;
// What follows looks at processes the way Linux shows them.
#[cfg(all(test, target_os = "linux"))]
mod engine;
#[cfg(all(test, target_os = "linux"))]
mod failpoints;
#[cfg(all(test, target_os = "linux"))]
mod folders;
#[cfg(all(test, target_os = "linux"))]
mod keychain;
#[cfg(all(test, target_os = "linux"))]
mod output;
#[cfg(all(test, target_os = "linux"))]
mod storm;
#[cfg(all(test, target_os = "linux"))]
mod worker;
#[cfg(test)]
mod world;
