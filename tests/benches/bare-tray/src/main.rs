//! A tray with two entries and a window on demand, and nothing else: the floor under what the desktop can cost.
//! Prints `tray` when the icon is up and `window MS` when a page has loaded, MS after it was asked for.

use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tauri::menu::{Menu, MenuItem};
use tauri::tray::TrayIconBuilder;
use tauri::webview::PageLoadEvent;
use tauri::{AppHandle, Manager, RunEvent, WebviewUrl, WebviewWindowBuilder};

/// Since when a window is waited for, on a clock that is set to zero at the start.
struct Asked(Mutex<Duration>, Stopwatch);

struct Stopwatch(std::time::Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "a measurement of real time is what this program is for")]
    fn start() -> Stopwatch {
        Stopwatch(std::time::Instant::now())
    }
}

fn main() -> tauri::Result<()> {
    let app = tauri::Builder::default()
        .manage(Asked(Mutex::default(), Stopwatch::start()))
        .setup(|app| {
            let open = MenuItem::with_id(app, "open", "Open", true, None::<&str>)?;
            let quit = MenuItem::with_id(app, "quit", "Quit", true, None::<&str>)?;
            let menu = Menu::with_items(app, &[&open, &quit])?;
            let tray =
                TrayIconBuilder::with_id("org-errand-bare-tray").menu(&menu).on_menu_event(|app, event| {
                    if event.id() == "open" {
                        drop(open_window(app));
                    } else {
                        app.exit(0);
                    }
                });
            let tray = match app.default_window_icon() {
                Some(icon) => tray.icon(icon.clone()),
                None => tray,
            };
            tray.build(app)?;
            say("tray");
            Ok(())
        })
        .build(tauri::generate_context!())?;
    app.run(|_, event| {
        if let RunEvent::ExitRequested { code: None, api, .. } = event {
            api.prevent_exit();
        }
    });
    Ok(())
}

fn open_window(app: &AppHandle) -> tauri::Result<()> {
    if let Some(asked) = app.try_state::<Asked>() {
        *asked.0.lock().unwrap_or_else(PoisonError::into_inner) = asked.1.0.elapsed();
    }
    let number = app.webview_windows().len();
    WebviewWindowBuilder::new(app, format!("window-{number}"), WebviewUrl::App("index.html".into()))
        .inner_size(560.0, 440.0)
        .on_page_load(|window, payload| {
            if payload.event() == PageLoadEvent::Finished
                && let Some(asked) = window.try_state::<Asked>()
            {
                let since = *asked.0.lock().unwrap_or_else(PoisonError::into_inner);
                say(&format!("window {}", asked.1.0.elapsed().saturating_sub(since).as_millis()));
            }
        })
        .build()?;
    Ok(())
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    drop(writeln!(out, "{line}").and_then(|()| out.flush()));
}
