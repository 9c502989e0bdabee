//! What Errand needs from the operating system: folders, locks, processes and their certain end, notifications,
//! the keychain, and a machine that stays awake.
//!
//! Files named after a system hold the same functions for it; where a system cannot do something yet, the
//! function says so with an error.

mod autostart;
pub mod groups;
mod home;
mod identity;
#[cfg(windows)]
#[path = "windows/job.rs"]
pub mod job;
mod keychain;
mod limits;
mod lock;
mod notify;
mod own;
mod peer;
mod power;
mod program;
pub mod sandbox;
mod shortcut;
mod spawner;
mod swept;
mod work;

#[cfg(target_os = "linux")]
#[path = "linux/mod.rs"]
mod os;
#[cfg(not(target_os = "linux"))]
#[path = "other/mod.rs"]
mod os;

pub use autostart::Autostart;
pub use groups::{Groups, Together};
pub use home::Home;
pub use identity::ProcessIdentity;
pub use keychain::{Answer, Closed, FakeKeychain, Keychain, KeychainState, SessionKeychain};
pub use limits::raise_open_files;
pub use lock::{EngineLock, FileLock, Holder, LockError};
pub use notify::{
    Banner, DesktopNotifier, FakeNotifier, NotShown, Notifier, NotifierEvent, NotifierEvents, NotifierStatus,
    Pending, Reply, Told, text,
};
pub use os::beneath::{Beneath, Entry};
pub use os::boundary::{peer, same_run};
pub use os::sweep::{become_subreaper, reap_adopted, sweep};
pub use os::tree::remove_tree;
pub use own::{kill_self, own_uid};
pub use peer::Peer;
pub use power::{FakePower, Hold, Power, PowerEvent, PowerEvents, PowerStatus, SystemPower};
pub use program::{USUAL_PATH, find_program};
pub use sandbox::{Access, Isolation, Limits, Probe, Sandbox, gate, probe};
pub use shortcut::{Key, Shortcut};
pub use spawner::{
    Exit, Launch, Output, Process, ProcessEvent, RUN_VARIABLE, Spawner, StartFailure, TASK_VARIABLE,
    read_now, serve,
};
pub use swept::{Swept, SweptProcess};
pub use work::{
    ATTACHMENTS, AttachError, Attached, LeftBehind, MOST_ATTACHED, MOST_BYTES, Reserved, Staged, WorkFolders,
};
