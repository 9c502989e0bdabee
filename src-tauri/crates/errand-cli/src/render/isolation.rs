//! What can be enforced on this machine, and what a program can still do.

use errand_wire::{Isolation, IsolationReport, Network, ReachColumn, Workspace};

use super::{Look, QUIET, STRONG, clean, columns, paint};

const LABEL: usize = 30;
const CELL: usize = 6;
/// The table needs as much; sentences keep to it, too.
const WIDTH: usize = 80;

pub fn report(report: &IsolationReport, look: Look) -> String {
    let mut out = format!("\n{}\n", paint(look, STRONG, "Isolation"));
    let mut line = |text: &str| out.push_str(&wrapped(text));
    line(match report.kind {
        Isolation::Bubblewrap => "A task that asks for it (--isolate) runs under bubblewrap.",
        Isolation::Landlock => "A task that asks for it (--isolate) is isolated in part, by Landlock.",
        Isolation::None => "Nothing here can isolate a program. A task that asks for it is refused.",
    });
    if let Some(why) = &report.bubblewrap_problem {
        line(&format!("Bubblewrap does not work: {}.", clean(why)));
    }
    line(&match report.landlock_level {
        Some(level) => format!("Landlock works, level {level}."),
        None => "Landlock does not work.".to_owned(),
    });
    match (&report.groups_problem, &report.groups_gap) {
        (Some(why), _) => line(&format!("Control groups do not work: {}.", clean(why))),
        (None, None) => line("Control groups work."),
        (None, Some(gap)) => line(&format!("Control groups work, in part: {}.", clean(gap))),
    }
    for (name, text) in &report.limits {
        line(&format!("--{}: {}", clean(name), clean(text)));
    }
    if report.columns.iter().any(|column| !column.offered) {
        line("--network off is refused here: not all of it would be cut off.");
    }
    out.push('\n');
    let (above, names) = heading(&report.columns);
    out.push_str(&format!("{}\n{}\n", paint(look, QUIET, above.trim_end()), paint(look, QUIET, &names)));
    for row in &report.rows {
        let cells = report.columns.iter().map(|column| match column.can.get(&row.name) {
            Some(true) => cell("yes"),
            Some(false) => cell("-"),
            None => cell("?"),
        });
        let text = format!("  {}{}", padded(&clean(&row.text), LABEL), cells.collect::<String>());
        out.push_str(text.trim_end());
        out.push('\n');
    }
    out
}

fn heading(all: &[ReachColumn]) -> (String, String) {
    let mut above = " ".repeat(LABEL + 2);
    let mut names = format!("  {}", padded("A program with --workspace can", LABEL));
    let mut group: Option<Network> = None;
    for column in all {
        let open = column.kind == Isolation::None;
        let begins = !open && group != Some(column.network);
        if begins {
            group = Some(column.network);
            let text = if column.network == Network::On { "--network on" } else { "--network off" };
            let width = columns(&names).saturating_sub(columns(&above));
            above.push_str(&" ".repeat(width));
            above.push_str(&format!("   {text}"));
        }
        names.push_str(&cell(match (open, column.workspace) {
            (true, _) => "open",
            (_, Workspace::None) => "none",
            (_, Workspace::Ro) => "ro",
            (_, Workspace::Rw) => "rw",
        }));
    }
    (above, names)
}

/// Indented, and further where it goes on.
fn wrapped(text: &str) -> String {
    let (mut out, mut line) = (String::new(), " ".to_owned());
    for word in text.split_whitespace() {
        if columns(&line) + 1 + columns(word) > WIDTH {
            out.push_str(&format!("{line}\n"));
            line = "   ".to_owned();
        }
        line.push_str(&format!(" {word}"));
    }
    format!("{out}{line}\n")
}

fn cell(text: &str) -> String {
    format!("{text:>CELL$}")
}

fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(columns(text))))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use errand_wire::AttemptRow;

    use super::*;

    fn sample(kind: Isolation) -> IsolationReport {
        let column = |kind, workspace, network, can| ReachColumn {
            kind,
            workspace,
            network,
            offered: kind != Isolation::Landlock || network == Network::On,
            can: BTreeMap::from([("read_key".to_owned(), can)]),
        };
        let mut columns = vec![column(Isolation::None, Workspace::Rw, Network::On, true)];
        for network in [Network::On, Network::Off] {
            for workspace in [Workspace::None, Workspace::Ro, Workspace::Rw] {
                columns.push(column(kind, workspace, network, false));
            }
        }
        IsolationReport {
            kind,
            bubblewrap_problem: (kind != Isolation::Bubblewrap).then(|| "it is not installed".to_owned()),
            landlock_level: Some(6),
            groups_problem: None,
            groups_gap: None,
            limits: BTreeMap::from([("cpu".to_owned(), "each process.".to_owned())]),
            rows: vec![AttemptRow { name: "read_key".into(), text: "read your keys and profiles".into() }],
            columns,
        }
    }

    #[test]
    fn the_table_stands_in_columns_and_fits_a_terminal() {
        let text = report(&sample(Isolation::Bubblewrap), Look::PLAIN);
        let expected = "
Isolation
  A task that asks for it (--isolate) runs under bubblewrap.
  Landlock works, level 6.
  Control groups work.
  --cpu: each process.

                                         --network on      --network off
  A program with --workspace can  open  none    ro    rw  none    ro    rw
  read your keys and profiles      yes     -     -     -     -     -     -
";
        assert_eq!(text, expected);
        assert!(text.lines().all(|line| columns(line) <= 80));
    }

    #[test]
    fn what_is_weaker_says_so() {
        let text = report(&sample(Isolation::Landlock), Look::PLAIN);
        for part in ["in part, by Landlock", "it is not installed.", "--network off is refused here"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let no_groups = IsolationReport {
            groups_problem: Some("ours is not given to us".to_owned()),
            ..sample(Isolation::Bubblewrap)
        };
        assert!(
            report(&no_groups, Look::PLAIN).contains("Control groups do not work: ours is not given to us.")
        );
        let gap = IsolationReport {
            groups_gap: Some("memory is counted elsewhere".to_owned()),
            ..sample(Isolation::Bubblewrap)
        };
        assert!(
            report(&gap, Look::PLAIN).contains("Control groups work, in part: memory is counted elsewhere.")
        );
        let mut long = sample(Isolation::Landlock);
        long.bubblewrap_problem = Some("a reason of many words ".repeat(9));
        let text = report(&long, Look::PLAIN);
        assert!(text.contains("\n    ") && text.lines().all(|line| columns(line) <= WIDTH), "{text}");
    }
}
