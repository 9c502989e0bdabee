//! Systems that are not asked to stay awake so far.

use tokio::sync::mpsc;

use super::{Hold, Power, PowerEvents, PowerStatus, Wishes};

#[derive(Debug, Default)]
pub struct SystemPower(Wishes);

impl SystemPower {
    pub fn start() -> (SystemPower, PowerEvents) {
        (SystemPower::default(), mpsc::unbounded_channel().1)
    }
}

impl Power for SystemPower {
    fn hold(&self, why: &str) -> Hold {
        self.0.hold(why)
    }

    fn status(&self) -> PowerStatus {
        PowerStatus::Unable("Errand cannot do that on this system yet".to_owned())
    }
}
