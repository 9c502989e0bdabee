//! One connection to the X server for one key, and a thread that sleeps until it is pressed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use errand_os::{Key, Shortcut};
use tokio::sync::mpsc::UnboundedSender;
use x11rb::connection::Connection;
use x11rb::errors::ReplyError;
use x11rb::protocol::xproto::{
    ClientMessageEvent, ConnectionExt, CreateWindowAux, EventMask, GrabMode, Mapping, ModMask, Window,
    WindowClass,
};
use x11rb::protocol::{ErrorKind, Event};
use x11rb::rust_connection::RustConnection;

use super::Refused;
use crate::tray::Action;

/// A key counts with these locks on and off.
const LOCKS: [u16; 4] = [0, 2, 16, 18];

/// The key is ours as long as this lives.
#[derive(Debug)]
pub struct Grab {
    server: Arc<RustConnection>,
    /// A message to it wakes the thread.
    bell: Window,
    ends: Arc<AtomicBool>,
}

impl Grab {
    pub fn take(shortcut: &Shortcut, pressed: UnboundedSender<Action>) -> Result<Grab, Refused> {
        // The X server of a Wayland session hears a key only while one of its own windows is in front.
        if std::env::var_os("WAYLAND_DISPLAY").is_some_and(|display| !display.is_empty()) {
            return Err(Refused::Wayland);
        }
        let (server, screen) = x11rb::connect(None).map_err(broken)?;
        let root = server.setup().roots.get(screen).map(|screen| screen.root);
        let root = root.ok_or_else(|| Refused::Broken("there is no screen".into()))?;
        let bell = server.generate_id().map_err(broken)?;
        let nothing = CreateWindowAux::new();
        server
            .create_window(0, bell, root, 0, 0, 1, 1, 0, WindowClass::INPUT_ONLY, 0, &nothing)
            .map_err(broken)?;
        let mut key = Bound { root, held: held(shortcut), symbol: symbol(shortcut.key), code: 0 };
        key.bind(&server)?;
        let (server, ends) = (Arc::new(server), Arc::new(AtomicBool::new(false)));
        let listener = (server.clone(), ends.clone());
        let thread = std::thread::Builder::new().name("shortcut".into());
        thread.spawn(move || listen(&listener.0, &listener.1, key, &pressed)).map_err(broken)?;
        Ok(Grab { server, bell, ends })
    }
}

impl Drop for Grab {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        let wake = ClientMessageEvent::new(32, self.bell, 1_u32, [0_u32; 5]);
        // A server that is gone has woken the thread already.
        drop(self.server.send_event(false, self.bell, EventMask::NO_EVENT, wake));
        drop(self.server.flush());
    }
}

/// Until the grab is dropped or the server goes. The connection ends with the last who holds it, and the grab with it.
fn listen(server: &RustConnection, ends: &AtomicBool, mut key: Bound, pressed: &UnboundedSender<Action>) {
    loop {
        match server.wait_for_event() {
            Ok(_) if ends.load(Ordering::SeqCst) => break,
            Ok(Event::KeyPress(press)) if press.detail == key.code => drop(pressed.send(Action::New)),
            Ok(Event::MappingNotify(change)) if change.request == Mapping::KEYBOARD => {
                if let Err(refused) = key.bind_again(server) {
                    tracing::info!(?refused, "the shortcut is not on the new keyboard");
                }
            }
            Ok(_) => {}
            Err(error) => return tracing::debug!(%error, "no X server for the shortcut any more"),
        }
    }
    key.let_go(server);
}

/// A key on the keyboard as it is laid out now.
struct Bound {
    root: Window,
    held: u16,
    symbol: u32,
    code: u8,
}

impl Bound {
    fn bind(&mut self, server: &RustConnection) -> Result<(), Refused> {
        self.code = code(server, self.symbol)?;
        for locks in LOCKS {
            let held = ModMask::from(self.held | locks);
            let asynchronous = GrabMode::ASYNC;
            let asked = server.grab_key(false, self.root, held, self.code, asynchronous, asynchronous);
            match asked.map_err(broken)?.check() {
                Ok(()) => {}
                Err(ReplyError::X11Error(error)) if error.error_kind == ErrorKind::Access => {
                    return Err(Refused::Taken);
                }
                Err(error) => return Err(broken(error)),
            }
        }
        Ok(())
    }

    fn bind_again(&mut self, server: &RustConnection) -> Result<(), Refused> {
        if code(server, self.symbol) == Ok(self.code) {
            return Ok(());
        }
        self.let_go(server);
        self.bind(server)
    }

    fn let_go(&self, server: &RustConnection) {
        for locks in LOCKS {
            drop(server.ungrab_key(self.code, self.root, ModMask::from(self.held | locks)));
        }
        drop(server.flush());
    }
}

fn code(server: &RustConnection, symbol: u32) -> Result<u8, Refused> {
    let (first, last) = (server.setup().min_keycode, server.setup().max_keycode);
    let asked = server.get_keyboard_mapping(first, last - first + 1).map_err(broken)?;
    let mapping = asked.reply().map_err(broken)?;
    let per_code = usize::from(mapping.keysyms_per_keycode).max(1);
    let mut codes = (first..=last).zip(mapping.keysyms.chunks(per_code));
    codes.find(|(_, symbols)| symbols.contains(&symbol)).map(|(code, _)| code).ok_or(Refused::NotOnKeyboard)
}

fn held(shortcut: &Shortcut) -> u16 {
    let masks = [
        (shortcut.ctrl, ModMask::CONTROL),
        (shortcut.alt, ModMask::M1),
        (shortcut.shift, ModMask::SHIFT),
        (shortcut.logo, ModMask::M4),
    ];
    masks.into_iter().filter(|(held, _)| *held).map(|(_, mask)| u16::from(mask)).sum()
}

/// The number by which X knows what stands on a key.
fn symbol(key: Key) -> u32 {
    match key {
        Key::Letter(letter) => u32::from(letter.to_ascii_lowercase()),
        Key::Function(number) => 0xffbd + u32::from(number),
        Key::Space => 0x20,
    }
}

fn broken(error: impl std::fmt::Display) -> Refused {
    Refused::Broken(error.to_string())
}
