//! The real binary against an engine that plays a script.
#![expect(
    clippy::disallowed_methods,
    reason = "the other side is a process of its own, and only time shows that it waits"
)]

#[cfg(test)]
mod commands;
#[cfg(test)]
mod start;
#[cfg(test)]
mod support;
