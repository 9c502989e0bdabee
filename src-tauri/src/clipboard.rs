//! What the person copies. On X11 a copied text lives only as long as the process that offers it, so there the tray
//! does it, which stays; on Wayland only a process with a focused window may.

use tauri::AppHandle;

/// From any thread.
pub fn set(app: &AppHandle, text: String) {
    if let Err(error) = app.run_on_main_thread(move || os::set(&text)) {
        tracing::warn!(%error, "nothing was copied");
    }
}

/// On the main thread.
pub fn needs_the_tray() -> bool {
    os::needs_the_tray()
}

#[cfg(target_os = "linux")]
mod os {
    use gtk::gdk;
    use gtk::prelude::*;

    pub fn set(text: &str) {
        gtk::Clipboard::get(&gdk::SELECTION_CLIPBOARD).set_text(text);
    }

    pub fn needs_the_tray() -> bool {
        gdk::Display::default().is_some_and(|display| display.backend().is_x11())
    }
}

#[cfg(not(target_os = "linux"))]
mod os {
    pub fn set(_text: &str) {}

    pub fn needs_the_tray() -> bool {
        false
    }
}
