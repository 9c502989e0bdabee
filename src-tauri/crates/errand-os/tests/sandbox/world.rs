//! A person's machine in small, with somebody listening wherever a program could knock.

use std::fs;
use std::io::Write;
use std::net::{TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use errand_base::RunId;
use errand_os::sandbox::matrix::Setting;
use errand_os::{Access, Isolation, Launch, Limits, Sandbox, probe};

use crate::attempt::{GREETING, Targets};
use crate::lab::launch;

pub struct World {
    base: tempfile::TempDir,
    display: PathBuf,
    canary: Child,
    pub targets: Targets,
}

impl World {
    pub fn new() -> World {
        let base = tempfile::Builder::new().prefix("es-").tempdir().unwrap();
        let root = base.path().canonicalize().unwrap();
        let at = |name: &str| root.join(name).to_str().unwrap().to_owned();
        for folder in [
            "home/project",
            "home/.ssh",
            "home/errand/data",
            "home/errand/run",
            "home/errand/work/1",
            "ssh-x",
            "runtime",
            "out",
        ] {
            fs::create_dir_all(at(folder)).unwrap();
        }
        for file in ["home/project/given", "home/.ssh/id_test", "home/errand/data/errand.db", "out/there"] {
            fs::write(at(file), GREETING).unwrap();
        }
        fs::copy(std::env::current_exe().unwrap(), at("home/errand/work/1/tries")).unwrap();

        let (display, abstract_display) = free_display();
        greet(UnixListener::bind(&display).unwrap());
        let address = SocketAddr::from_abstract_name(&abstract_display).unwrap();
        greet(UnixListener::bind_addr(&address).unwrap());
        for socket in ["runtime/bus", "ssh-x/agent.1", "home/errand/run/person.sock"] {
            greet(UnixListener::bind(at(socket)).unwrap());
        }
        let secret = RunId::random().to_string();
        let canary = Command::new("/bin/sh")
            .args(["-c", "read line", &format!("canary-{secret}")])
            .env("CANARY", format!("canary-{secret}"))
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let targets = Targets {
            folder: at("home/project"),
            outside: at("out"),
            key: at("home/.ssh/id_test"),
            database: at("home/errand/data/errand.db"),
            tcp: tcp(),
            udp: udp(),
            bus: at("runtime/bus"),
            agent: at("ssh-x/agent.1"),
            display: display.to_str().unwrap().to_owned(),
            abstract_display,
            person: at("home/errand/run/person.sock"),
            pid: canary.id(),
            yalpsid: format!("canary-{secret}").chars().rev().collect(),
        };
        World { base, display, canary, targets }
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.base.path().canonicalize().unwrap().join(name)
    }

    pub fn sandbox(&self, isolation: Isolation) -> Sandbox {
        Sandbox {
            isolation,
            folder: Access::Write,
            network: true,
            limits: Limits::default(),
            emptied: vec![self.at("home")],
            hidden: vec![self.at("home/errand/data"), self.at("home/errand/run"), self.at("runtime")],
            run_folder: Some(self.at("home/errand/work/1")),
            start_in: None,
            run_socket: None,
        }
    }

    /// This binary as a program that tries, in the project's folder.
    pub fn tries(&self, words: &[&str], sandbox: Option<Sandbox>) -> Launch {
        let program = self.at("home/errand/work/1/tries");
        let words = [&[program.to_str().unwrap(), "attempt"], words].concat();
        self.program(&words, sandbox)
    }

    pub fn program(&self, words: &[&str], sandbox: Option<Sandbox>) -> Launch {
        let mut launch = launch(words);
        launch.env.push(("HOME".into(), self.at("home").to_str().unwrap().into()));
        Launch { cwd: self.at("home/project"), sandbox, ..launch }
    }

    pub fn sh(&self, script: &str, isolation: Isolation) -> Launch {
        self.program(&["/bin/sh", "-c", script], Some(self.sandbox(isolation)))
    }

    pub fn under(&self, setting: Setting) -> Option<Sandbox> {
        let sandbox = self.sandbox(setting.isolation?);
        Some(Sandbox { folder: setting.folder, network: setting.network, ..sandbox })
    }

    /// Everything that lies where no isolated program may write is as it was.
    pub fn is_untouched(&self) -> bool {
        let names = fs::read_dir(&self.targets.outside).unwrap().count();
        let there = fs::read(Path::new(&self.targets.outside).join("there"));
        names == 1 && there.is_ok_and(|bytes| bytes == GREETING)
    }

    pub fn mend(&self) {
        fs::remove_dir_all(&self.targets.outside).unwrap();
        fs::create_dir(&self.targets.outside).unwrap();
        fs::write(Path::new(&self.targets.outside).join("there"), GREETING).unwrap();
        fs::remove_file(Path::new(&self.targets.folder).join("written")).ok();
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.canary.kill().ok();
        self.canary.wait().ok();
        fs::remove_file(&self.display).ok();
    }
}

/// Each kind that works here, and each that would work with an older kernel.
pub fn kinds() -> Vec<Isolation> {
    let found = probe();
    let level = found.landlock.as_ref().copied().unwrap_or(0);
    let mut kinds = Vec::new();
    if found.bubblewrap.is_ok() {
        kinds.push(Isolation::Bubblewrap { landlock: level });
        if level > 0 {
            kinds.push(Isolation::Bubblewrap { landlock: 0 });
        }
    }
    kinds.extend((errand_os::sandbox::LOWEST_LANDLOCK..=level).map(|level| Isolation::Landlock { level }));
    kinds
}

/// The strongest of each kind.
pub fn present() -> Vec<Isolation> {
    let found = probe();
    let landlock = found.landlock.as_ref().copied().unwrap_or(0);
    let bubblewrap = found.bubblewrap.is_ok().then_some(Isolation::Bubblewrap { landlock });
    bubblewrap.into_iter().chain(found.landlock.ok().map(|level| Isolation::Landlock { level })).collect()
}

/// A display that nobody has, by both names that a display has.
fn free_display() -> (PathBuf, String) {
    let folder = Path::new("/tmp/.X11-unix");
    if fs::create_dir(folder).is_ok() {
        fs::set_permissions(folder, PermissionsExt::from_mode(0o1777)).unwrap();
    }
    // The listeners of one test still listen during the next.
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = format!("{}{:02}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let path = folder.join(format!("X{number}"));
    fs::remove_file(&path).ok();
    (path, format!("/tmp/.X11-unix/X{number}"))
}

/// The threads end with the test.
fn greet(listener: UnixListener) {
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            stream.write_all(GREETING).ok();
        }
    });
}

fn tcp() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            stream.write_all(GREETING).ok();
        }
    });
    port
}

fn udp() -> u16 {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let mut buffer = [0; 64];
        while let Ok((_, from)) = socket.recv_from(&mut buffer) {
            socket.send_to(GREETING, from).ok();
        }
    });
    port
}
