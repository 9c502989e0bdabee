//! What a program may do, agreed on when it is handed over and frozen with the work.
//!
//! The default is written here: a program that a person types runs as that person and is not isolated. Whoever
//! names any limit gets isolation, with the task's folder to write to and the network unless said otherwise.

use std::time::Duration;

use errand_base::{Code, Fault};
use serde::{Deserialize, Serialize};

use crate::approval::Unattended;

/// Which commands a worker may run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Security {
    Deny,
    Allowlist,
    #[default]
    Full,
}

/// When the person is asked before a worker runs one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskMode {
    #[default]
    Off,
    OnMiss,
    Always,
}

/// What may be done in the task's folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Workspace {
    None,
    Ro,
    #[default]
    Rw,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Network {
    #[default]
    On,
    Off,
}

/// What keeps a program to what was agreed. The weaker one is never taken in place of the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Isolation {
    /// It runs as the person.
    #[default]
    None,
    Landlock,
    Bubblewrap,
}

impl Isolation {
    /// As a person reads it.
    pub fn label(self) -> &'static str {
        match self {
            Isolation::None => "not isolated",
            Isolation::Landlock => "Landlock",
            Isolation::Bubblewrap => "bubblewrap",
        }
    }
}

/// What each of its processes may have on its own, or all of them together: see [`Together`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Resources {
    pub cpu: Option<Duration>,
    /// In bytes: what is used together, or the address space of each.
    pub memory: Option<u64>,
    pub processes: Option<u32>,
}

impl Resources {
    pub fn is_unlimited(&self) -> bool {
        *self == Resources::default()
    }
}

/// Which limits hold for all processes of a run together. The others hold for each on its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Together {
    pub cpu: bool,
    pub memory: bool,
    pub processes: bool,
}

/// What was agreed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Execution {
    pub isolation: Isolation,
    pub workspace: Workspace,
    pub network: Network,
    pub resources: Resources,
    pub together: Together,
    /// What of its tool calls is carried out; see [`crate::allow::decide`].
    pub security: Security,
    pub ask: AskMode,
    pub unattended: Unattended,
}

/// What was asked for; what is left out is the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// It takes turns, so we carry its tool calls out and can decide about each.
    pub worker: bool,
    /// It names rules.
    pub rules: bool,
    pub unattended: Option<Unattended>,
    pub isolate: bool,
    pub security: Option<Security>,
    pub ask: Option<AskMode>,
    pub workspace: Option<Workspace>,
    pub network: Option<Network>,
    pub resources: Resources,
}

/// What this machine can enforce. The errors are half sentences that say why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Abilities {
    pub bubblewrap: Result<(), String>,
    pub landlock: Result<(), String>,
    /// Whether bubblewrap can limit the number of processes by itself.
    pub processes: bool,
    /// What control groups count here.
    pub together: Together,
}

/// Less than this no program starts with.
const LEAST_MEMORY: u64 = 16 * 1024 * 1024;

impl Wish {
    pub fn wants_isolation(&self) -> bool {
        self.isolate || self.workspace.is_some() || self.network.is_some() || !self.resources.is_unlimited()
    }

    /// What a plain program can be held to, or why it cannot. `abilities` is asked for only if it matters.
    pub fn agree(&self, abilities: impl FnOnce() -> Abilities) -> Result<Execution, Fault> {
        let execution = self.knobs()?;
        if !self.wants_isolation() {
            return Ok(execution);
        }
        self.check_sizes()?;
        let (workspace, network) = (self.workspace.unwrap_or_default(), self.network.unwrap_or_default());
        let abilities = abilities();
        let isolation = match (&abilities.bubblewrap, &abilities.landlock) {
            (Ok(()), _) => Isolation::Bubblewrap,
            (Err(_), Ok(())) => Isolation::Landlock,
            (Err(bubblewrap), Err(landlock)) => {
                let text = format!(
                    "Nothing here can isolate a program. Bubblewrap: {bubblewrap}. Landlock: {landlock}."
                );
                return refuse(text, "Install bubblewrap, or let it run as you: leave out what limits it.");
            }
        };
        if let (Isolation::Landlock, Network::Off, Err(why)) = (isolation, network, &abilities.bubblewrap) {
            let text = format!("The network cannot be cut off: Landlock leaves UDP open. Bubblewrap: {why}.");
            return refuse(text, "Install bubblewrap, or leave out --network off.");
        }
        let Resources { cpu, memory, processes } = self.resources;
        let together = Together {
            cpu: cpu.is_some() && abilities.together.cpu,
            memory: memory.is_some() && abilities.together.memory,
            processes: processes.is_some() && abilities.together.processes,
        };
        let counted = together.processes || isolation == Isolation::Bubblewrap && abilities.processes;
        if self.resources.processes.is_some() && !counted {
            let text = match isolation {
                Isolation::Bubblewrap => {
                    "The number of processes cannot be limited: the kernel does not count those of root, and no \
                     control group counts them here."
                }
                _ => "The number of processes cannot be limited without bubblewrap or a control group.",
            };
            return refuse(text.to_owned(), "Leave out --processes.");
        }
        Ok(Execution { isolation, workspace, network, resources: self.resources, together, ..execution })
    }

    /// What of the tool calls of a worker is carried out. An allowlist asks about what is not on it, unless it is
    /// said otherwise.
    fn knobs(&self) -> Result<Execution, Fault> {
        if !self.worker {
            self.check_knobs()?;
            return Ok(Execution::default());
        }
        let security = self.security.unwrap_or(if self.rules { Security::Allowlist } else { Security::Full });
        if self.rules && security != Security::Allowlist {
            let text = "Rules are for an allowlist, and this is none.";
            return Err(Fault::new(Code::BadUsage, text).hint("--allow goes with --security allowlist."));
        }
        let usual = if security == Security::Allowlist { AskMode::OnMiss } else { AskMode::Off };
        let (ask, unattended) = (self.ask.unwrap_or(usual), self.unattended.unwrap_or_default());
        Ok(Execution { security, ask, unattended, ..Execution::default() })
    }

    /// Errand starts a program and does not see what that starts, so it can neither ask nor choose.
    fn check_knobs(&self) -> Result<(), Fault> {
        if self.ask.is_some_and(|ask| ask != AskMode::Off) {
            let text = "Errand cannot ask before the steps of a plain program: it does not see them.";
            return refuse(text.to_owned(), "Leave out --ask. --isolate keeps the program to its folder.");
        }
        if self.rules || self.unattended.is_some() {
            let text = "What a plain program does is neither listed nor asked about: Errand does not see it.";
            return refuse(
                text.to_owned(),
                "Leave out --allow and --unattended, or hand it over with a brief.",
            );
        }
        match self.security.unwrap_or_default() {
            Security::Full => Ok(()),
            Security::Allowlist => refuse(
                "An allowlist cannot be enforced on a plain program: Errand does not see what it runs."
                    .to_owned(),
                "Leave out --security. --isolate keeps the program to its folder.",
            ),
            Security::Deny => refuse(
                "With --security deny nothing may run, not even this program.".to_owned(),
                "Leave out --security.",
            ),
        }
    }

    fn check_sizes(&self) -> Result<(), Fault> {
        let bad = |text: &str| Err(Fault::new(Code::BadUsage, text));
        let Resources { cpu, memory, processes } = self.resources;
        if memory.is_some_and(|bytes| bytes < LEAST_MEMORY) {
            return bad("A program needs at least 16 MiB of memory.");
        }
        if cpu.is_some_and(|cpu| cpu < Duration::from_secs(1)) {
            return bad("Processor time is limited in whole seconds, at least 1.");
        }
        if processes == Some(0) {
            return bad("A program is at least 1 process.");
        }
        Ok(())
    }
}

fn refuse<T>(text: String, hint: &str) -> Result<T, Fault> {
    Err(Fault::new(Code::CannotEnforce, text).hint(hint))
}

impl Execution {
    /// Whether its tool calls are carried out as they come.
    pub fn carries_out_all(&self) -> bool {
        self.security == Security::Full && self.ask == AskMode::Off
    }

    pub fn is_open(&self) -> bool {
        *self == Execution::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(bubblewrap: bool, landlock: bool, processes: bool) -> Abilities {
        let works = |works: bool| if works { Ok(()) } else { Err("it is not there".to_owned()) };
        let together = Together::default();
        Abilities { bubblewrap: works(bubblewrap), landlock: works(landlock), processes, together }
    }

    fn agreed(wish: Wish, machine: Abilities) -> Result<Execution, Code> {
        wish.agree(|| machine).map_err(|fault| {
            assert!(!fault.message.is_empty() && !fault.hint.is_empty());
            fault.code
        })
    }

    #[test]
    fn who_asks_for_nothing_gets_the_written_default_and_nothing_is_looked_at() {
        let agreed = Wish::default().agree(|| panic!("nobody needs to know")).unwrap();
        assert!(agreed.is_open());
        assert_eq!(
            (agreed.isolation, agreed.workspace, agreed.network),
            (Isolation::None, Workspace::Rw, Network::On)
        );
    }

    #[test]
    fn any_limit_asks_for_isolation_and_the_strongest_is_taken() {
        let some = |resources| Wish { resources, ..Wish::default() };
        let wishes = [
            Wish { isolate: true, ..Wish::default() },
            Wish { workspace: Some(Workspace::Rw), ..Wish::default() },
            Wish { network: Some(Network::On), ..Wish::default() },
            some(Resources { cpu: Some(Duration::from_secs(1)), ..Resources::default() }),
            some(Resources { memory: Some(LEAST_MEMORY), ..Resources::default() }),
        ];
        for wish in wishes {
            for (bubblewrap, landlock, isolation) in [
                (true, true, Ok(Isolation::Bubblewrap)),
                (true, false, Ok(Isolation::Bubblewrap)),
                (false, true, Ok(Isolation::Landlock)),
                (false, false, Err(Code::CannotEnforce)),
            ] {
                let agreed = agreed(wish, machine(bubblewrap, landlock, true));
                assert_eq!(agreed.map(|agreed| agreed.isolation), isolation, "{wish:?}");
            }
        }
    }

    #[test]
    fn what_cannot_be_enforced_is_refused() {
        let off = Wish { network: Some(Network::Off), ..Wish::default() };
        assert!(agreed(off, machine(true, false, false)).is_ok());
        assert_eq!(agreed(off, machine(false, true, false)), Err(Code::CannotEnforce));

        let processes = Resources { processes: Some(5), ..Resources::default() };
        let few = Wish { resources: processes, ..Wish::default() };
        assert_eq!(agreed(few, machine(true, true, true)).unwrap().resources, processes);
        assert_eq!(agreed(few, machine(true, true, false)), Err(Code::CannotEnforce));
        assert_eq!(agreed(few, machine(false, true, true)), Err(Code::CannotEnforce));

        for wish in [
            Wish { ask: Some(AskMode::OnMiss), ..Wish::default() },
            Wish { ask: Some(AskMode::Always), isolate: true, ..Wish::default() },
            Wish { security: Some(Security::Allowlist), ..Wish::default() },
            Wish { security: Some(Security::Deny), ..Wish::default() },
        ] {
            assert_eq!(agreed(wish, machine(true, true, true)), Err(Code::CannotEnforce), "{wish:?}");
        }
        let plain = Wish { ask: Some(AskMode::Off), security: Some(Security::Full), ..Wish::default() };
        assert!(agreed(plain, machine(false, false, false)).unwrap().is_open());
    }

    #[test]
    fn a_worker_may_be_held_to_a_list_and_be_asked_about() {
        let worker = Wish { worker: true, ..Wish::default() };
        let knobs =
            |wish: Wish| agreed(wish, machine(false, false, false)).map(|got| (got.security, got.ask));
        assert!(agreed(worker, machine(false, false, false)).unwrap().carries_out_all());
        let (deny, listed) = (Some(Security::Deny), Some(Security::Allowlist));
        let always = Some(AskMode::Always);
        assert_eq!(knobs(Wish { ask: always, ..worker }), Ok((Security::Full, AskMode::Always)));
        assert_eq!(knobs(Wish { security: deny, ..worker }), Ok((Security::Deny, AskMode::Off)));
        assert_eq!(knobs(Wish { security: listed, ..worker }), Ok((Security::Allowlist, AskMode::OnMiss)));
        assert_eq!(knobs(Wish { rules: true, ..worker }), Ok((Security::Allowlist, AskMode::OnMiss)));
        assert_eq!(knobs(Wish { rules: true, security: deny, ..worker }), Err(Code::BadUsage));
        let off = Some(AskMode::Off);
        assert_eq!(knobs(Wish { rules: true, ask: off, ..worker }), Ok((Security::Allowlist, AskMode::Off)));
        // What a plain program does, nobody sees.
        let unattended = Some(Unattended::Deny);
        for wish in [Wish { rules: true, ..Wish::default() }, Wish { unattended, ..Wish::default() }] {
            assert_eq!(knobs(wish), Err(Code::CannotEnforce), "{wish:?}");
        }
    }

    #[test]
    fn what_is_counted_for_all_together_is_agreed_on_as_that() {
        let all = Together { cpu: true, memory: true, processes: true };
        let resources =
            Resources { cpu: Some(Duration::from_secs(9)), memory: Some(LEAST_MEMORY), processes: Some(5) };
        let wish = Wish { resources, ..Wish::default() };
        for bubblewrap in [true, false] {
            // Neither root nor Landlock stands in the way of what a control group counts.
            let machine = |together| Abilities { together, ..machine(bubblewrap, true, false) };
            assert_eq!(agreed(wish, machine(all)).unwrap().together, all);
            let less = Together { memory: false, ..all };
            assert_eq!(agreed(wish, machine(less)).unwrap().together, less);
            let few = Together { processes: false, ..all };
            assert_eq!(agreed(wish, machine(few)), Err(Code::CannotEnforce));
            // What nobody has asked for is not agreed on.
            let isolated = agreed(Wish { isolate: true, ..Wish::default() }, machine(all)).unwrap();
            assert_eq!(isolated.together, Together::default());
        }
    }

    #[test]
    fn sizes_that_mean_nothing_are_refused() {
        for resources in [
            Resources { memory: Some(1), ..Resources::default() },
            Resources { cpu: Some(Duration::from_millis(10)), ..Resources::default() },
            Resources { processes: Some(0), ..Resources::default() },
        ] {
            let wish = Wish { resources, ..Wish::default() };
            assert_eq!(agreed(wish, machine(true, true, true)), Err(Code::BadUsage), "{resources:?}");
        }
    }

    #[test]
    fn work_that_was_written_before_there_was_a_policy_reads_as_open() {
        let old = r#"{"program":{"argv":["make"],"cwd":"/","env":[]}}"#;
        let crate::Work::Program(program) = serde_json::from_str(old).unwrap();
        assert!(program.execution.is_open());
        let work = crate::Work::Program(program);
        assert_eq!(serde_json::to_string(&work).unwrap(), old, "and is written as it was");
    }
}
