//! `cargo xtask bench`: the measurements, inside a virtual desktop.

use std::{
    fs,
    process::{Command, ExitCode},
};

use crate::{
    binaries,
    failure::{About, Result},
    place::Place,
    process::{run as run_program, say},
    steps::Steps,
    system, test, ui,
};

pub fn run(place: &Place, mut words: Vec<String>) -> Result<ExitCode> {
    let manifest = place.root.join("tests/Cargo.toml");
    let manifest = fs::read_to_string(&manifest).about(manifest.display())?;
    let list_only = words.iter().any(|word| word == "--list");
    words.retain(|word| word != "--list");
    let filter = words.first().map_or("", String::as_str);
    let names: Vec<&str> = bench_targets(&manifest).filter(|name| name.contains(filter)).collect();
    if names.is_empty() {
        say("There is no such bench program. They are the `[[bench]]` entries of tests/Cargo.toml.");
        return Ok(ExitCode::SUCCESS);
    }
    if list_only {
        say(&names.join("\n"));
        return Ok(ExitCode::SUCCESS);
    }
    // A number measured with an old binary is worse than none: what comes first has to work.
    system::ensure(&[system::BUILD, system::ISOLATE, system::TEST])?;
    ui::build(place)?;
    binaries::measured(place)?;
    let desktop = binaries::virtual_desktop(place)?;
    let mut steps = Steps::default();
    for name in names {
        steps.take(name, || {
            let mut command = Command::new(&desktop);
            command.args([
                place.cargo().get_program(),
                "bench".as_ref(),
                "--package".as_ref(),
                "errand-tests".as_ref(),
            ]);
            test::equip(place, command.args(["--bench", name]));
            run_program(&mut command)
        });
    }
    Ok(steps.finish())
}

/// Names only; enough TOML for a file we write ourselves.
fn bench_targets(manifest: &str) -> impl Iterator<Item = &str> {
    manifest.split("[[bench]]").skip(1).filter_map(|entry| {
        let section = entry.split("\n[").next().unwrap_or(entry);
        let value = section.lines().find_map(|line| line.trim().strip_prefix("name"))?;
        value.trim_start().strip_prefix('=')?.trim().split('"').nth(1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bench_entries_are_found_among_others() {
        let manifest = "[[test]]\nname = \"tidy\"\n\n[[bench]]\npath = \"b\"\nname = \"start\"\nharness = false\n\n\
                        [[bench]]\nname=\"list\"\n[dependencies]\nname = \"no\"\n[[bench]]\n[x]\nname = \"no\"\n";
        assert_eq!(bench_targets(manifest).collect::<Vec<_>>(), ["start", "list"]);
        assert_eq!(bench_targets("").count(), 0);
    }
}
