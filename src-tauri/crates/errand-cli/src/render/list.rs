use errand_wire::TaskRow;

use super::table::{Cell, Column, table};
use super::time::{Now, relative};
use super::{Look, QUIET, STRONG, state};

const COLUMNS: [Column; 5] = [
    Column { title: "TASK", flexible: false },
    Column { title: "STATE", flexible: false },
    Column { title: "CHANGED", flexible: false },
    Column { title: "TITLE", flexible: true },
    Column { title: "OUTCOME", flexible: true },
];

pub fn tasks(rows: &[TaskRow], look: Look, now: &Now) -> String {
    let rows: Vec<Vec<Cell>> = rows
        .iter()
        .map(|row| {
            vec![
                Cell::styled(row.id.as_str(), STRONG),
                Cell::styled(&label(row), state::style(row.state, &row.holds)),
                Cell::styled(&relative(row.updated_at, now), QUIET),
                Cell::new(&row.title),
                Cell::new(what(row)),
            ]
        })
        .collect();
    table(&COLUMNS, &rows, look)
}

fn label(row: &TaskRow) -> String {
    let archived = if row.archived_at.is_some() { ", archived" } else { "" };
    format!("{}{archived}", state::label(row.state, &row.holds))
}

/// While nothing has come of it yet, the reason of its state says more than an empty field.
fn what(row: &TaskRow) -> &str {
    if row.outcome.is_empty() { &row.reason.text } else { &row.outcome }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::card::samples::{now, task_row};
    use errand_wire::{Hold, TaskState};

    #[test]
    fn a_list_reads_at_eighty_columns() {
        let mut first = task_row("bold-falcon-427", TaskState::Running);
        first.outcome = "compiling errand-engine, 212 of 340 crates done so far".into();
        let mut second = task_row("shy-yak-100", TaskState::Completed);
        second.title = "A much longer title than anybody should give to a task".into();
        let mut third = task_row("wise-owl-731", TaskState::Queued);
        third.holds = vec![Hold::Person];
        let mut fourth = task_row("old-owl-200", TaskState::Failed);
        fourth.archived_at = fourth.created_at.into();
        let text = tasks(&[first, second, third, fourth], Look { colour: false, width: Some(80) }, &now());
        let expected = "\
TASK             STATE               CHANGED    TITLE            OUTCOME
bold-falcon-427  ● running           2 min ago  cargo build      compiling erra…
shy-yak-100      ✓ completed         2 min ago  A much longer…   it was started
wise-owl-731     ‖ paused, queued    2 min ago  cargo build      it was started
old-owl-200      ✗ failed, archived  2 min ago  cargo build      it was started
";
        assert_eq!(text, expected);
    }
}
