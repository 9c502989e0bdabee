//! The tray process, from its start to its end.

mod calls;
mod desk;
mod signals;
mod start;

use std::sync::{Arc, Mutex, PoisonError};

use errand_base::Fault;
use errand_os::Home;
use tauri::RunEvent;

use crate::args::Wish;
use crate::{display, session, shell};

pub fn run(wish: Wish) -> Result<(), Fault> {
    let home = Home::find()?;
    let runtime = shell::runtime()?;
    // Before any toolkit: a second start is over within milliseconds.
    let Some(seat) = runtime.block_on(session::claim(&home, wish.as_ref()))? else { return Ok(()) };
    display::present()?;

    let hidden = wish.is_none();
    let outcome = Arc::new(Mutex::new(Ok(())));
    let (builder, context) = shell::app();
    let app = builder
        .setup({
            let outcome = outcome.clone();
            move |app| Ok(start::start(app.handle(), home, wish, outcome)?)
        })
        .build(context)
        .map_err(|error| shell::unusable(&error))?;
    app.run_return(|_, event| {
        // Without a window Tauri wants to leave. With a code it is us who want to.
        if let RunEvent::ExitRequested { code: None, api, .. } = event {
            api.prevent_exit();
        }
    });

    drop(seat);
    runtime.shutdown_background();
    let ended = std::mem::replace(&mut *outcome.lock().unwrap_or_else(PoisonError::into_inner), Ok(()));
    if let (Err(fault), false) = (&ended, hidden) {
        display::refuse(fault);
    }
    ended
}
