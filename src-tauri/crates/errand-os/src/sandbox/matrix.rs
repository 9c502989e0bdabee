//! What a program can still do, for each kind of isolation. Every cell is compared with what a program really
//! achieves by `tests/sandbox`, and shown by `errand doctor`.

use super::{Access, Isolation, LANDLOCK_WITH_SCOPES, LANDLOCK_WITH_TCP};

/// Something a program may try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Attempt {
    ReadFolder,
    WriteFolder,
    WriteOutside,
    ReadKey,
    ReadErrand,
    Tcp,
    Udp,
    SessionBus,
    SshAgent,
    Display,
    AbstractDisplay,
    PersonSocket,
    SeeProcesses,
    ReadProcesses,
    SignalProcesses,
}

impl Attempt {
    pub const ALL: [Attempt; 15] = [
        Attempt::ReadFolder,
        Attempt::WriteFolder,
        Attempt::WriteOutside,
        Attempt::ReadKey,
        Attempt::ReadErrand,
        Attempt::Tcp,
        Attempt::Udp,
        Attempt::SessionBus,
        Attempt::SshAgent,
        Attempt::Display,
        Attempt::AbstractDisplay,
        Attempt::PersonSocket,
        Attempt::SeeProcesses,
        Attempt::ReadProcesses,
        Attempt::SignalProcesses,
    ];

    /// In JSON and in the fixture.
    pub fn name(self) -> &'static str {
        match self {
            Attempt::ReadFolder => "read_folder",
            Attempt::WriteFolder => "write_folder",
            Attempt::WriteOutside => "write_outside",
            Attempt::ReadKey => "read_key",
            Attempt::ReadErrand => "read_errand",
            Attempt::Tcp => "tcp",
            Attempt::Udp => "udp",
            Attempt::SessionBus => "session_bus",
            Attempt::SshAgent => "ssh_agent",
            Attempt::Display => "display",
            Attempt::AbstractDisplay => "abstract_display",
            Attempt::PersonSocket => "person_socket",
            Attempt::SeeProcesses => "see_processes",
            Attempt::ReadProcesses => "read_processes",
            Attempt::SignalProcesses => "signal_processes",
        }
    }

    /// Continues “a program can”.
    pub fn text(self) -> &'static str {
        match self {
            Attempt::ReadFolder => "read its folder",
            Attempt::WriteFolder => "write to its folder",
            Attempt::WriteOutside => "write elsewhere",
            Attempt::ReadKey => "read your keys and profiles",
            Attempt::ReadErrand => "read Errand's own folder",
            Attempt::Tcp => "open TCP connections",
            Attempt::Udp => "send over UDP",
            Attempt::SessionBus => "reach the session bus",
            Attempt::SshAgent => "reach the ssh agent",
            Attempt::Display => "reach the display",
            Attempt::AbstractDisplay => "reach the display, abstract",
            Attempt::PersonSocket => "connect to Errand's socket",
            Attempt::SeeProcesses => "see other processes",
            Attempt::ReadProcesses => "read their environment",
            Attempt::SignalProcesses => "send them signals",
        }
    }
}

/// One column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Setting {
    /// None: the program runs as the person, and the rest means nothing.
    pub isolation: Option<Isolation>,
    pub folder: Access,
    pub network: bool,
}

impl Setting {
    pub const OPEN: Setting = Setting { isolation: None, folder: Access::Write, network: true };

    /// Every column under one kind of isolation.
    pub fn all(isolation: Isolation) -> Vec<Setting> {
        let folders = [Access::None, Access::Read, Access::Write];
        [true, false]
            .into_iter()
            .flat_map(|network| folders.map(|folder| Setting { isolation: Some(isolation), folder, network }))
            .collect()
    }
}

/// Whether a program under `setting` gets through with `attempt`.
pub fn allows(setting: Setting, attempt: Attempt) -> bool {
    let Some(isolation) = setting.isolation else { return true };
    let shared = setting.network;
    match (attempt, isolation) {
        (Attempt::ReadFolder, _) => setting.folder != Access::None,
        (Attempt::WriteFolder, _) => setting.folder == Access::Write,
        (Attempt::WriteOutside | Attempt::ReadKey | Attempt::ReadErrand | Attempt::ReadProcesses, _) => false,

        (Attempt::Tcp | Attempt::Udp, Isolation::Bubblewrap { .. }) => shared,
        // Abstract sockets belong to the network, not to the file system.
        (Attempt::AbstractDisplay, Isolation::Bubblewrap { landlock }) => {
            shared && landlock < LANDLOCK_WITH_SCOPES
        }
        (_, Isolation::Bubblewrap { .. }) => false,

        (Attempt::Tcp, Isolation::Landlock { level }) => shared || level < LANDLOCK_WITH_TCP,
        (Attempt::AbstractDisplay | Attempt::SignalProcesses, Isolation::Landlock { level }) => {
            level < LANDLOCK_WITH_SCOPES
        }
        // Landlock looks at files when they are opened. Connecting to a socket opens none.
        (
            Attempt::Udp
            | Attempt::SessionBus
            | Attempt::SshAgent
            | Attempt::Display
            | Attempt::PersonSocket
            | Attempt::SeeProcesses,
            Isolation::Landlock { .. },
        ) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_isolated_can_do_what_an_open_program_cannot() {
        let kinds = [
            Isolation::Bubblewrap { landlock: 0 },
            Isolation::Bubblewrap { landlock: 6 },
            Isolation::Landlock { level: 3 },
            Isolation::Landlock { level: 6 },
        ];
        for attempt in Attempt::ALL {
            assert!(allows(Setting::OPEN, attempt), "{attempt:?}");
        }
        for setting in kinds.into_iter().flat_map(Setting::all) {
            assert!(!allows(setting, Attempt::ReadKey) && !allows(setting, Attempt::WriteOutside));
        }
    }

    #[test]
    fn names_and_texts_are_told_apart() {
        let names: std::collections::BTreeSet<_> = Attempt::ALL.iter().map(|it| it.name()).collect();
        let texts: std::collections::BTreeSet<_> = Attempt::ALL.iter().map(|it| it.text()).collect();
        assert_eq!((names.len(), texts.len()), (Attempt::ALL.len(), Attempt::ALL.len()));
    }
}
