//! Node and npm: the system's if they are new enough, else private ones below `target/tools`.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    failure::{About, Failure, Result},
    place::Place,
    process::{ask, is_there, run, say},
    system,
};

#[derive(Debug)]
pub struct Node {
    /// Of the private ones; nothing when the system's are used.
    folder: Option<PathBuf>,
    pub version: String,
}

impl Node {
    pub fn ensure(place: &Place) -> Result<Self> {
        let system = version_of("node".as_ref());
        if let Some(version) = system.clone().filter(|version| is_new_enough(version) && is_there(npm())) {
            return Ok(Self { folder: None, version });
        }
        let home = place.tools().join("node");
        let folder = home.join("node_modules/.bin");
        if let Some(version) = version_of(&folder.join("node")) {
            return Ok(Self { folder: Some(folder), version });
        }
        let found = system.map_or_else(|| "there is none".to_owned(), |version| format!("here is {version}"));
        say(&format!("Building the interface needs Node 22.12, 20.19 or newer; {found}."));
        if !is_there(npm()) {
            system::ensure(&[system::NPM])?;
        }
        if !is_there(npm()) {
            return Err(Failure::new(
                "npm is missing. Install Node 22 from nodejs.org, then call this again",
            ));
        }
        say(&format!("Installing a private one into {}.", home.display()));
        fs::create_dir_all(&home).about(home.display())?;
        // With the npm of the same age, because a distribution's old npm complains about a new Node.
        let mut install = Command::new(npm());
        install.args(["install", "--no-save", "--no-audit", "--no-fund", "--prefix"]).arg(&home);
        run(install.args(["node@22", "npm@10"]))?;
        let version = version_of(&folder.join("node"));
        let version = version.ok_or_else(|| Failure::new("npm installed a Node that does not start"))?;
        Ok(Self { folder: Some(folder), version })
    }

    /// npm, working in `folder`.
    pub fn npm(&self, folder: &Path) -> Result<Command> {
        let program = self.folder.as_ref().map_or_else(|| npm().into(), |private| private.join(npm()));
        let mut command = Command::new(program);
        command.current_dir(folder);
        if let Some(private) = &self.folder {
            command.env("PATH", path_with(private)?);
        }
        Ok(command)
    }
}

fn path_with(first: &Path) -> Result<OsString> {
    let rest = env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(first.to_owned()).chain(env::split_paths(&rest));
    env::join_paths(folders).map_err(|error| Failure::new(format!("PATH: {error}")))
}

fn npm() -> &'static str {
    if cfg!(windows) { "npm.cmd" } else { "npm" }
}

fn version_of(program: &Path) -> Option<String> {
    ask(Command::new(program).arg("--version"))
}

/// What Vite 8 asks for: 20.19 or later of that line, or 22.12 or anything later.
fn is_new_enough(version: &str) -> bool {
    let mut parts = version.trim_start_matches('v').split('.').map(|part| part.parse().unwrap_or(0_u32));
    let (major, minor) = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    matches!((major, minor), (20, 19..) | (22, 12..) | (23.., _))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vite_decides_what_is_new_enough() {
        for new in ["v20.19.0", "v20.20.2", "v22.12.0", "v23.0.0", "v24.1.0"] {
            assert!(is_new_enough(new), "{new}");
        }
        for old in ["v18.20.4", "v20.18.9", "v21.7.0", "v22.11.0", "", "nonsense"] {
            assert!(!is_new_enough(old), "{old}");
        }
    }
}
