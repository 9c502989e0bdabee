use std::collections::BTreeMap;

use errand_base::{Code, Fault, TaskId, Timestamp};
use errand_model::{Answer, BadAnswer, By, Event};
use errand_wire::{AnswerQuestion, Decision, QuestionView, TaskView, command};

use super::approvals;
use super::change::surface;
use super::resolve;
use super::tasks::view;
use crate::router::{Api, Body};

impl Body for command::Answer {
    async fn run(api: &Api, params: AnswerQuestion) -> Result<TaskView, Fault> {
        let id = resolve(api, &params.task).await?;
        let task = view(api, &id).await?;
        let question = wanted(&id, &task.questions, params.question.as_deref())?;
        let n = number(question)?;
        // What is asked below it is answered there.
        let asks = question.task.clone().unwrap_or_else(|| id.clone());
        let everywhere = params.decision.as_ref().is_some_and(|decision| decision.alike);
        let answer = answer_of(params.choice, params.fields, params.decision, api.clock.now())?;
        looked_at(api, &asks, n, &answer).await?;
        let by = By::at(surface(params.surface));
        let others = if everywhere { approvals::others(api, &asks, n).await? } else { Vec::new() };
        let event = Event::Answer { question: n, answer: answer.clone(), by: by.clone() };
        match api.engine.tell(&asks, event).await {
            Ok(()) => {
                approvals::decide_others(api, others, &answer, &by).await;
                view(api, &id).await
            }
            Err(fault) => Err(explain(api, &id, &question.id, fault).await),
        }
    }
}

fn answer_of(
    text: String,
    fields: BTreeMap<String, String>,
    decision: Option<Decision>,
    now: Timestamp,
) -> Result<Answer, Fault> {
    if let Some(decision) = decision {
        if !text.trim().is_empty() || !fields.is_empty() {
            return Err(Fault::new(Code::BadUsage, "A decision is no text and has no fields."));
        }
        return approvals::decision(decision, now);
    }
    match (text.trim().is_empty(), fields.is_empty()) {
        (false, false) => Err(Fault::new(Code::BadUsage, "An answer is a text or has fields, not both.")),
        (true, false) => Ok(Answer::Fields(fields)),
        (_, true) => Ok(Answer::Text(text)),
    }
}

/// Says what is wrong with an answer in words, before the engine refuses it by name.
async fn looked_at(api: &Api, asks: &TaskId, n: u32, answer: &Answer) -> Result<(), Fault> {
    let id = asks.clone();
    let row = api
        .store
        .read(move |reader| match reader.tasks().load(&id)? {
            Some(stored) => Ok(stored.task.questions.into_iter().find(|question| question.n == n)),
            None => Ok(None),
        })
        .await?;
    let Some(question) = row else { return Ok(()) };
    let Err(BadAnswer(why)) = question.take(answer) else { return Ok(()) };
    let names = question.choices.iter().map(|choice| choice.name());
    let names: Vec<&str> = names.chain(question.options.iter().map(String::as_str)).collect();
    let fault = Fault::new(Code::BadAnswer, format!("The answer does not count: {why}."));
    Err(match names.as_slice() {
        [] if question.approval.is_some() => fault.hint("Use --approve or --deny."),
        [] => fault,
        names => fault.hint(format!("Choose one of: {}.", names.join(", "))),
    })
}

/// The question that is meant: the named one, or the only one that is open.
fn wanted<'a>(
    id: &TaskId,
    questions: &'a [QuestionView],
    named: Option<&str>,
) -> Result<&'a QuestionView, Fault> {
    if let Some(name) = named {
        let found = questions.iter().find(|question| question.id.eq_ignore_ascii_case(name.trim()));
        let found = found
            .ok_or_else(|| Fault::new(Code::QuestionNotFound, format!("{id} has no question “{name}”.")))?;
        return if found.state == "open" { Ok(found) } else { Err(settled(id, found)) };
    }
    let open: Vec<&QuestionView> = questions.iter().filter(|question| question.state == "open").collect();
    match open.as_slice() {
        [only] => Ok(only),
        [] => Err(match questions.last() {
            Some(last) => settled(id, last),
            None => Fault::new(Code::QuestionNotFound, format!("{id} asks nothing.")),
        }),
        several => {
            let list: Vec<String> =
                several.iter().map(|question| format!("{}: {}", question.id, question.text)).collect();
            Err(Fault::new(Code::Ambiguous, format!("{id} asks several questions. {}", list.join(" · ")))
                .hint("Say which one with --question."))
        }
    }
}

fn number(question: &QuestionView) -> Result<u32, Fault> {
    let name = question.id.rsplit('/').next().unwrap_or_default();
    name.trim_start_matches('q')
        .parse()
        .map_err(|_| Fault::new(Code::Internal, "The question has no number."))
}

/// Somebody else was first, or it was withdrawn: says who, where, when.
fn settled(id: &TaskId, question: &QuestionView) -> Fault {
    match &question.answered {
        Some(answer) => {
            let choice = answer.choice.as_deref().unwrap_or("something else");
            let text = format!("{id} has its answer already: “{choice}”, {} at {}.", answer.by, answer.at);
            Fault::new(Code::AlreadyAnswered, text)
        }
        None => Fault::new(Code::QuestionNotFound, format!("The question of {id} was withdrawn."))
            .hint("Nothing to do."),
    }
}

async fn explain(api: &Api, id: &TaskId, question: &str, fault: Fault) -> Fault {
    let Ok(task) = view(api, id).await else { return fault };
    let Some(found) = task.questions.iter().find(|other| other.id == question) else { return fault };
    match fault.code {
        Code::QuestionNotFound | Code::IllegalState if found.state != "open" => settled(id, found),
        _ => fault,
    }
}
