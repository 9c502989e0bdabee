//! The command line of bubblewrap. Whatever it does not name does not exist inside.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::places::{SYSTEM, SYSTEM_SECRETS, real};
use super::{Access, GATE, Sandbox};
use crate::program::find_program;

/// What all temporary files of the program share.
const SCRATCH: &str = "/tmp";

/// Not the person's PATH: what isolates a program must not be a program of the person's.
const WHERE: &str = "/usr/bin:/bin:/usr/local/bin:/run/current-system/sw/bin";

pub fn find() -> Option<PathBuf> {
    find_program("bwrap", WHERE, Path::new("/"))
}

/// Everything before the program that is to run inside. `gate`: the binary that is put at [`GATE`].
///
/// No `--die-with-parent`: it would kill everything at once where the supervisor wants to ask first, and the end
/// of all processes does not hang on it, as they stand below the supervisor. No `--new-session`: the supervisor
/// makes the session.
pub fn arguments(sandbox: &Sandbox, folder: &Path, gate: &Path) -> Vec<OsString> {
    let mut line = Line::default();
    line.words(&["--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-cgroup-try", "--as-pid-1"]);
    line.words(&["--cap-drop", "ALL"]);
    if !sandbox.network {
        line.words(&["--unshare-net"]);
    }
    for place in SYSTEM.iter().map(Path::new) {
        match fs::read_link(place) {
            Ok(target) => line.two("--symlink", target, place),
            Err(_) if place.exists() => line.two("--ro-bind", place, place),
            Err(_) => {}
        }
    }
    for secret in SYSTEM_SECRETS.iter().map(Path::new) {
        match fs::metadata(secret) {
            Ok(meta) if meta.is_dir() => line.one("--tmpfs", secret),
            Ok(_) => line.two("--ro-bind", "/dev/null", secret),
            Err(_) => {}
        }
    }
    // Often a link into /run, where the rest is not for the program.
    let resolver = real(Path::new("/etc/resolv.conf"));
    if sandbox.network && resolver.is_file() && !resolver.starts_with("/etc") {
        line.two("--ro-bind", &resolver, &resolver);
    }
    line.words(&["--proc", "/proc"]);
    if rustix::process::geteuid().is_root() {
        // The settings of the kernel belong to root, with or without root's powers.
        line.words(&["--remount-ro", "/proc"]);
    }
    line.words(&["--dev", "/dev", "--tmpfs", SCRATCH, "--symlink", SCRATCH, "/var/tmp"]);
    for place in sandbox.masked() {
        line.one("--tmpfs", place);
    }
    for place in sandbox.emptied.iter().map(|place| real(place)) {
        if place.is_absolute() && place != Path::new("/") {
            line.one("--tmpfs", place);
        }
    }
    match sandbox.folder {
        Access::None => {}
        Access::Read => line.two("--ro-bind", folder, folder),
        Access::Write => line.two("--bind", folder, folder),
    }
    for given in sandbox.run_folder.iter().chain(&sandbox.run_socket) {
        line.two("--bind", given, given);
    }
    line.two("--ro-bind", gate, GATE);
    line.one("--chdir", sandbox.start(folder).unwrap_or_else(|| SCRATCH.into()));
    line.words(&["--remount-ro", "/", "--"]);
    line.0
}

#[derive(Default)]
struct Line(Vec<OsString>);

impl Line {
    fn words(&mut self, words: &[&str]) {
        self.0.extend(words.iter().map(OsString::from));
    }

    fn one(&mut self, flag: &str, value: impl AsRef<Path>) {
        self.0.extend([flag.into(), value.as_ref().into()]);
    }

    fn two(&mut self, flag: &str, from: impl AsRef<Path>, to: impl AsRef<Path>) {
        self.0.extend([flag.into(), from.as_ref().into(), to.as_ref().into()]);
    }
}
