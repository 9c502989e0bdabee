//! What reaches beyond our windows: the person's browser, clipboard and folders.

use errand_base::{Code, Fault};
use tauri::{Manager, Url, WebviewWindow};

use super::report;
use crate::clipboard;
use crate::orders::Report;

/// The only links that are handed to other programs.
pub fn checked(url: &str) -> Result<Url, Fault> {
    Url::parse(url)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https" | "mailto"))
        .ok_or_else(|| Fault::new(Code::BadUsage, "This link cannot be opened.").hint("Copy it instead."))
}

pub async fn open(url: Url) -> Result<(), Fault> {
    os::open(url).await.map_err(|why| {
        Fault::new(Code::ProgramMissing, format!("The link could not be opened: {why}."))
            .hint("Copy it instead.")
    })
}

/// Starts at the person's home.
pub async fn choose_folder(window: WebviewWindow) -> Option<String> {
    let (chosen, choice) = tokio::sync::oneshot::channel();
    let over = window.clone();
    window.run_on_main_thread(move || os::choose_folder(&over, chosen)).ok()?;
    choice.await.ok().flatten()
}

pub fn copy(window: &WebviewWindow, text: String) -> Result<(), Fault> {
    let app = window.app_handle().clone();
    window
        .run_on_main_thread(move || {
            if clipboard::needs_the_tray() {
                report(&Report::Copied(text));
            } else {
                clipboard::set(&app, text);
            }
        })
        .map_err(|error| Fault::new(Code::Internal, format!("Nothing was copied: {error}.")))
}

#[cfg(target_os = "linux")]
mod os {
    use std::cell::Cell;
    use std::process::Stdio;
    use std::time::Duration;

    use gtk::prelude::*;
    use tauri::{Url, WebviewWindow};
    use tokio::process::Command;
    use tokio::sync::oneshot::Sender;

    /// A program that found nobody to open the link says so at once; one that is the browser itself stays.
    const FIRST_MOMENT: Duration = Duration::from_secs(2);

    pub async fn open(url: Url) -> Result<(), String> {
        let mut opener = Command::new("xdg-open")
            .arg(url.as_str())
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("xdg-open did not start ({error})"))?;
        match tokio::time::timeout(FIRST_MOMENT, opener.wait()).await {
            Ok(Ok(status)) if !status.success() => Err("no program takes it".into()),
            Ok(_) => Ok(()),
            Err(_) => {
                tokio::spawn(async move { opener.wait().await });
                Ok(())
            }
        }
    }

    pub fn choose_folder(window: &WebviewWindow, chosen: Sender<Option<String>>) {
        let parent = window.gtk_window().ok();
        let dialog = gtk::FileChooserNative::new(
            Some("Choose a folder"),
            parent.as_ref(),
            gtk::FileChooserAction::SelectFolder,
            Some("Choose"),
            Some("Cancel"),
        );
        if let Some(home) = std::env::home_dir() {
            dialog.set_current_folder(home);
        }
        let chosen = Cell::new(Some(chosen));
        // Nobody else holds the dialog, so it holds itself until it was answered.
        let held = Cell::new(Some(dialog.clone()));
        dialog.connect_response(move |dialog, response| {
            let folder = dialog.filename().filter(|_| response == gtk::ResponseType::Accept);
            if let Some(chosen) = chosen.take() {
                drop(chosen.send(folder.map(|folder| folder.to_string_lossy().into_owned())));
            }
            drop(held.take());
        });
        dialog.show();
    }
}

#[cfg(not(target_os = "linux"))]
mod os {
    use tauri::{Url, WebviewWindow};
    use tokio::sync::oneshot::Sender;

    pub async fn open(_url: Url) -> Result<(), String> {
        Err("there is no way to do it on this system yet".into())
    }

    pub fn choose_folder(_window: &WebviewWindow, chosen: Sender<Option<String>>) {
        drop(chosen.send(None));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_for_people_leave_the_app() {
        for good in ["https://example.org/a?b=c", "http://localhost:8080", "mailto:somebody@example.org"] {
            checked(good).unwrap();
        }
        for bad in
            ["file:///etc/passwd", "javascript:alert(1)", "ssh://host", "--help", "", "data:text/html,x"]
        {
            assert_eq!(checked(bad).unwrap_err().code, Code::BadUsage, "{bad}");
        }
    }
}
