use errand_os::Shortcut;
use tokio::sync::mpsc::UnboundedSender;

use super::Refused;
use crate::tray::Action;

#[derive(Debug)]
pub struct Grab;

impl Grab {
    pub fn take(_shortcut: &Shortcut, _pressed: UnboundedSender<Action>) -> Result<Grab, Refused> {
        Err(Refused::Broken("Errand cannot do that on this system yet".into()))
    }
}
