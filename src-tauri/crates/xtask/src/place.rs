use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use crate::failure::{About, Failure, Result};

/// Where things are.
#[derive(Debug, Clone)]
pub struct Place {
    pub root: PathBuf,
    pub target: PathBuf,
}

impl Place {
    pub fn find() -> Result<Self> {
        // Asked at run time: a tree that was moved keeps the xtask it has built.
        let manifest = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
        let root = manifest.ancestors().find(|folder| folder.join("Cargo.lock").exists());
        let root =
            root.ok_or_else(|| Failure::new("no Cargo.lock above; call this inside the tree"))?.to_owned();
        let program = env::current_exe().about("the path of xtask")?;
        let target = target_of(&program).map_or_else(|| root.join("target"), Path::to_owned);
        Ok(Self { root, target })
    }

    /// Cargo itself, the one that runs us, working in the root.
    pub fn cargo(&self) -> Command {
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.current_dir(&self.root).env("CARGO_TARGET_DIR", &self.target);
        for name in OF_THIS_PACKAGE {
            command.env_remove(name);
        }
        command
    }

    pub fn ui(&self) -> PathBuf {
        self.root.join("ui")
    }

    /// Programs that are fetched for this tree alone.
    pub fn tools(&self) -> PathBuf {
        self.target.join("tools")
    }

    pub fn binaries(&self) -> PathBuf {
        self.target.join("release")
    }

    pub fn crash_binaries(&self) -> PathBuf {
        self.target.join("debug")
    }
}

/// `cargo run` sets these for xtask; a build script that saw them would think they were its own.
const OF_THIS_PACKAGE: &[&str] =
    &["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_PKG_NAME", "CARGO_PKG_VERSION"];

/// However the folder was chosen (variable, configuration, default), cargo has put us into it and marked it.
fn target_of(program: &Path) -> Option<&Path> {
    program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists())
}
