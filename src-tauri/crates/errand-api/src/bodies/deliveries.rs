//! What the person was told, what not, and why.

use errand_base::{Code, Fault, TaskId};
use errand_engine::Telling;
use errand_model::gate::Why;
use errand_store::{Delivery, DeliveryState, Escalation};
use errand_wire::{self as wire, DeliveryList, DeliveryView, Empty, FocusOn, ListDeliveries, command};

use super::resolve;
use crate::router::{Api, Body};

const PAGE: u32 = 50;
const LONGEST_PAGE: u32 = 500;

impl Body for command::Deliveries {
    async fn run(api: &Api, params: ListDeliveries) -> Result<DeliveryList, Fault> {
        let task = match params.task {
            Some(name) => Some(resolve(api, &name).await?),
            None => None,
        };
        let before = params.cursor.map(|cursor| cursor.parse::<i64>()).transpose().map_err(|_| {
            Fault::new(Code::BadUsage, "That is no cursor.").hint("It stands as `next` in the page before.")
        })?;
        let limit = params.limit.unwrap_or(PAGE).clamp(1, LONGEST_PAGE);
        let telling = api.engine.outbox().telling();
        let read = move |reader: &errand_store::Reader<'_>| {
            let seq = match &task {
                Some(task) => reader.tasks().seq(task)?,
                None => None,
            };
            // One more than a page, to know whether there is another.
            let mut rows = reader.deliveries().list(seq, before, limit + 1)?;
            let more = rows.len() > limit as usize;
            rows.truncate(limit as usize);
            let next = rows.last().filter(|_| more).map(|row| row.id.to_string());
            let mut deliveries = Vec::with_capacity(rows.len());
            for row in rows {
                let stored = row.task.map(|seq| reader.tasks().by_seq(seq)).transpose()?.flatten();
                let about = stored.as_ref().map(|stored| (&stored.task.id, stored.title.as_str()));
                deliveries.push(delivery(row, about, &telling));
            }
            Ok(DeliveryList { deliveries, next })
        };
        Ok(api.store.read(read).await?)
    }
}

impl Body for command::Focused {
    async fn run(api: &Api, params: FocusOn) -> Result<Empty, Fault> {
        match (params.task, params.left) {
            (Some(task), _) => {
                let task = resolve(api, &task).await?;
                api.seat.focus(task.clone());
                // Who looks at it has seen what there is to see.
                api.engine.opened(&task).await?;
            }
            (None, Some(left)) => {
                if let Ok(left) = TaskId::normalise(&left).and_then(TaskId::try_from) {
                    api.seat.blur(Some(&left));
                }
            }
            (None, None) => api.seat.blur(None),
        }
        api.engine.outbox().look();
        Ok(Empty {})
    }
}

pub(super) fn delivery(row: Delivery, about: Option<(&TaskId, &str)>, telling: &Telling) -> DeliveryView {
    let state = match row.state {
        DeliveryState::Pending => wire::DeliveryState::Pending,
        DeliveryState::Held => wire::DeliveryState::Held,
        DeliveryState::Showing => wire::DeliveryState::Showing,
        DeliveryState::Shown => wire::DeliveryState::Shown,
        DeliveryState::Opened => wire::DeliveryState::Opened,
        DeliveryState::Acted => wire::DeliveryState::Acted,
        DeliveryState::Dismissed => wire::DeliveryState::Dismissed,
        DeliveryState::Withdrawn => wire::DeliveryState::Withdrawn,
        DeliveryState::Digested => wire::DeliveryState::Digested,
        DeliveryState::Filed => wire::DeliveryState::Filed,
    };
    let why = Why::from_name(&row.why);
    // What is held for a time waits for that; what only waits for a service, for that. Whether there is one is known
    // now, not when the row was written.
    let waits = matches!(row.state, DeliveryState::Pending | DeliveryState::Held) && row.until.is_none();
    let (state, code, sentence) = match telling {
        Telling::NoService { why } if waits => {
            (wire::DeliveryState::Held, Some(Why::NoService.name().to_owned()), why.clone())
        }
        Telling::NoService { .. } | Telling::Ready { .. } => {
            let code = why.map(|why| why.name().to_owned());
            (state, code, why.map_or(row.why, |why| why.sentence().to_owned()))
        }
    };
    DeliveryView {
        id: row.id,
        kind: row.kind.name().to_owned(),
        state,
        why: sentence,
        code,
        task: about.map(|(id, _)| id.clone()),
        title: about.map(|(_, title)| title.to_owned()),
        question: row.question.map(|n| format!("q{n}")),
        times_shown: row.attempts,
        shown_at: row.shown_at,
        service: row.service,
        until: row.until,
        escalated: matches!(row.escalation, Some(Escalation::Due | Escalation::Done)),
        digest: row.digest,
        created_at: Some(row.created_at),
        updated_at: row.updated_at,
    }
}
