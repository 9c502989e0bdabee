//! The desktop of Errand: the tray, and the windows in a process of their own.
//!
//! Two programs in one binary. Started by a person it is the tray: it brings the engine along or joins one that
//! runs, and never holds a web view. With `--windows` it is the helper that the tray starts when a window is
//! wanted. Both speak to the engine over the person's socket, and neither decides anything: every entry and every
//! button is a command of `errand-wire`.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod args;
mod clipboard;
mod desktop;
mod display;
mod helper;
mod link;
mod orders;
mod quit_dialog;
mod session;
mod shell;
mod shortcut;
mod tell;
mod tray;
mod tray_host;
mod windows;

use std::process::ExitCode;

use args::Start;

fn main() -> ExitCode {
    errand_api::diary::to_stderr();
    let ended = args::read(std::env::args().skip(1)).and_then(|start| match start {
        Start::Desktop(wish) => desktop::run(wish),
        Start::Windows => windows::run(),
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            tracing::error!(code = %fault.code.name(), hint = %fault.hint, "{fault}");
            ExitCode::from(fault.code.exit())
        }
    }
}
