//! Credentials, with the keychain that most desktops have.

mod canary;
mod service;
mod states;
mod terminal;

use std::io::Write;
use std::process::Stdio;

use errand_testkit::desktop::keyring::Keyring;
use errand_testkit::desktop::{Desktop, Parts};
use tokio::runtime::Runtime;

use crate::world::{Home, Said, said};

/// A session with a bus, and maybe a keychain on it.
pub struct Chain {
    // Dropped in this order: the keychain leaves the bus before the bus ends.
    keyring: Option<Keyring>,
    runtime: Runtime,
    desktop: Desktop,
}

impl Chain {
    pub fn absent() -> Chain {
        let parts = Parts { display: false, session_bus: true, window_manager: false };
        let desktop = Desktop::start_with(parts).unwrap();
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).enable_all().build().unwrap();
        Chain { keyring: None, runtime, desktop }
    }

    pub fn open() -> Chain {
        let mut chain = Chain::absent();
        chain.keyring = Some(chain.runtime.block_on(Keyring::start(&chain.desktop, "master")).unwrap());
        chain
    }

    /// Without a keyring in it that could keep something.
    pub fn empty() -> Chain {
        let mut chain = Chain::absent();
        chain.keyring = Some(chain.runtime.block_on(Keyring::start_empty(&chain.desktop)).unwrap());
        chain
    }

    pub fn lock(&self) {
        self.runtime.block_on(self.keyring.as_ref().unwrap().lock()).unwrap();
    }

    pub fn unlock(&self) {
        self.runtime.block_on(self.keyring.as_ref().unwrap().unlock()).unwrap();
    }

    pub fn bus(&self) -> &str {
        self.desktop.bus_address().unwrap()
    }
}

/// `errand credential set`, with the value on standard input as a script sends it.
pub fn set(home: &Home, line: &str, value: &str) -> Said {
    let words = ["credential", "set"].into_iter().chain(line.split_whitespace());
    let mut command = home.command(words);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    writeln!(child.stdin.take().unwrap(), "{value}").unwrap();
    said(child.wait_with_output().unwrap())
}

/// The row of `errand doctor` about the keychain.
pub fn doctor(home: &Home) -> String {
    let report = home.json("doctor");
    let rows = report["rows"].as_array().unwrap();
    let row = rows.iter().find(|row| row["name"] == "keychain").unwrap();
    row["text"].as_str().unwrap().to_owned()
}
