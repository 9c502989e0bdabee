//! `cargo xtask run`: from a bare machine to the running app.

use std::process::{Command, ExitCode};

use crate::{
    binaries,
    failure::{About, Result},
    place::Place,
    process::exit_code,
    system, ui,
};

pub fn run(place: &Place, arguments: &[String]) -> Result<ExitCode> {
    system::ensure(&[system::BUILD, system::ISOLATE])?;
    ui::build(place)?;
    binaries::release(place)?;
    // It finds `errand-desktop` beside itself, and starts it or brings it forward.
    let errand = place.binaries().join(format!("errand{}", std::env::consts::EXE_SUFFIX));
    let status = Command::new(&errand).args(arguments).status().about(errand.display())?;
    Ok(exit_code(status))
}
