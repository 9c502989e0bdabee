//! The process that holds the windows. It knows the engine's socket and nothing of the engine.

mod allowed;
mod commands;
mod feeds;
mod link;
mod outside;
mod place;
mod remember;

use std::collections::HashSet;
use std::io::Write;
use std::sync::{Mutex, PoisonError};

use errand_base::Fault;
use errand_os::Home;
use errand_wire::Window;
use serde::Serialize;
use tauri::{AppHandle, Manager, RunEvent, WindowEvent};
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::orders::{self, Order, Report};
use crate::{display, shell};
use feeds::Feeds;
use link::Link;

/// The labels of the windows there are.
#[derive(Debug, Default)]
struct Open(Mutex<HashSet<String>>);

impl Open {
    fn change(&self, with: impl FnOnce(&mut HashSet<String>) -> bool) {
        let mut labels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = with(&mut labels);
        tracing::debug!(changed, ?labels, "windows");
        report(&Report::Windows(labels.len()));
    }
}

pub fn run() -> Result<(), Fault> {
    let home = Home::find()?;
    display::present()?;
    let runtime = shell::runtime()?;
    let (builder, context) = shell::app();
    let app = builder
        .manage(Link::new(home.clone()))
        .manage(home)
        .manage(Feeds::default())
        .manage(Open::default())
        .manage(remember::Spots::default())
        .invoke_handler(tauri::generate_handler![
            commands::call,
            commands::subscribe,
            commands::unsubscribe,
            commands::open_window,
            commands::close_window,
            commands::window_ready,
            commands::choose_folder,
            commands::open_link,
            commands::copy_text,
            commands::start_folder,
        ])
        .on_window_event(|window, event| {
            remember::follow(window, event);
            if matches!(event, WindowEvent::Destroyed) {
                window.state::<Feeds>().forget(window.label());
                window.state::<Open>().change(|labels| labels.remove(window.label()));
            }
        })
        .setup(|app| {
            tauri::async_runtime::spawn(obey(app.handle().clone()));
            Ok(())
        })
        .build(context)
        .map_err(|error| shell::unusable(&error))?;
    app.run_return(|_, event| {
        // The tray says when to leave, not the last window.
        if let RunEvent::ExitRequested { code: None, api, .. } = event {
            api.prevent_exit();
        }
    });
    runtime.shutdown_background();
    Ok(())
}

/// Reads the tray's orders until it has no more, which also is how we learn that it has died.
async fn obey(app: AppHandle) {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        match orders::read(&line) {
            Some(Order::Open(window)) => show(&app, window),
            None => tracing::warn!(line, "an order that is not understood"),
        }
    }
    app.exit(0);
}

/// Opens the window, or brings it to the front.
pub fn show(app: &AppHandle, window: Window) {
    let on_main = app.clone();
    let done = app.run_on_main_thread(move || {
        if let Err(error) = place::show(&on_main, &window) {
            tracing::error!(%error, "a window could not be opened");
            // So that the tray does not wait for it.
            on_main.state::<Open>().change(|_| false);
        }
    });
    if let Err(error) = done {
        tracing::debug!(%error, "no window any more");
    }
}

/// If the tray has died, its input ends as well, and we leave for that reason.
fn report(report: &impl Serialize) {
    let mut out = std::io::stdout().lock();
    drop(out.write_all(&orders::write(report)).and_then(|()| out.flush()));
}
