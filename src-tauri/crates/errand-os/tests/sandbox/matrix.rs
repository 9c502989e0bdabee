//! The table that `errand doctor` prints, measured.

use std::collections::BTreeMap;

use errand_os::sandbox::matrix::{Attempt, Setting, allows};
use errand_os::{Access, Exit, Isolation, ProcessEvent, probe};

use crate::Test;
use crate::lab::{outcome, with_lab};
use crate::world::{World, kinds};

pub const TESTS: &[Test] =
    &[("the_table_is_what_a_program_really_achieves", the_table_is_what_a_program_really_achieves)];

fn the_table_is_what_a_program_really_achieves() {
    println!("{:?}", probe());
    with_lab(|lab| async {
        let world = World::new();
        let targets = serde_json::to_string(&world.targets).unwrap();
        let mut wrong = Vec::new();
        for setting in [Setting::OPEN].into_iter().chain(kinds().into_iter().flat_map(Setting::all)) {
            let launch = world.tries(&["all", &targets], world.under(setting));
            let outcome = outcome(lab.spawn(launch)).await;
            assert!(
                matches!(
                    outcome.events[..],
                    [_, ProcessEvent::Exited { exit: Exit::Code(0), gone: true, .. }]
                ),
                "{setting:?}: {:?} {}",
                outcome.events,
                outcome.stderr
            );
            let measured: BTreeMap<&str, bool> = outcome
                .stdout
                .lines()
                .map(|line| line.split_once(' ').unwrap())
                .map(|(name, said)| (name, said == "yes"))
                .collect();
            let marks: Vec<&str> =
                Attempt::ALL.iter().map(|it| if measured[it.name()] { "yes" } else { "-" }).collect();
            println!("{:42} {}", name(setting), marks.join(" "));
            for attempt in Attempt::ALL {
                if measured[attempt.name()] != allows(setting, attempt) {
                    wrong.push(format!("{}: {}", name(setting), attempt.name()));
                }
            }
            // What it says it could not do has not happened either.
            assert_eq!(world.is_untouched(), !measured["write_outside"], "{setting:?}");
            let written = std::fs::exists(world.at("home/project/written")).unwrap();
            assert_eq!(written, measured["write_folder"], "{setting:?}");
            world.mend();
        }
        assert!(wrong.is_empty(), "the table is wrong: {wrong:#?}");
        lab
    });
}

fn name(setting: Setting) -> String {
    let kind = match setting.isolation {
        None => return "open".into(),
        Some(Isolation::Bubblewrap { landlock }) => format!("bubblewrap, Landlock {landlock}"),
        Some(Isolation::Landlock { level }) => format!("Landlock {level}"),
    };
    let folder = match setting.folder {
        Access::None => "none",
        Access::Read => "ro",
        Access::Write => "rw",
    };
    format!("{kind}, folder {folder}, network {}", if setting.network { "on" } else { "off" })
}
