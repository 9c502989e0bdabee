//! Answers that are given on a banner: by a button, or in a field on it.

use errand_base::{Code, Fault, TaskId};
use errand_model::{Answer, By, Event, Surface};
use errand_store::{Delivery, Reader, StoreError, Stored};

use super::screen::OnScreen;
use super::{Outbox, words};

/// Longer texts belong into a window.
const LONGEST: usize = 64 * 1024;

/// What the person did with a banner.
pub(super) enum Did {
    Pressed(String),
    Wrote(String),
}

/// An answer on its way to its task.
pub(crate) struct Answered {
    pub task: TaskId,
    delivery: i64,
    question: u32,
    answer: Answer,
}

impl Answered {
    /// Whether it can be handed on at all.
    pub fn check(&self) -> Result<(), Fault> {
        match &self.answer {
            Answer::Text(text) if text.len() > LONGEST => {
                Err(Fault::new(Code::BadAnswer, "It is too long for a notification."))
            }
            Answer::Text(_) | Answer::Fields(_) | Answer::Decision(_) => Ok(()),
        }
    }

    pub fn event(&self) -> Event {
        let by = By::at(Surface::Notification);
        Event::Answer { question: self.question, answer: self.answer.clone(), by }
    }
}

/// An answer that did not count.
pub(super) struct Refused {
    answered: Answered,
    code: Code,
    why: String,
}

/// The answer that a button or a text stands for, if it is one.
pub(super) fn answer(
    tx: &Reader<'_>,
    delivery: &Delivery,
    did: &Did,
) -> Result<Option<Answered>, StoreError> {
    let (Some(stored), Some(n)) = (task_of(tx, delivery)?, delivery.question) else { return Ok(None) };
    let open = stored.task.questions.iter().find(|question| question.n == n);
    let answer = match did {
        Did::Pressed(action) => open.and_then(|question| words::answer_behind(action, question)),
        // Somebody else may have answered meanwhile. Then whoever has typed this is told so.
        Did::Wrote(text) => Some(Answer::Text(text.clone())),
    };
    Ok(answer.map(|answer| Answered { task: stored.task.id, delivery: delivery.id, question: n, answer }))
}

fn task_of(tx: &Reader<'_>, delivery: &Delivery) -> Result<Option<Stored>, StoreError> {
    delivery.task.map_or(Ok(None), |seq| tx.tasks().by_seq(seq))
}

/// What the person gets to see instead of an answer that counts.
enum Next {
    Banner(Box<words::Again>),
    Told { title: &'static str, body: String },
    Nothing,
}

impl Outbox {
    /// The task did not take it. The question stays open, and its banner is gone with the click.
    pub(crate) fn refused(&self, answered: Answered, fault: &Fault) {
        let why = fault.message.trim_end_matches('.').to_owned();
        // Nobody listens any more: the engine is leaving, and the question is there at the next start.
        drop(self.refusals.send(Refused { answered, code: fault.code, why }));
    }

    /// It is not another interruption but the answer to what the person has just done: no gate, no count.
    pub(super) async fn ask_again(&self, refused: &Refused) {
        let shown = match self.next_after(refused).await {
            Ok(Next::Banner(again)) => self.show_again(refused.answered.delivery, *again).await,
            Ok(Next::Told { title, body }) => {
                self.notifier.tell(title, &body).await.map_err(|error| error.to_string())
            }
            Ok(Next::Nothing) => Ok(()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = shown {
            tracing::warn!(error, task = %refused.answered.task, "a refused answer could not be told");
        }
    }

    async fn show_again(&self, delivery: i64, again: words::Again) -> Result<(), String> {
        let words::Again { banner, task, asks } = again;
        self.notifier.show(banner).await.map_err(|error| error.to_string())?;
        let on_screen = OnScreen { task: Some(task), asks, since: self.clock.now(), together: false };
        self.screen().put(delivery, on_screen);
        Ok(())
    }

    async fn next_after(&self, refused: &Refused) -> Result<Next, StoreError> {
        let Refused { answered, why, .. } = refused;
        let is_bad = refused.code == Code::BadAnswer;
        let (id, n, answer, why) =
            (answered.delivery, answered.question, answered.answer.clone(), why.clone());
        self.store
            .read(move |reader| {
                let Some(delivery) = reader.deliveries().get(id)? else { return Ok(Next::Nothing) };
                let Some(stored) = task_of(reader, &delivery)? else { return Ok(Next::Nothing) };
                let Some(question) = stored.task.questions.iter().find(|question| question.n == n) else {
                    let body = too_late(reader, &stored, n)?;
                    return Ok(Next::Told { title: "Your answer came too late", body });
                };
                // The question itself says best what is wrong with an answer to it. It may repeat what was typed,
                // so it is not asked about anything that is refused for what stands in it.
                let why = question.take(&answer).err().filter(|_| is_bad).map_or(why, |bad| bad.0);
                // It was clicked away or opened elsewhere: a banner of it would be taken back at once.
                if delivery.state.is_settled() {
                    let body = format!("{}: {why}. The question is still open.", stored.task.id);
                    return Ok(Next::Told { title: "Your answer did not count", body });
                }
                let again = words::once_more(reader, &delivery, &why)?;
                Ok(again.map_or(Next::Nothing, |again| Next::Banner(Box::new(again))))
            })
            .await
    }
}

fn too_late(reader: &Reader<'_>, stored: &Stored, n: u32) -> Result<String, StoreError> {
    let task = &stored.task.id;
    let rows = reader.questions().of_task(stored.seq)?;
    let row = rows.into_iter().find(|row| row.n == n);
    Ok(match row.and_then(|row| row.choice.zip(row.surface)) {
        Some((choice, surface)) => {
            format!("{task} had its answer already: “{choice}”, {}.", surface.phrase())
        }
        None => format!("The question of {task} was withdrawn. Nothing is to be done."),
    })
}
