use std::path::{Path, PathBuf};
use std::time::Duration;

use errand_base::{Code, Fault, TaskId};
use errand_engine::{NewTask, OwnFolder};
use errand_model::{Origin, Part, Policy, Program, TurnLimits, Work};
use errand_wire::{PreviewProgram, ProgramPreview, RunReply, RunTask, TurnLimitsGiven, command};

use super::resolve;
use crate::router::{Api, Body};
use crate::{folders, isolation, keys, program};

const LONGEST_TITLE: usize = 200;
const LONGEST_LABEL: usize = 60;
const LONGEST_KEY: usize = 200;
const MOST_RETRIES: u32 = 100;
const LONGEST_BRIEF: usize = 4 << 20;
const MOST_TURNS: u32 = 1_000;
const SHORTEST_TURN_MS: u64 = 1_000;

impl Body for command::Run {
    async fn run(api: &Api, params: RunTask) -> Result<RunReply, Fault> {
        let argv = argv_of(&params)?;
        let own = own_folder(&params)?;
        let mut cwd = match &own {
            // Its own folder is not there yet: what is attached will be in it, and nothing else.
            Some(_) if params.managed => {
                let staged =
                    params.staged.as_deref().and_then(|name| api.engine.folders().staged_folder(name));
                staged.unwrap_or_else(|| PathBuf::from("/dev/null"))
            }
            Some(_) | None => program::folder(params.cwd.as_deref())?,
        };
        // Its own folder it has to itself in any case.
        let exclusive = params.exclusive && !params.managed;
        let lease = exclusive.then(|| folders::lease_on(&cwd)).transpose()?;
        if let Some(lease) = &lease {
            // A link that is changed while the task waits must not lead its program into another folder.
            cwd = lease.folder().to_owned();
        }
        let mut notes = keys::notes(
            params.env.iter().map(|(name, value)| (name.as_str(), value.as_str())),
            &argv,
            params.brief.as_deref(),
        );
        let secrets = program::secrets(params.secrets, &params.env)?;
        api.engine.credentials().check(&secrets).await?;
        let env = program::environment(params.env)?;
        let found = program::find(&argv, &cwd, &env)?;
        params.allow.iter().try_for_each(|rule| super::grant::rule_of(rule))?;
        let (execution, more) =
            isolation::agree(params.limits, params.brief.is_some(), !params.allow.is_empty()).await?;
        notes.extend(more);
        let mut after: Vec<TaskId> = Vec::new();
        for name in &params.after {
            let id = resolve(api, name).await?;
            if !after.contains(&id) {
                after.push(id);
            }
        }
        let brief = brief(params.brief)?;
        let first_line =
            brief.as_deref().and_then(|brief| brief.lines().find(|line| !line.trim().is_empty()));
        let without_file = params.no_folder_file || params.managed;
        let around = super::folder::around(api, &cwd, without_file, &params.checks).await?;
        let program = Program {
            argv,
            cwd,
            within: None,
            env,
            secrets,
            brief: brief.clone(),
            execution,
            allow: params.allow,
            around,
        };
        errand_agents::isolation::check(&program, &found, &api.home)?;
        check_around(&program, &api.home)?;
        let left_out = errand_agents::isolation::left_out(&program);
        if !left_out.is_empty() {
            notes.push(format!("{} would lead outside and is not passed on.", left_out.join(", ")));
        }
        let command = program::one_line(&program);
        let new = NewTask {
            title: title(params.title, first_line.unwrap_or(&command))?,
            command,
            work: Work::Program(program),
            labels: labels(params.labels)?,
            origin: Origin::Person,
            policy: Policy {
                priority: params.priority.map(Into::into).unwrap_or_default(),
                notify: params.notify.map(Into::into).unwrap_or_default(),
                timeout: params.timeout_ms.map(std::time::Duration::from_millis),
                retries: retries(params.retries)?,
                turns: turns(params.turns.unwrap_or_default())?,
                lease,
            },
            start_at: params.at,
            after,
            key: key(params.key)?,
            own,
        };
        let accepted = api.engine.accept(new).await?;
        Ok(RunReply { id: accepted.id, duplicate: accepted.duplicate, notes })
    }
}

/// What is done around the work must be there, too: before a long run is the time to say so.
fn check_around(program: &Program, home: &errand_os::Home) -> Result<(), Fault> {
    for (part, command) in program.around.all() {
        let at = |fault: Fault| Fault { message: format!("{}: {}", part.name(), fault.message), ..fault };
        // What `before_run` is to make is not there yet.
        if command.first().is_some_and(|name| name.contains('/')) && part != Part::Preflight {
            continue;
        }
        let found = program::find(command, &program.cwd, &program.env).map_err(at)?;
        errand_agents::isolation::check(program, &found, home).map_err(at)?;
    }
    Ok(())
}

fn own_folder(params: &RunTask) -> Result<Option<OwnFolder>, Fault> {
    if params.managed && params.cwd.is_some() {
        return Err(Fault::new(
            Code::BadUsage,
            "A task runs in its own folder or in another one, not in both.",
        ));
    }
    let wanted = params.managed || params.staged.is_some();
    Ok(wanted.then(|| OwnFolder::new(params.managed, params.staged.clone())))
}

impl Body for command::Preview {
    async fn run(_api: &Api, params: PreviewProgram) -> Result<ProgramPreview, Fault> {
        let mut preview = ProgramPreview {
            argv: Vec::new(),
            path: None,
            cwd: params.cwd.clone().unwrap_or_default(),
            problem: None,
            note: program::shell_note(&params.line),
        };
        // A person is still typing: every refusal is part of the answer, none is an error.
        let checked = program::split_line(&params.line).and_then(|argv| {
            preview.argv.clone_from(&argv);
            let cwd = program::folder(params.cwd.as_deref())?;
            preview.cwd = cwd.display().to_string();
            find_here(&argv, &cwd)
        });
        match checked {
            Ok(path) => preview.path = Some(path),
            Err(fault) => preview.problem = Some(fault.into()),
        }
        Ok(preview)
    }
}

fn find_here(argv: &[String], cwd: &Path) -> Result<String, Fault> {
    let env = program::environment(std::collections::BTreeMap::new())?;
    program::find(argv, cwd, &env).map(|path| path.display().to_string())
}

fn argv_of(params: &RunTask) -> Result<Vec<String>, Fault> {
    match (&params.argv, &params.line, &params.brief) {
        (Some(argv), None, _) => Ok(argv.clone()),
        (None, Some(line), _) => program::split_line(line),
        (None, None, Some(_)) => {
            Err(Fault::new(Code::AgentMissing, "No agent is set up that could work on a brief."))
        }
        (None, None, None) => Err(Fault::new(Code::BadUsage, "There is nothing to run.")),
        (Some(_), Some(_), _) => Err(Fault::new(Code::BadUsage, "Give one program, not two.")),
    }
}

fn brief(given: Option<String>) -> Result<Option<String>, Fault> {
    match given {
        Some(brief) if brief.trim().is_empty() => Err(Fault::new(Code::BadUsage, "The brief is empty.")),
        Some(brief) if brief.len() > LONGEST_BRIEF => {
            Err(Fault::new(Code::BadUsage, "The brief is longer than 4 MiB.")
                .hint("Put it into a file and name the file in the brief."))
        }
        given => Ok(given),
    }
}

fn turns(given: TurnLimitsGiven) -> Result<TurnLimits, Fault> {
    let usual = TurnLimits::default();
    let time = |given: Option<u64>, usual| match given {
        Some(millis) if millis < SHORTEST_TURN_MS => {
            Err(Fault::new(Code::BadUsage, "A turn and its silence are given at least 1 s."))
        }
        given => Ok(given.map_or(usual, Duration::from_millis)),
    };
    let most = most_turns(given.most)?.unwrap_or(usual.most);
    Ok(TurnLimits {
        most,
        each: time(given.each_ms, usual.each)?,
        stall: time(given.stall_ms, usual.stall)?,
        restarts: given.restarts.unwrap_or(usual.restarts).min(MOST_RETRIES),
    })
}

pub(super) fn most_turns(given: Option<u32>) -> Result<Option<u32>, Fault> {
    match given {
        Some(most) if !(1..=MOST_TURNS).contains(&most) => {
            Err(Fault::new(Code::BadUsage, format!("A worker takes between 1 and {MOST_TURNS} turns.")))
        }
        given => Ok(given),
    }
}

pub(super) fn title(given: Option<String>, command: &str) -> Result<String, Fault> {
    let title = given.as_deref().map(str::trim).filter(|title| !title.is_empty());
    match title {
        Some(title) if title.chars().count() > LONGEST_TITLE => {
            Err(Fault::new(Code::BadUsage, format!("A title has at most {LONGEST_TITLE} characters.")))
        }
        Some(title) => Ok(title.split_whitespace().collect::<Vec<_>>().join(" ")),
        None if command.chars().count() > 80 => Ok(command.chars().take(79).chain(['…']).collect()),
        None => Ok(command.split_whitespace().collect::<Vec<_>>().join(" ")),
    }
}

pub(super) fn labels(given: Vec<String>) -> Result<Vec<String>, Fault> {
    let mut labels = Vec::new();
    for label in given {
        let label = label.trim().to_owned();
        if label.is_empty() || label.chars().count() > LONGEST_LABEL || label.chars().any(char::is_control) {
            return Err(Fault::new(Code::BadUsage, format!("“{label}” is not a label."))
                .hint(format!("A label has 1 to {LONGEST_LABEL} characters.")));
        }
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    Ok(labels)
}

pub(super) fn retries(given: Option<u32>) -> Result<u32, Fault> {
    match given {
        Some(retries) if retries > MOST_RETRIES => {
            Err(Fault::new(Code::BadUsage, format!("At most {MOST_RETRIES} retries are allowed.")))
        }
        Some(retries) => Ok(retries),
        None => Ok(0),
    }
}

fn key(given: Option<String>) -> Result<Option<String>, Fault> {
    match given {
        Some(key) if key.is_empty() || key.len() > LONGEST_KEY => {
            Err(Fault::new(Code::BadUsage, format!("A key has 1 to {LONGEST_KEY} bytes.")))
        }
        other => Ok(other),
    }
}
