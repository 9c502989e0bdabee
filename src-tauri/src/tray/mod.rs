//! The icon in the tray and its menu.

mod action;
mod live;
mod picture;

use std::sync::{Mutex, PoisonError};

use tauri::image::Image;
use tauri::menu::{Menu, MenuEvent};
use tauri::tray::{TrayIcon, TrayIconBuilder};
use tauri::{AppHandle, Manager, Wry, include_image};
use tokio::sync::mpsc::UnboundedSender;

pub use action::Action;
pub use picture::{Picture, Questions, picture, starting};

use live::Live;
use picture::Icon;

/// Also part of a file's name among those of other programs, so it is ours alone.
const ID: &str = "org-errand-desktop";

/// Everything of the toolkit's that the tray holds. Touched on the main thread only.
struct Shown {
    tray: TrayIcon<Wry>,
    menu: Menu<Wry>,
    live: Vec<Live>,
    picture: Picture,
}

/// Puts the icon up. Where nobody shows it now, it appears as soon as somebody does.
pub fn build(app: &AppHandle, clicks: UnboundedSender<Action>) -> tauri::Result<()> {
    let picture = starting();
    let menu = Menu::new(app)?;
    let mut live = Vec::new();
    live::bring(app, &menu, &mut live, &picture.entries)?;
    let tray = TrayIconBuilder::with_id(ID)
        .icon(image(picture.icon))
        .tooltip(&picture.tooltip)
        .menu(&menu)
        // Windows opens the app on a left click; elsewhere the left click is how one gets the menu.
        .show_menu_on_left_click(cfg!(not(windows)))
        .on_menu_event({
            let clicks = clicks.clone();
            move |_, event: MenuEvent| {
                if let Some(action) = Action::read(event.id().as_ref()) {
                    drop(clicks.send(action));
                }
            }
        })
        .on_tray_icon_event(move |_, event| {
            if cfg!(windows) && is_left_click(&event) {
                drop(clicks.send(Action::New));
            }
        })
        .build(app)?;
    app.manage(Mutex::new(Shown { tray, menu, live, picture }));
    Ok(())
}

fn is_left_click(event: &tauri::tray::TrayIconEvent) -> bool {
    use tauri::tray::{MouseButton, MouseButtonState, TrayIconEvent};
    let left = MouseButton::Left;
    matches!(event, TrayIconEvent::Click { button, button_state: MouseButtonState::Up, .. } if *button == left)
}

/// Shows the picture, from any thread.
pub fn show(app: &AppHandle, picture: Picture) {
    let on_main = app.clone();
    let done = app.run_on_main_thread(move || {
        if let Err(error) = change(&on_main, picture) {
            tracing::warn!(%error, "the tray could not be changed");
        }
    });
    if let Err(error) = done {
        tracing::debug!(%error, "the tray is gone");
    }
}

fn change(app: &AppHandle, picture: Picture) -> tauri::Result<()> {
    let Some(shown) = app.try_state::<Mutex<Shown>>() else { return Ok(()) };
    let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
    let Shown { tray, menu, live, picture: now } = &mut *shown;
    if now.icon != picture.icon {
        tray.set_icon(Some(image(picture.icon)))?;
    }
    if now.tooltip != picture.tooltip {
        tray.set_tooltip(Some(&picture.tooltip))?;
    }
    if now.entries != picture.entries {
        live::bring(app, menu, live, &picture.entries)?;
    }
    *now = picture;
    Ok(())
}

fn image(icon: Icon) -> Image<'static> {
    match icon {
        Icon::Idle => include_image!("../icons/tray-idle.png"),
        Icon::Working => include_image!("../icons/tray-working.png"),
        Icon::NeedsYou => include_image!("../icons/tray-needs-you.png"),
        Icon::Paused => include_image!("../icons/tray-paused.png"),
        Icon::Error => include_image!("../icons/tray-error.png"),
    }
}
