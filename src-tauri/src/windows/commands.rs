//! What the windows may ask of the shell. `call` and `subscribe` go to the engine as they are.

use errand_base::{Code, Fault};
use errand_wire::{Feed, Window, WireError};
use serde_json::Value;
use tauri::ipc::Channel;
use tauri::{AppHandle, State, WebviewWindow};

use super::feeds::{Feeds, Message};
use super::link::Link;
use super::{allowed, outside, place, report};
use crate::orders::Report;

type Reply<T> = Result<T, WireError>;

#[tauri::command]
pub async fn call(
    window: WebviewWindow,
    link: State<'_, Link>,
    command: String,
    params: Option<Value>,
) -> Reply<Value> {
    if !allowed::may(window.label(), &command) {
        return Err(Fault::new(
            Code::BadUsage,
            format!("This window has no use for the command “{command}”."),
        )
        .into());
    }
    let params = params.unwrap_or_else(|| Value::Object(serde_json::Map::new()));
    let client = link.client().await?;
    Ok(client.call_raw(&command, params).await?)
}

#[tauri::command]
pub async fn subscribe(
    window: WebviewWindow,
    link: State<'_, Link>,
    feeds: State<'_, Feeds>,
    feed: Feed,
    on_event: Channel<Message>,
) -> Reply<u32> {
    let client = match feed {
        Feed::Changes { .. } => link.client().await?,
        Feed::Log { .. } => link.another().await?,
    };
    Ok(feeds.start(window.label(), client, feed, on_event))
}

#[tauri::command]
pub fn unsubscribe(window: WebviewWindow, feeds: State<'_, Feeds>, id: u32) {
    feeds.stop(window.label(), id);
}

#[tauri::command]
pub fn open_window(app: AppHandle, window: Window) {
    super::show(&app, window);
}

#[tauri::command]
pub async fn close_window(window: WebviewWindow) {
    if let Err(error) = window.close() {
        tracing::debug!(%error, "the window is gone already");
    }
}

#[tauri::command]
pub async fn window_ready(window: WebviewWindow) {
    if let Err(error) = place::reveal(&window) {
        tracing::warn!(%error, "a window could not be shown");
    }
    report(&Report::Ready(window.label().into()));
}

/// `None` when the person chose none.
#[tauri::command]
pub async fn choose_folder(window: WebviewWindow) -> Option<String> {
    outside::choose_folder(window).await
}

#[tauri::command]
pub async fn open_link(url: String) -> Reply<()> {
    Ok(outside::open(outside::checked(&url)?).await?)
}

#[tauri::command]
pub async fn copy_text(window: WebviewWindow, text: String) -> Reply<()> {
    Ok(outside::copy(&window, text)?)
}

/// The folder that is offered first.
#[tauri::command]
pub fn start_folder() -> String {
    std::env::home_dir().map(|home| home.to_string_lossy().into_owned()).unwrap_or_default()
}
