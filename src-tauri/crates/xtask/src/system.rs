//! Packages of the system, installed after saying which and what for.

use std::{collections::HashSet, process::Command};

use crate::{
    failure::{Failure, Result},
    process::{ask, is_there, run, say},
};

#[derive(Debug, Clone, Copy)]
pub struct Packages {
    pub purpose: &'static str,
    pub names: &'static [&'static str],
}

/// Only the desktop shell needs GTK and WebKit; xdo types into other windows, rsvg draws the icon.
pub const BUILD: Packages = Packages {
    purpose: "to build the desktop app",
    names: &[
        "build-essential",
        "libayatana-appindicator3-dev",
        "librsvg2-dev",
        "libwebkit2gtk-4.1-dev",
        "libxdo-dev",
        "pkg-config",
    ],
};

/// Started by Errand itself, so the app wants it too; without it the weaker Landlock has to do.
pub const ISOLATE: Packages = Packages { purpose: "to keep tasks to their folder", names: &["bubblewrap"] };

/// Python is for the example worker, which is a test as well.
pub const TEST: Packages = Packages {
    purpose: "to test in a virtual desktop",
    names: &[
        "dbus",
        "fonts-dejavu-core",
        "gnome-keyring",
        "imagemagick",
        "openbox",
        "python3",
        "webkit2gtk-driver",
        "xdotool",
        "xfce4-notifyd",
        "xvfb",
    ],
};

pub const NPM: Packages =
    Packages { purpose: "to get a Node that is new enough to build the interface", names: &["npm"] };

/// Installs what is missing of `wanted`. Where there is no apt, says what is needed and goes on: it may be there.
pub fn ensure(wanted: &[Packages]) -> Result<()> {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    if !is_there("apt-get") {
        for packages in wanted {
            let names = packages.names.join(" ");
            say(&format!("No apt here. Needed {}, by their Debian names: {names}", packages.purpose));
        }
        return Ok(());
    }
    let mut missing = Vec::new();
    for packages in wanted {
        let absent = absent(packages.names);
        if !absent.is_empty() {
            say(&format!("Missing {}: {}", packages.purpose, absent.join(" ")));
            missing.extend(absent);
        }
    }
    if missing.is_empty() { Ok(()) } else { install(&missing) }
}

fn install(missing: &[&str]) -> Result<()> {
    let as_root = ask(Command::new("id").arg("-u")).is_some_and(|id| id == "0");
    let arguments = ["install", "--yes", "--no-install-recommends"];
    if !as_root && !is_there("sudo") {
        let line = format!("apt-get {} {}", arguments.join(" "), missing.join(" "));
        return Err(Failure::new(format!("this needs root and there is no sudo. As root, call: {line}")));
    }
    say(&format!("Installing {} with apt-get{}.", missing.join(" "), if as_root { "" } else { " and sudo" }));
    let apt = || {
        let mut command = Command::new(if as_root { "env" } else { "sudo" });
        // sudo forgets the environment, but takes assignments as arguments, as env does.
        command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        command
    };
    run(apt().args(["update", "--quiet"]))?;
    run(apt().args(arguments).arg("--quiet").args(missing))
}

fn absent<'a>(names: &[&'a str]) -> Vec<&'a str> {
    // Fails as soon as it does not know one name, and still lists the others.
    let mut query = Command::new("dpkg-query");
    query.args(["--show", "--showformat", "${binary:Package} ${db:Status-Status}\n"]).args(names);
    let listed = query.output().map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    missing_in(&listed.unwrap_or_default(), names)
}

fn missing_in<'a>(listed: &str, names: &[&'a str]) -> Vec<&'a str> {
    let installed: HashSet<&str> = listed
        .lines()
        .filter_map(|line| line.split_once(' ').filter(|(_, status)| *status == "installed"))
        // `libxdo-dev:amd64`
        .map(|(name, _)| name.split_once(':').map_or(name, |(name, _)| name))
        .collect();
    names.iter().copied().filter(|name| !installed.contains(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_installed_counts() {
        let listed = "dbus installed\nlibxdo-dev:amd64 installed\nxvfb config-files\n";
        assert_eq!(missing_in(listed, &["dbus", "libxdo-dev", "xvfb", "openbox"]), ["xvfb", "openbox"]);
        assert_eq!(missing_in("", &["dbus"]), ["dbus"]);
    }
}
