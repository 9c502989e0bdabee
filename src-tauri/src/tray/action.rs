//! What a click in the menu means. The id of an entry says it in full, with the task it is about, so a menu that
//! is open while things change never acts on another task.

use errand_base::TaskId;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    New,
    Inbox,
    Open(TaskId),
    Cancel(TaskId),
    Answer {
        task: TaskId,
        question: String,
        choice: String,
    },
    AnswerInWindow {
        task: TaskId,
        question: String,
    },
    PauseAll,
    ResumeAll,
    /// Asks how, because something is at work.
    AskQuit,
    Quit,
    QuitWhenDone,
    QuitNow,
}

impl Action {
    pub fn key(&self) -> String {
        match self {
            Action::New => "new".into(),
            Action::Inbox => "inbox".into(),
            Action::Open(task) => format!("open:{task}"),
            Action::Cancel(task) => format!("cancel:{task}"),
            // The choice comes last: it is the only part that could contain a colon.
            Action::Answer { task, question, choice } => format!("answer:{task}:{question}:{choice}"),
            Action::AnswerInWindow { task, question } => format!("answer-in-window:{task}:{question}"),
            Action::PauseAll => "pause-all".into(),
            Action::ResumeAll => "resume-all".into(),
            Action::AskQuit => "ask-quit".into(),
            Action::Quit => "quit".into(),
            Action::QuitWhenDone => "quit-when-done".into(),
            Action::QuitNow => "quit-now".into(),
        }
    }

    pub fn read(key: &str) -> Option<Action> {
        let (verb, rest) = key.split_once(':').unwrap_or((key, ""));
        let task = |id: &str| TaskId::try_from(id.to_owned()).ok();
        Some(match verb {
            "new" => Action::New,
            "inbox" => Action::Inbox,
            "open" => Action::Open(task(rest)?),
            "cancel" => Action::Cancel(task(rest)?),
            "answer" => {
                let mut parts = rest.splitn(3, ':');
                Action::Answer {
                    task: task(parts.next()?)?,
                    question: parts.next()?.into(),
                    choice: parts.next()?.into(),
                }
            }
            "answer-in-window" => {
                let (id, question) = rest.split_once(':')?;
                Action::AnswerInWindow { task: task(id)?, question: question.into() }
            }
            "pause-all" => Action::PauseAll,
            "resume-all" => Action::ResumeAll,
            "ask-quit" => Action::AskQuit,
            "quit" => Action::Quit,
            "quit-when-done" => Action::QuitWhenDone,
            "quit-now" => Action::QuitNow,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_reads_back_from_its_key() {
        let task = TaskId::random();
        let answer = Action::Answer { task: task.clone(), question: "q1".into(), choice: "a:b".into() };
        let below = Action::Answer {
            task: task.clone(),
            question: format!("{}/q2", TaskId::random()),
            choice: "yes".into(),
        };
        let in_window = Action::AnswerInWindow { task: task.clone(), question: "q1".into() };
        for action in [
            in_window,
            Action::New,
            Action::Inbox,
            Action::Open(task.clone()),
            Action::Cancel(task),
            answer,
            below,
            Action::PauseAll,
            Action::ResumeAll,
            Action::AskQuit,
            Action::Quit,
            Action::QuitWhenDone,
            Action::QuitNow,
        ] {
            assert_eq!(Action::read(&action.key()), Some(action));
        }
        for key in ["status", "open:", "open:../x", "answer:bold-falcon-427:q1", "recent"] {
            assert_eq!(Action::read(key), None, "{key}");
        }
    }
}
