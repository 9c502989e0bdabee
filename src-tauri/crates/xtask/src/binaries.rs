//! What is built of our own, and tauri-driver.

use std::path::PathBuf;

use crate::{
    failure::Result,
    place::Place,
    process::{run, say},
};

/// Both binaries side by side, as they ship.
pub fn release(place: &Place) -> Result<()> {
    run(place.cargo().args(["build", "--release", "--package", "errand-cli", "--package", "errand-desktop"]))
}

/// With what the desktop is measured against. In one command, or what they share would be built twice.
pub fn measured(place: &Place) -> Result<()> {
    let packages = ["errand-cli", "errand-desktop", "errand-bare-tray"].map(|name| ["--package", name]);
    run(place.cargo().args(["build", "--release"]).args(packages.as_flattened()))
}

/// The terminal binary with failpoints compiled in, which the crash tests kill. A release profile with failpoints would
/// compile every dependency once more for it.
pub fn crash(place: &Place) -> Result<()> {
    run(place.cargo().args(["build", "--package", "errand-cli"]))
}

/// Runs its arguments inside a virtual desktop.
pub fn virtual_desktop(place: &Place) -> Result<PathBuf> {
    run(place.cargo().args(["build", "--package", "errand-testkit", "--bin", "virtual-desktop"]))?;
    Ok(place.target.join("debug/virtual-desktop"))
}

const DRIVER: (&str, &str) = ("tauri-driver", "2.1.0");

pub fn tauri_driver(place: &Place) -> PathBuf {
    // The version in the path: another one is another folder.
    place.tools().join(format!("{}-{}/bin/{}", DRIVER.0, DRIVER.1, DRIVER.0))
}

pub fn ensure_tauri_driver(place: &Place) -> Result<()> {
    let program = tauri_driver(place);
    let Some(root) = program.ancestors().nth(2).filter(|_| !program.exists()) else { return Ok(()) };
    let (name, version) = DRIVER;
    say(&format!(
        "Installing {name} {version} into {}, to drive the app's windows in tests.",
        root.display()
    ));
    run(place.cargo().args(["install", "--locked", "--root"]).arg(root).args([name, "--version", version]))
}
