//! What programs are kept from: agreed on, shown, and explained.

use std::collections::BTreeMap;
use std::time::Duration;

use errand_agents::isolation::abilities;
use errand_base::{Code, Fault, say_duration};
use errand_model::{Execution, Isolation, Network, Resources, Wish, Workspace};
use errand_os::sandbox::matrix::{Attempt, Setting, allows};
use errand_os::{Access, Probe};
use errand_wire as wire;

/// What becomes of a wish on this machine, with sentences that the person should read.
pub(crate) async fn agree(
    limits: wire::Limits,
    worker: bool,
    rules: bool,
) -> Result<(Execution, Vec<String>), Fault> {
    let wish = Wish {
        worker,
        rules,
        unattended: limits.unattended.map(Into::into),
        isolate: limits.isolate,
        security: limits.security.map(Into::into),
        ask: limits.ask.map(Into::into),
        workspace: limits.workspace.map(Into::into),
        network: limits.network.map(Into::into),
        resources: Resources {
            cpu: limits.cpu_ms.map(Duration::from_millis),
            memory: limits.memory_bytes,
            processes: limits.processes,
        },
    };
    // Looking costs some milliseconds, which the many tasks without a wish need not wait for.
    let found = if wish.wants_isolation() { Some(probe().await?) } else { None };
    let agreed = wish.agree(|| match &found {
        Some(found) => abilities(found),
        None => {
            let none = || Err(String::new());
            let groups = Err(String::new());
            abilities(&Probe { bubblewrap: none(), landlock: Err(String::new()), root: false, groups })
        }
    })?;
    let mut notes = Vec::new();
    if let (Isolation::Landlock, Some(Probe { bubblewrap: Err(why), .. })) = (agreed.isolation, &found) {
        notes.push(format!(
            "Landlock isolates it only in part: the session bus, the display and agents stay in reach. \
             Bubblewrap would close them. It does not work here: {why}."
        ));
    }
    Ok((agreed, notes))
}

pub(crate) fn view(agreed: &Execution) -> wire::IsolationView {
    wire::IsolationView {
        kind: agreed.isolation.into(),
        workspace: agreed.workspace.into(),
        network: agreed.network.into(),
        memory_bytes: agreed.resources.memory,
        cpu_ms: agreed.resources.cpu.map(|cpu| u64::try_from(cpu.as_millis()).unwrap_or(u64::MAX)),
        processes: agreed.resources.processes,
        together: agreed.together.into(),
        text: words(agreed),
    }
}

fn words(agreed: &Execution) -> String {
    if agreed.isolation == Isolation::None {
        return "none, it runs as you".to_owned();
    }
    let mut parts = vec![match agreed.isolation {
        Isolation::Landlock => "Landlock, in part".to_owned(),
        other => other.label().to_owned(),
    }];
    parts.push(
        match agreed.workspace {
            Workspace::None => "no folder",
            Workspace::Ro => "folder read only",
            Workspace::Rw => "folder writable",
        }
        .to_owned(),
    );
    parts.push(match agreed.network {
        Network::On => "network on".to_owned(),
        Network::Off => "network off".to_owned(),
    });
    let Resources { cpu, memory, processes } = agreed.resources;
    let whose = |together| if together { "in all" } else { "each" };
    let (of_memory, of_cpu) = (whose(agreed.together.memory), whose(agreed.together.cpu));
    parts.extend(memory.map(|bytes| format!("memory {} MiB {of_memory}", bytes / (1024 * 1024))));
    parts.extend(cpu.map(|cpu| format!("processor {} {of_cpu}", say_duration(cpu))));
    parts.extend(processes.map(|count| format!("at most {count} processes")));
    parts.join(", ")
}

/// What can be enforced here, with the table of what a program can still do.
pub async fn report() -> Result<wire::IsolationReport, Fault> {
    let found = probe().await?;
    let best = found.best();
    let (kind, settings) = match best {
        None => (Isolation::None, Vec::new()),
        Some(best @ errand_os::Isolation::Bubblewrap { .. }) => (Isolation::Bubblewrap, Setting::all(best)),
        Some(best @ errand_os::Isolation::Landlock { .. }) => (Isolation::Landlock, Setting::all(best)),
    };
    let columns = [Setting::OPEN].into_iter().chain(settings).map(|setting| column(setting, kind)).collect();
    let row = |attempt: Attempt| wire::AttemptRow {
        name: attempt.name().to_owned(),
        text: attempt.text().to_owned(),
    };
    Ok(wire::IsolationReport {
        kind: kind.into(),
        limits: limits(&found, kind),
        bubblewrap_problem: found.bubblewrap.err(),
        groups_gap: found.groups.as_ref().ok().and_then(|groups| groups.gap().map(str::to_owned)),
        groups_problem: found.groups.err(),
        landlock_level: found.landlock.ok(),
        rows: Attempt::ALL.into_iter().map(row).collect(),
        columns,
    })
}

fn column(setting: Setting, kind: Isolation) -> wire::ReachColumn {
    let kind = if setting.isolation.is_none() { Isolation::None } else { kind };
    wire::ReachColumn {
        kind: kind.into(),
        workspace: match setting.folder {
            Access::None => wire::Workspace::None,
            Access::Read => wire::Workspace::Ro,
            Access::Write => wire::Workspace::Rw,
        },
        network: if setting.network { wire::Network::On } else { wire::Network::Off },
        offered: kind != Isolation::Landlock || setting.network,
        can: Attempt::ALL
            .into_iter()
            .map(|attempt| (attempt.name().to_owned(), allows(setting, attempt)))
            .collect(),
    }
}

fn limits(found: &Probe, kind: Isolation) -> BTreeMap<String, String> {
    let together = found.together();
    let processes = match kind {
        Isolation::Bubblewrap | Isolation::Landlock if together.processes => {
            "all of them together, each thread counted."
        }
        Isolation::Bubblewrap if abilities(found).processes => "all of them together.",
        Isolation::Bubblewrap => "refused: the kernel does not count the processes of root.",
        Isolation::Landlock => "refused: Landlock does not count them.",
        Isolation::None => "refused.",
    };
    let each = |text: &str| if kind == Isolation::None { "refused.".to_owned() } else { text.to_owned() };
    BTreeMap::from([
        (
            "cpu".to_owned(),
            each(match together.cpu {
                true => "processor time of all its processes together.",
                false => "processor time of each process.",
            }),
        ),
        (
            "memory".to_owned(),
            each(match together.memory {
                true => "what all its processes use together, without swap.",
                false => "address space of each process; Java and Node reserve a lot of it.",
            }),
        ),
        ("processes".to_owned(), processes.to_owned()),
        ("timeout".to_owned(), "the whole task, isolated or not.".to_owned()),
    ])
}

async fn probe() -> Result<Probe, Fault> {
    tokio::task::spawn_blocking(errand_os::probe).await.map_err(|error| {
        Fault::new(Code::Internal, format!("The isolation could not be looked at: {error}."))
    })
}

#[cfg(test)]
mod tests {
    use errand_model::Together;

    use super::*;

    #[test]
    fn an_agreement_is_said_in_a_line() {
        assert_eq!(view(&Execution::default()).text, "none, it runs as you");
        let agreed = Execution {
            isolation: Isolation::Bubblewrap,
            workspace: Workspace::Ro,
            network: Network::Off,
            resources: Resources {
                cpu: Some(Duration::from_secs(60)),
                memory: Some(512 << 20),
                processes: Some(8),
            },
            together: Together::default(),
            ..Execution::default()
        };
        let text = "bubblewrap, folder read only, network off, memory 512 MiB each, processor 1 min each, \
                    at most 8 processes";
        assert_eq!(view(&agreed).text, text);
        let agreed = Execution { together: Together { cpu: true, memory: true, processes: true }, ..agreed };
        let text = "bubblewrap, folder read only, network off, memory 512 MiB in all, processor 1 min in all, \
                    at most 8 processes";
        assert_eq!(view(&agreed).text, text);
    }

    #[tokio::test]
    async fn the_report_says_of_every_row_and_column_what_is_so() {
        let report = report().await.unwrap();
        assert_eq!(report.rows.len(), Attempt::ALL.len());
        assert_eq!(report.columns.len(), if report.kind == wire::Isolation::None { 1 } else { 7 });
        for column in &report.columns {
            assert_eq!(column.can.len(), report.rows.len());
            assert_eq!(column.can["read_key"], column.kind == wire::Isolation::None);
        }
        assert_eq!(report.bubblewrap_problem.is_none(), report.kind == wire::Isolation::Bubblewrap);
        assert!(report.groups_problem.is_none() || report.groups_gap.is_none());
    }

    #[test]
    fn what_a_control_group_counts_is_said_of_each_limit() {
        let groups = errand_os::Groups::below("/a/group");
        let found = Probe { bubblewrap: Ok(()), landlock: Ok(6), root: true, groups: Ok(groups) };
        let said = limits(&found, Isolation::Bubblewrap);
        assert!(said["cpu"].contains("together") && said["memory"].contains("each process"), "{said:?}");
        assert!(said["processes"].starts_with("refused"));
        let said = limits(&Probe { groups: Err("none".to_owned()), ..found }, Isolation::Bubblewrap);
        assert!(said["cpu"].contains("each process"), "{said:?}");
    }
}
