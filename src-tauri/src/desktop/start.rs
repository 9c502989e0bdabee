//! Puts the parts of the tray process together.

use std::sync::{Arc, Mutex, PoisonError};

use errand_base::Fault;
use errand_os::Home;
use tauri::AppHandle;
use tokio::sync::mpsc;

use super::desk::Desk;
use crate::args::Wish;
use crate::{tray, tray_host};

pub type Outcome = Arc<Mutex<Result<(), Fault>>>;

/// On the main thread, once the toolkit is there. The icon comes first; the engine opens meanwhile.
pub fn start(app: &AppHandle, home: Home, wish: Wish, outcome: Outcome) -> tauri::Result<()> {
    let (clicks, clicked) = mpsc::unbounded_channel();
    tray::build(app, clicks.clone())?;
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let host = tray_host::follow();
        let ended = match Desk::open(app.clone(), home, (clicks, clicked), host).await {
            Ok(desk) => desk.serve(wish).await,
            Err(fault) => Err(fault),
        };
        *outcome.lock().unwrap_or_else(PoisonError::into_inner) = ended;
        app.exit(0);
    });
    Ok(())
}
