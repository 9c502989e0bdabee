use errand_wire::InboxRow;

use super::table::{Cell, Column, table};
use super::time::{Now, relative};
use super::{Look, QUIET, STRONG};

const COLUMNS: [Column; 4] = [
    Column { title: "QUESTION", flexible: false },
    Column { title: "SINCE", flexible: false },
    Column { title: "TASK", flexible: true },
    Column { title: "ASKS", flexible: true },
];

pub fn list(rows: &[InboxRow], look: Look, now: &Now) -> String {
    let rows: Vec<Vec<Cell>> = rows
        .iter()
        .map(|row| {
            let whose = row.asker.as_ref().map(|asker| format!(" › {asker}")).unwrap_or_default();
            let asks = row.question.text.lines().next().unwrap_or_default();
            vec![
                Cell::styled(&name(row), STRONG),
                Cell::styled(&relative(row.question.asked_at, now), QUIET),
                Cell::new(&format!("{}{whose}", row.title)),
                Cell::new(asks),
            ]
        })
        .collect();
    table(&COLUMNS, &rows, look)
}

/// `TASK/q1`, also of a question that a sub-task asks.
fn name(row: &InboxRow) -> String {
    let id = &row.question.id;
    if id.contains('/') { id.clone() } else { format!("{}/{id}", row.task) }
}
