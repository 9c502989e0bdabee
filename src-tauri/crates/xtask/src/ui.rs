//! The web interface in `ui/`: its packages, its build, its checks. Nothing is done twice for the same input.

use std::path::PathBuf;

use crate::{
    failure::{Failure, Result},
    node::Node,
    place::Place,
    process::run,
    stamp::Stamp,
};

/// What the build reads, besides the packages.
const SOURCES: &[&str] =
    &["src", "public", "index.html", "package.json", "svelte.config.js", "tsconfig.json", "vite.config.ts"];

pub fn build(place: &Place) -> Result<()> {
    let node = packages(place)?;
    // The result is part of it: a build that somebody else made, or removed, is not this one.
    let inputs: Vec<PathBuf> =
        SOURCES.iter().chain(&["package-lock.json", "dist"]).map(|name| place.ui().join(name)).collect();
    let stamp = || Stamp::of(place.target.join("xtask/ui-build"), &inputs, &node.version);
    if stamp()?.is_fresh() {
        return Ok(());
    }
    run(node.npm(&place.ui())?.args(["run", "build"]))?;
    stamp()?.write()
}

pub fn unit_tests(place: &Place, filter: Option<&str>) -> Result<()> {
    let node = packages(place)?;
    let mut command = node.npm(&place.ui())?;
    command.arg("test");
    if let Some(filter) = filter {
        command.args(["--", "--testNamePattern", filter]);
    }
    run(&mut command)
}

pub fn type_check(place: &Place) -> Result<()> {
    run(packages(place)?.npm(&place.ui())?.args(["run", "check"]))
}

fn packages(place: &Place) -> Result<Node> {
    let ui = place.ui();
    if !ui.join("package-lock.json").exists() {
        return Err(Failure::new("ui/package-lock.json is missing; it belongs to the tree"));
    }
    let node = Node::ensure(place)?;
    let inputs = [ui.join("package.json"), ui.join("package-lock.json"), ui.join(".npmrc")];
    // Inside the folder it speaks for: who removes `node_modules` removes it too.
    let stamp = Stamp::of(ui.join("node_modules/.xtask-stamp"), &inputs, &node.version)?;
    if !stamp.is_fresh() {
        run(node.npm(&ui)?.args(["ci", "--no-audit", "--no-fund"]))?;
        stamp.write()?;
    }
    Ok(node)
}
