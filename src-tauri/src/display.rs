//! Whether there is a screen, and the one thing that is said on it without a window of ours.

use errand_base::{Code, Fault};

/// Asked before the toolkit is used, which otherwise ends the process on its own terms.
pub fn present() -> Result<(), Fault> {
    if os::present() {
        return Ok(());
    }
    Err(Fault::new(Code::EngineUnreachable, "There is no display to show Errand on.")
        .hint("`errand start --headless` runs it without one."))
}

/// For a person who started the app and would otherwise see nothing at all. Blocks until it is read.
pub fn refuse(fault: &Fault) {
    os::message("Errand did not start", &format!("{fault}\n\n{}", fault.hint));
}

#[cfg(target_os = "linux")]
mod os {
    use gtk::prelude::*;

    pub fn present() -> bool {
        gtk::init().is_ok()
    }

    pub fn message(title: &str, text: &str) {
        let dialog = gtk::MessageDialog::new(
            None::<&gtk::Window>,
            gtk::DialogFlags::empty(),
            gtk::MessageType::Error,
            gtk::ButtonsType::Close,
            title,
        );
        dialog.set_title("Errand");
        dialog.set_secondary_text(Some(text));
        dialog.run();
    }
}

#[cfg(not(target_os = "linux"))]
mod os {
    pub fn present() -> bool {
        true
    }

    pub fn message(_title: &str, _text: &str) {}
}
