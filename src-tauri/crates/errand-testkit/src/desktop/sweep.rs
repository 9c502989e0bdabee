//! Ends what a test left behind, by process id.

use std::{fs, path::Path};

use rustix::process::{Pid, Signal, getpid, kill_process};

/// A killed parent may be forking while its children are looked for; a second look finds those.
const ROUNDS: usize = 5;

/// Kills every process whose environment names the folder `scope`: whatever was started inside a desktop has its
/// HOME there, and so have the grandchildren that left their process group or lost their parent.
pub(super) fn sweep(scope: &Path) {
    for _ in 0..ROUNDS {
        let found = inside(scope);
        if found.is_empty() {
            return;
        }
        for pid in found {
            // It may have ended by itself since.
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

fn inside(scope: &Path) -> Vec<Pid> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let own = getpid();
    entries
        .flatten()
        .filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?))
        .filter(|pid| *pid != own)
        .filter(|pid| {
            // Unreadable: another user's, hence not ours. Empty: a zombie, already dead.
            fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero()))
                .is_ok_and(|environment| names(&environment, scope))
        })
        .collect()
}

fn names(environment: &[u8], scope: &Path) -> bool {
    let scope = scope.as_os_str().as_encoded_bytes();
    environment.windows(scope.len() + 1).any(|window| {
        // The byte after it decides: `/tmp/ed-ab` is not inside `/tmp/ed-a`.
        window.starts_with(scope) && matches!(window.last(), Some(b'/' | b'\0' | b',' | b':'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_named_as_a_whole_only() {
        let scope = Path::new("/tmp/ed-a");
        assert!(names(b"HOME=/tmp/ed-a/home\0", scope));
        assert!(names(b"X=1\0SCOPE=/tmp/ed-a\0", scope));
        assert!(!names(b"HOME=/tmp/ed-ab/home\0", scope));
        assert!(!names(b"", scope));
    }
}
