//! From what was agreed on to what the system is told.

use std::path::{Path, PathBuf};

use errand_base::{Code, Fault};
use errand_model::{Abilities, Isolation, Network, Program, StartError, Together, Workspace};
use errand_os::{Access, Home, Limits, Probe, Sandbox, sandbox};

/// What this machine can enforce.
pub fn abilities(found: &Probe) -> Abilities {
    let bubblewrap = errand_os::Isolation::Bubblewrap { landlock: 0 };
    Abilities {
        bubblewrap: found.bubblewrap.clone(),
        landlock: found.landlock.clone().map(drop),
        processes: found.limits_processes(bubblewrap),
        together: {
            let errand_os::Together { cpu, memory, processes } = found.together();
            Together { cpu, memory, processes }
        },
    }
}

/// The sandbox of a program that is to start now. What was agreed on and is gone since is an error, never less.
pub fn sandbox(program: &Program, home: &Home) -> Result<Option<Sandbox>, StartError> {
    let level = || sandbox::landlock_level();
    let isolation = match program.execution.isolation {
        Isolation::None => return Ok(None),
        // Whether it still works is found out by the start itself.
        Isolation::Bubblewrap => errand_os::Isolation::Bubblewrap { landlock: level() },
        Isolation::Landlock => match level() {
            0 => {
                let text = "it cannot be isolated as agreed: this kernel has no Landlock any more";
                return Err(StartError::Other(text.to_owned()));
            }
            level => errand_os::Isolation::Landlock { level },
        },
    };
    Ok(Some(around(program, isolation, home)))
}

/// Refuses a folder that an isolated program may not have, and a program that it would not find.
pub fn check(program: &Program, found: &Path, home: &Home) -> Result<(), Fault> {
    let sandbox = sandbox(program, home)
        .map_err(|_| Fault::new(Code::CannotEnforce, "Landlock does not work here any more."))?;
    let Some(sandbox) = sandbox else { return Ok(()) };
    if let Some(why) = sandbox.refuses_folder(&program.cwd) {
        return Err(Fault::new(Code::CannotEnforce, format!("It cannot be isolated: {why}."))
            .hint("Choose a folder of its own with --cwd, or --workspace none."));
    }
    if sandbox.finds(found, &program.cwd).is_none() {
        let text = format!("An isolated program does not find {}.", found.display());
        return Err(Fault::new(Code::CannotEnforce, text)
            .hint("It finds what the system has installed and what lies in its folder."));
    }
    Ok(())
}

/// Variables of an isolated program that it does not get, though somebody named them for it. A folder for temporary
/// files it has in any case.
pub fn left_out(program: &Program) -> Vec<&str> {
    if program.execution.isolation == Isolation::None {
        return Vec::new();
    }
    let names = program.env.iter().map(|(name, _)| name.as_str());
    names.filter(|name| *name != "TMPDIR" && sandbox::NOT_INSIDE.contains(name)).collect()
}

fn around(program: &Program, isolation: errand_os::Isolation, home: &Home) -> Sandbox {
    let execution = program.execution;
    let Together { cpu, memory, processes } = execution.together;
    let of_program = program.env.iter().rev().find(|(name, _)| name == "HOME").map(|(_, path)| path.into());
    let own = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let absolute = |path: &PathBuf| path.is_absolute();
    let homes = [of_program, own("HOME")].into_iter().flatten().filter(absolute);
    let runtime = own("XDG_RUNTIME_DIR").filter(absolute);
    Sandbox {
        isolation,
        folder: match execution.workspace {
            Workspace::None => Access::None,
            Workspace::Ro => Access::Read,
            Workspace::Rw => Access::Write,
        },
        network: execution.network == Network::On,
        limits: Limits {
            cpu: execution.resources.cpu,
            memory: execution.resources.memory,
            processes: execution.resources.processes,
            together: errand_os::Together { cpu, memory, processes },
        },
        emptied: homes.chain([home.work()]).collect(),
        hidden: [home.data(), home.config(), home.run()].into_iter().chain(runtime).collect(),
        run_folder: None,
        start_in: None,
        run_socket: None,
    }
}

#[cfg(test)]
mod tests {
    use errand_model::{Execution, Resources};

    use super::*;

    fn program(execution: Execution) -> Program {
        let env = vec![("HOME".into(), "/home/ada".into())];
        Program {
            argv: vec!["make".into()],
            cwd: "/home/ada/project".into(),
            env,
            secrets: Vec::new(),
            brief: None,
            within: None,
            execution,
            allow: Vec::new(),
            around: Default::default(),
        }
    }

    #[test]
    fn each_knob_arrives() {
        let home = Home::at("/home/ada/errand").unwrap();
        assert_eq!(sandbox(&program(Execution::default()), &home).unwrap(), None);
        let resources = Resources { memory: Some(1), processes: Some(2), cpu: None };
        let execution = Execution {
            isolation: Isolation::Bubblewrap,
            workspace: Workspace::Ro,
            network: Network::Off,
            resources,
            together: Together { memory: true, ..Together::default() },
            ..Execution::default()
        };
        let sandbox = sandbox(&program(execution), &home).unwrap().unwrap();
        assert!(matches!(sandbox.isolation, errand_os::Isolation::Bubblewrap { .. }));
        assert_eq!((sandbox.folder, sandbox.network), (Access::Read, false));
        assert_eq!((sandbox.limits.memory, sandbox.limits.processes), (Some(1), Some(2)));
        let together = errand_os::Together { memory: true, ..errand_os::Together::default() };
        assert_eq!(sandbox.limits.together, together);
        assert!(sandbox.emptied.contains(&"/home/ada".into()));
        assert!(sandbox.hidden.contains(&"/home/ada/errand/run".into()));
    }

    #[test]
    fn variables_that_lead_outside_are_named() {
        let execution = Execution { isolation: Isolation::Landlock, ..Execution::default() };
        let mut program = program(execution);
        program
            .env
            .extend([("DISPLAY", ":0"), ("TMPDIR", "/t")].map(|(name, value)| (name.into(), value.into())));
        assert_eq!(left_out(&program), ["DISPLAY"]);
        assert!(left_out(&Program { execution: Execution::default(), ..program }).is_empty());
    }

    #[test]
    fn a_folder_or_a_program_that_stays_closed_is_refused_beforehand() {
        let base = tempfile::tempdir().unwrap();
        let home = Home::at(base.path().join("errand")).unwrap();
        let (folder, tool) = (base.path().join("project"), base.path().join("tool"));
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(&tool, "").unwrap();
        let execution = Execution { isolation: Isolation::Bubblewrap, ..Execution::default() };
        let made = |cwd: &Path| Program { cwd: cwd.into(), ..program(execution) };
        assert_eq!(check(&made(&folder), Path::new("/bin/sh"), &home), Ok(()));
        assert_eq!(check(&made(&folder), &tool, &home).unwrap_err().code, Code::CannotEnforce);
        assert_eq!(
            check(&made(base.path()), Path::new("/bin/sh"), &home).unwrap_err().code,
            Code::CannotEnforce
        );
        let open = Program { cwd: base.path().into(), ..program(Execution::default()) };
        assert_eq!(check(&open, &tool, &home), Ok(()));
    }
}
