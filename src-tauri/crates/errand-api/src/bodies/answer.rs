use errand_base::{Code, Fault, TaskId};
use errand_model::{By, Event};
use errand_wire::{AnswerQuestion, QuestionView, TaskView, command};

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
        let by = By::at(surface(params.surface));
        match api.engine.tell(&asks, Event::Answer { question: n, choice: params.choice.clone(), by }).await {
            Ok(()) => view(api, &id).await,
            Err(fault) => Err(explain(api, &id, &question.id, &params.choice, fault).await),
        }
    }
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

async fn explain(api: &Api, id: &TaskId, question: &str, choice: &str, fault: Fault) -> Fault {
    let Ok(task) = view(api, id).await else { return fault };
    let Some(found) = task.questions.iter().find(|other| other.id == question) else { return fault };
    match fault.code {
        Code::BadAnswer => {
            let names: Vec<&str> = found.options.iter().map(|option| option.name.as_str()).collect();
            Fault::new(Code::BadAnswer, format!("“{choice}” is not one of its options."))
                .hint(format!("Choose one of: {}.", names.join(", ")))
        }
        Code::QuestionNotFound | Code::IllegalState if found.state != "open" => settled(id, found),
        _ => fault,
    }
}
