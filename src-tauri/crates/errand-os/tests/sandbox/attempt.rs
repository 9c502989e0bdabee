//! The program that tries. It prints a line for each attempt; whether it got through is decided by what it got in
//! return, never by the absence of an error.

use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use errand_os::sandbox::matrix::Attempt;
use rustix::process::{Pid, test_kill_process};
use serde::{Deserialize, Serialize};

/// What every listener of the test says to whoever comes through.
pub const GREETING: &[u8] = b"welcome";

/// Only a broken test waits this long.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where things are, as the test has laid them out.
#[derive(Serialize, Deserialize)]
pub struct Targets {
    pub folder: String,
    pub outside: String,
    pub key: String,
    pub database: String,
    pub tcp: u16,
    pub udp: u16,
    pub bus: String,
    pub agent: String,
    pub display: String,
    pub abstract_display: String,
    pub person: String,
    pub pid: u32,
    /// What another process has in its command line and in its environment, backwards: our own has this text.
    pub yalpsid: String,
}

pub fn play(arguments: &[String]) -> ExitCode {
    match arguments {
        [word, text] if word == "all" => {
            let targets: Targets = serde_json::from_str(text).unwrap();
            for attempt in Attempt::ALL {
                println!("{} {}", attempt.name(), if try_it(attempt, &targets) { "yes" } else { "no" });
            }
        }
        [word, bytes] if word == "memory" => {
            let mut memory: Vec<u8> = Vec::new();
            let fits = memory.try_reserve_exact(bytes.parse().unwrap()).is_ok();
            println!("{}", if fits { "fits" } else { "refused" });
        }
        [word] if word == "spin" => loop {
            std::hint::spin_loop();
        },
        [word, socket] if word == "connect" => println!("{}", unix(socket)),
        other => panic!("{other:?}"),
    }
    ExitCode::SUCCESS
}

fn try_it(attempt: Attempt, at: &Targets) -> bool {
    match attempt {
        Attempt::ReadFolder => reads(&format!("{}/given", at.folder)),
        Attempt::WriteFolder => fs::write(format!("{}/written", at.folder), "x").is_ok(),
        Attempt::WriteOutside => writes_somehow(Path::new(&at.outside)),
        Attempt::ReadKey => reads(&at.key),
        Attempt::ReadErrand => reads(&at.database),
        Attempt::Tcp => TcpStream::connect(("127.0.0.1", at.tcp)).is_ok_and(greeted),
        Attempt::Udp => udp(at.udp).is_ok(),
        Attempt::SessionBus => unix(&at.bus),
        Attempt::SshAgent => unix(&at.agent),
        Attempt::Display => unix(&at.display),
        Attempt::AbstractDisplay => {
            let address = SocketAddr::from_abstract_name(&at.abstract_display).unwrap();
            UnixStream::connect_addr(&address).is_ok_and(greeted)
        }
        Attempt::PersonSocket => unix(&at.person),
        Attempt::SeeProcesses => somebody_has("cmdline", at),
        Attempt::ReadProcesses => somebody_has("environ", at),
        Attempt::SignalProcesses => {
            test_kill_process(Pid::from_raw(at.pid.try_into().unwrap()).unwrap()).is_ok()
        }
    }
}

fn reads(path: &str) -> bool {
    fs::read(path).is_ok_and(|bytes| bytes == GREETING)
}

/// A new file, other content, no content, another name, no name: one of them is enough.
fn writes_somehow(folder: &Path) -> bool {
    let (there, new) = (folder.join("there"), folder.join("new"));
    let path = std::ffi::CString::new(there.to_str().unwrap()).unwrap();
    [
        fs::write(&new, "x").is_ok(),
        OpenOptions::new().append(true).open(&there).is_ok_and(|mut file| file.write_all(b"x").is_ok()),
        rustix::fs::open(
            &path,
            rustix::fs::OFlags::TRUNC | rustix::fs::OFlags::WRONLY,
            rustix::fs::Mode::empty(),
        )
        .is_ok(),
        truncates(&path),
        fs::rename(&there, folder.join("moved")).is_ok(),
        fs::remove_file(&there).is_ok(),
        fs::create_dir(folder.join("made")).is_ok(),
    ]
    .contains(&true)
}

/// By its name, without opening it, which Landlock has known for itself only since its third level.
#[expect(unsafe_code, reason = "there is no safe form of truncate(2)")]
fn truncates(path: &std::ffi::CStr) -> bool {
    // SAFETY: the path ends with a zero and outlives the call.
    unsafe { libc::truncate(path.as_ptr(), 0) == 0 }
}

fn greeted(mut stream: impl Read) -> bool {
    let mut said = Vec::new();
    stream.read_to_end(&mut said).is_ok() && said == GREETING
}

fn unix(path: &str) -> bool {
    UnixStream::connect(path).is_ok_and(greeted)
}

/// In a network of its own nobody listens on that port, and the kernel says so at once.
fn udp(port: u16) -> std::io::Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.connect(("127.0.0.1", port))?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.send(b"anybody there")?;
    let mut buffer = [0; 64];
    let length = socket.recv(&mut buffer)?;
    if &buffer[..length] == GREETING { Ok(()) } else { Err(std::io::ErrorKind::InvalidData.into()) }
}

fn somebody_has(file: &str, at: &Targets) -> bool {
    let wanted: String = at.yalpsid.chars().rev().collect();
    let Ok(folder) = fs::read_dir("/proc") else { return false };
    let pids = folder.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.into_iter().any(|pid| {
        let text = fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
        String::from_utf8_lossy(&text).contains(&wanted)
    })
}
