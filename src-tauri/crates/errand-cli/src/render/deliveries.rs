use errand_wire::{DeliveryState, DeliveryView};

use super::table::{Cell, Column, table};
use super::time::{Now, absolute, relative};
use super::{Look, QUIET, STRONG};

const COLUMNS: [Column; 5] = [
    Column { title: "TASK", flexible: false },
    Column { title: "ABOUT", flexible: false },
    Column { title: "WHEN", flexible: false },
    Column { title: "TOLD", flexible: false },
    Column { title: "WHY", flexible: true },
];

pub fn list(rows: &[DeliveryView], look: Look, now: &Now) -> String {
    let rows: Vec<Vec<Cell>> = rows
        .iter()
        .map(|row| {
            vec![
                Cell::styled(row.task.as_ref().map_or("—", |task| task.as_str()), STRONG),
                Cell::new(&about(row)),
                Cell::styled(&relative(when(row), now), QUIET),
                Cell::new(&state(row, now)),
                Cell::styled(&row.why, QUIET),
            ]
        })
        .collect();
    table(&COLUMNS, &rows, look)
}

/// One of them beside the other facts of its task.
pub fn line(row: &DeliveryView, now: &Now) -> String {
    let why = if row.why.is_empty() { String::new() } else { format!(". {}", row.why) };
    format!("{} {}, {}{why}", about(row), state(row, now), relative(when(row), now))
}

fn about(row: &DeliveryView) -> String {
    match &row.question {
        Some(question) => format!("{} {question}", row.kind),
        None => row.kind.clone(),
    }
}

fn when(row: &DeliveryView) -> errand_base::Timestamp {
    row.shown_at.unwrap_or(row.updated_at)
}

fn state(row: &DeliveryView, now: &Now) -> String {
    let on = row.service.as_ref().map(|name| format!(" on {name}")).unwrap_or_default();
    let times = if row.times_shown > 1 { format!(", {} times", row.times_shown) } else { String::new() };
    let urgent = if row.escalated { ", urgent since nobody came" } else { "" };
    let shown = |what: &str| match row.shown_at {
        Some(_) => format!("shown{on}{times}, {what}"),
        None => what.to_owned(),
    };
    let said = match row.state {
        DeliveryState::Pending | DeliveryState::Showing => "about to be shown".to_owned(),
        DeliveryState::Held => match row.until {
            Some(until) => format!("held until {}", absolute(until, now)),
            None => "held".to_owned(),
        },
        DeliveryState::Shown => format!("shown{on}{times}"),
        DeliveryState::Opened => shown("opened"),
        DeliveryState::Acted => shown("answered or opened there"),
        DeliveryState::Dismissed => shown("closed"),
        DeliveryState::Withdrawn => shown("withdrawn"),
        DeliveryState::Digested => match row.digest {
            Some(_) => "in a digest".to_owned(),
            None => "in a digest, which is gone".to_owned(),
        },
        DeliveryState::Filed => "not shown".to_owned(),
    };
    format!("{said}{urgent}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::card::samples::{at, now};

    fn row(state: DeliveryState) -> DeliveryView {
        DeliveryView {
            id: 7,
            kind: "result".into(),
            state,
            why: "There were few notifications before it.".into(),
            code: Some("within_limit".into()),
            task: errand_base::TaskId::try_from("bold-falcon-427".to_owned()).ok(),
            title: Some("make".into()),
            question: None,
            times_shown: 0,
            shown_at: None,
            service: None,
            until: None,
            escalated: false,
            digest: None,
            created_at: None,
            updated_at: at("11:58:00"),
        }
    }

    #[test]
    fn each_says_what_became_of_it_and_why() {
        let mut shown = row(DeliveryState::Shown);
        (shown.times_shown, shown.service) = (2, Some("Xfce".into()));
        shown.shown_at = Some(at("11:58:00"));
        let mut held = row(DeliveryState::Held);
        (held.until, held.why) = (Some(at("13:00:00")), "It came in your quiet hours.".into());
        (held.kind, held.question) = ("question".into(), Some("q1".into()));
        let mut digest = row(DeliveryState::Withdrawn);
        (digest.task, digest.kind, digest.why) = (None, "digest".into(), String::new());
        let text = list(&[shown.clone(), held, digest], Look::PLAIN, &now());
        assert_eq!(
            text,
            "bold-falcon-427  result       2 min ago  shown on Xfce, 2 times  There were few notifications before it.\n\
             bold-falcon-427  question q1  2 min ago  held until 13:00:00     It came in your quiet hours.\n\
             —                digest       2 min ago  withdrawn\n"
        );
        shown.escalated = true;
        assert_eq!(
            line(&shown, &now()),
            "result shown on Xfce, 2 times, urgent since nobody came, 2 min ago. There were few notifications before it."
        );
    }

    #[test]
    fn every_state_has_words() {
        use DeliveryState::*;
        for one in [Pending, Held, Showing, Shown, Opened, Acted, Dismissed, Withdrawn, Digested, Filed] {
            assert!(!state(&row(one), &now()).is_empty());
        }
    }
}
