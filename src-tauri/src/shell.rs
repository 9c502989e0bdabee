//! What both processes need before they differ.

use errand_base::{Code, Fault};
use tauri::{Builder, Context, Wry};
use tokio::runtime::Runtime;

/// Few threads: a tray is a guest, and the engine's work happens in processes of its own.
const THREADS: usize = 4;

/// One runtime for the engine, our own waiting and Tauri's commands.
pub fn runtime() -> Result<Runtime, Fault> {
    let threads = std::thread::available_parallelism().map_or(2, usize::from).min(THREADS);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .map_err(|error| Fault::new(Code::Internal, format!("No threads could be started: {error}.")))?;
    tauri::async_runtime::set(runtime.handle().clone());
    Ok(runtime)
}

pub fn app() -> (Builder<Wry>, Context<Wry>) {
    (tauri::Builder::default(), tauri::generate_context!())
}

pub fn unusable(error: &tauri::Error) -> Fault {
    Fault::new(Code::Internal, format!("The desktop part did not start: {error}."))
}
