//! The key that brings the Quick window from anywhere. Off unless its person has set one.
//!
//! Own code instead of a plug-in: the usual crate for it looks for keys every 50 ms for as long as it lives.

#[cfg(target_os = "linux")]
#[path = "shortcut/x11.rs"]
mod os;
#[cfg(not(target_os = "linux"))]
#[path = "shortcut/other.rs"]
mod os;

use errand_os::Shortcut;
use tokio::sync::mpsc::UnboundedSender;

use crate::tray::Action;

pub use os::Grab;

/// What to do instead.
const INSTEAD: &str =
    "You can bind the command `errand-desktop --quick` to a key in your desktop's settings.";

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// A program cannot have keys of its own there.
    Wayland,
    /// Another program has it.
    Taken,
    NotOnKeyboard,
    Broken(String),
}

impl Refused {
    fn sentence(&self, shortcut: &Shortcut) -> String {
        match self {
            Refused::Wayland => format!("On Wayland a program cannot take a key for itself. {INSTEAD}"),
            Refused::Taken => format!(
                "Another program has {shortcut} already. `errand settings set shortcut KEYS` takes another one."
            ),
            Refused::NotOnKeyboard => format!("This keyboard has no key for {shortcut}."),
            Refused::Broken(why) => format!("{shortcut} could not be set up: {why}. {INSTEAD}"),
        }
    }
}

/// The key as it is set, and its grab as long as there is one.
#[derive(Debug, Default)]
pub struct Live {
    setting: String,
    grab: Option<Grab>,
}

impl Live {
    /// Follows the setting. What cannot be done is said once for each change of it.
    pub fn follow(&mut self, setting: &str, pressed: &UnboundedSender<Action>) -> Option<String> {
        if self.setting == setting {
            return None;
        }
        setting.clone_into(&mut self.setting);
        // First of all the old one, which may be the same key.
        self.grab = None;
        // Off, or something that another version has written.
        let shortcut = Shortcut::parse(setting).ok()?;
        match Grab::take(&shortcut, pressed.clone()) {
            Ok(grab) => {
                self.grab = Some(grab);
                None
            }
            Err(refused) => {
                tracing::info!(?refused, %shortcut, "no shortcut");
                Some(refused.sentence(&shortcut))
            }
        }
    }
}
