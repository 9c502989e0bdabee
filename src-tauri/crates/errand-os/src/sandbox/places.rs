//! Which folders an isolated program finds, and which are never given away.

use std::path::{Path, PathBuf};

use super::{Access, Isolation, Sandbox};

/// The system itself: read only.
pub const SYSTEM: &[&str] = &[
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/etc",
    "/opt",
    "/nix/store",
    "/gnu/store",
];

/// Parts of it that hold secrets. Only root could read them at all.
#[cfg(target_os = "linux")]
pub const SYSTEM_SECRETS: &[&str] = &[
    "/etc/shadow",
    "/etc/shadow-",
    "/etc/gshadow",
    "/etc/gshadow-",
    "/etc/ssh",
    "/etc/ssl/private",
    "/etc/NetworkManager/system-connections",
    "/etc/wireguard",
];

/// Where sockets of the desktop and of system services are, and what stands for the machine itself.
const NEVER: &[&str] = &[
    "/proc",
    "/sys",
    "/dev",
    "/run/user",
    "/run/dbus",
    "/run/systemd",
    "/run/docker.sock",
    "/run/containerd",
    "/run/podman",
    "/var/run/docker.sock",
    "/tmp/.X11-unix",
    "/tmp/.ICE-unix",
];

/// Keys, logins and profiles in a home.
const IN_A_HOME: &[&str] = &[
    ".ssh",
    ".gnupg",
    ".aws",
    ".azure",
    ".kube",
    ".docker",
    ".password-store",
    ".cargo",
    ".claude",
    ".codex",
    ".mozilla",
    ".thunderbird",
    ".var/app",
    ".config/autostart",
    ".config/BraveSoftware",
    ".config/chromium",
    ".config/gcloud",
    ".config/gh",
    ".config/google-chrome",
    ".config/microsoft-edge",
    ".config/op",
    ".config/rclone",
    ".config/systemd",
    ".config/vivaldi",
    ".local/share/keyrings",
    ".local/share/kwalletd",
];

impl Sandbox {
    /// Where the program starts; nowhere in its folder if it has none.
    pub(super) fn start(&self, folder: &Path) -> Option<PathBuf> {
        let start = self.start_in.as_ref().map_or_else(|| folder.to_owned(), |rest| folder.join(rest));
        (self.folder != Access::None).then_some(start)
    }

    /// Why `folder` cannot be given to an isolated program, as a half sentence.
    pub fn refuses_folder(&self, folder: &Path) -> Option<String> {
        if let Some(place) = self.exposed_by_landlock() {
            return Some(format!("Landlock cannot hide {} below a folder of the system", place.display()));
        }
        if self.folder == Access::None {
            return None;
        }
        let folder = real(folder);
        let emptied: Vec<PathBuf> = self.emptied.iter().map(|place| real(place)).collect();
        if emptied.iter().any(|place| place.starts_with(&folder)) {
            return Some(format!("{} holds a whole home with its keys", folder.display()));
        }
        let never = NEVER.iter().map(PathBuf::from);
        let credentials = emptied.iter().flat_map(|home| IN_A_HOME.iter().map(move |name| home.join(name)));
        let mut closed =
            never.chain(credentials).chain(self.hidden.iter().cloned()).map(|place| real(&place));
        let place = closed.find(|place| place.starts_with(&folder) || folder.starts_with(place))?;
        let kept = "kept from every isolated program";
        Some(if folder == place {
            format!("{} is {kept}", place.display())
        } else if folder.starts_with(&place) {
            format!("{} lies in {}, which is {kept}", folder.display(), place.display())
        } else {
            format!("{} holds {}, which is {kept}", folder.display(), place.display())
        })
    }

    /// The program as it is found inside, if it is.
    pub fn finds(&self, program: &Path, folder: &Path) -> Option<PathBuf> {
        let parent = program.parent()?.canonicalize().ok()?;
        let named = parent.join(program.file_name()?);
        let target = program.canonicalize().ok()?;
        let given = self.given(folder);
        let masked: Vec<PathBuf> = self.masked().collect();
        let found = |path: &Path| {
            let below = |places: &[PathBuf]| places.iter().any(|place| path.starts_with(place));
            // What is given on purpose is there wherever it lies.
            below(&given) || (below(&system()) && !below(&masked))
        };
        (found(&named) && found(&target)).then_some(named)
    }

    fn given(&self, folder: &Path) -> Vec<PathBuf> {
        let folder = (self.folder != Access::None).then(|| real(folder));
        folder.into_iter().chain(self.run_folder.as_deref().map(real)).collect()
    }

    /// What has to be covered because it lies in a part of the system that is shown.
    pub(super) fn masked(&self) -> impl Iterator<Item = PathBuf> + '_ {
        let system = system();
        let places = self.emptied.iter().chain(&self.hidden).map(|place| real(place));
        places.filter(move |place| system.iter().any(|system| place.starts_with(system)))
    }

    fn exposed_by_landlock(&self) -> Option<PathBuf> {
        match self.isolation {
            Isolation::Landlock { .. } => self.masked().next(),
            Isolation::Bubblewrap { .. } => None,
        }
    }
}

fn system() -> Vec<PathBuf> {
    SYSTEM.iter().map(|place| real(Path::new(place))).collect()
}

/// `path` without links as far as it exists; the rest as it is written.
pub fn real(path: &Path) -> PathBuf {
    match (path.canonicalize(), path.parent(), path.file_name()) {
        (Ok(real), _, _) => real,
        (Err(_), Some(parent), Some(name)) => real(parent).join(name),
        (Err(_), _, _) => path.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;
    use crate::sandbox::Limits;

    struct Places {
        base: tempfile::TempDir,
    }

    impl Places {
        fn new() -> Places {
            let base = tempfile::tempdir().unwrap();
            for folder in ["home/.ssh", "home/project", "home/errand/data", "home/errand/work/1", "elsewhere"]
            {
                fs::create_dir_all(base.path().join(folder)).unwrap();
            }
            Places { base }
        }

        fn at(&self, name: &str) -> PathBuf {
            self.base.path().canonicalize().unwrap().join(name)
        }

        fn sandbox(&self, folder: Access) -> Sandbox {
            Sandbox {
                isolation: Isolation::Bubblewrap { landlock: 0 },
                folder,
                network: true,
                limits: Limits::default(),
                emptied: vec![self.at("home")],
                hidden: vec![self.at("home/errand/data"), self.at("home/errand/run")],
                run_folder: None,
                start_in: None,
                run_socket: None,
            }
        }
    }

    #[test]
    fn a_folder_that_would_open_something_closed_is_refused_however_it_is_spelled() {
        let places = Places::new();
        symlink(places.at("home/.ssh"), places.at("elsewhere/innocent")).unwrap();
        let sandbox = places.sandbox(Access::Write);
        for folder in [
            "home",
            "home/.ssh",
            "home/errand",
            "home/errand/run",
            "home/errand/data/x",
            "elsewhere/innocent",
            "",
        ] {
            assert!(sandbox.refuses_folder(&places.at(folder)).is_some(), "{folder}");
        }
        for folder in ["/", "/tmp", "/proc", "/run", "/dev/shm"] {
            assert!(sandbox.refuses_folder(Path::new(folder)).is_some(), "{folder}");
        }
        for folder in ["home/project", "elsewhere", "home/errand/work/1"] {
            assert_eq!(sandbox.refuses_folder(&places.at(folder)), None, "{folder}");
        }
        assert_eq!(places.sandbox(Access::None).refuses_folder(&places.at("home")), None, "not given at all");
    }

    #[test]
    fn a_program_is_found_only_where_the_sandbox_shows_it() {
        let places = Places::new();
        for name in ["home/tool", "home/project/tool"] {
            fs::write(places.at(name), "").unwrap();
            fs::set_permissions(places.at(name), PermissionsExt::from_mode(0o755)).unwrap();
        }
        symlink(places.at("home/tool"), places.at("home/project/link")).unwrap();
        let folder = places.at("home/project");
        let found =
            |access, program: &str| places.sandbox(access).finds(&places.at(program), &folder).is_some();
        assert!(found(Access::Read, "home/project/tool"));
        assert!(!found(Access::None, "home/project/tool"));
        assert!(!found(Access::Write, "home/project/link"), "it leads outside");
        assert!(!found(Access::Write, "home/tool"));
        assert!(places.sandbox(Access::None).finds(Path::new("/bin/sh"), &folder).is_some());
    }

    #[test]
    fn landlock_is_refused_where_it_could_not_hide_a_home() {
        let places = Places::new();
        let mut sandbox = places.sandbox(Access::Write);
        sandbox.emptied = vec!["/opt/people/me".into()];
        assert_eq!(sandbox.refuses_folder(&places.at("elsewhere")), None);
        sandbox.isolation = Isolation::Landlock { level: 6 };
        assert!(sandbox.refuses_folder(&places.at("elsewhere")).unwrap().contains("/opt/people/me"));
    }
}
