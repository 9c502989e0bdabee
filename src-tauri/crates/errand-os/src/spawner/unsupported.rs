//! Systems on which nothing can yet be ended for certain, so that nothing is started. No process exists.

use std::convert::Infallible;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use super::{Launch, ProcessEvent};
use crate::Groups;

pub type Output = tokio::io::Empty;

pub fn read_now(_output: &Output, _buffer: &mut [u8]) -> io::Result<usize> {
    Ok(0)
}

#[derive(Debug)]
pub struct Spawner(Infallible);

impl Spawner {
    pub async fn start(_lean_binary: &Path, _mark: &str, _groups: Option<&Groups>) -> io::Result<Spawner> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "programs cannot be run on this system yet"))
    }

    pub fn pid(&self) -> u32 {
        match self.0 {}
    }

    pub fn spawn(&self, _launch: Launch) -> io::Result<Process> {
        match self.0 {}
    }

    pub fn spawn_with(&self, _launch: Launch, _input: Option<String>) -> io::Result<Process> {
        match self.0 {}
    }

    pub async fn died(&self) {
        match self.0 {}
    }

    pub async fn close(self) {
        match self.0 {}
    }
}

#[derive(Debug)]
pub struct Process {
    none: Infallible,
    pub stdout: Option<Output>,
    pub stderr: Option<Output>,
}

impl Process {
    pub async fn next(&mut self) -> ProcessEvent {
        match self.none {}
    }

    pub fn end(&mut self) {
        match self.none {}
    }
}

pub fn serve() -> ExitCode {
    ExitCode::FAILURE
}
