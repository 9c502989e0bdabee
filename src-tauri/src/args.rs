//! What the command line may say. It is short: the terminal has its own program, `errand`.

use errand_base::{Code, Fault, TaskId};
use errand_wire::Window;

use crate::link;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// The tray, and the window the person wants to see first.
    Desktop(Wish),
    /// The helper that holds the windows.
    Windows,
}

/// `None`: started hidden.
pub type Wish = Option<Window>;

pub fn read(mut words: impl Iterator<Item = String>) -> Result<Start, Fault> {
    let mut wish = Some(Window::quick());
    let mut windows = false;
    let mut links = Vec::new();
    let mut count = 0;
    while let Some(word) = words.next() {
        count += 1;
        match word.as_str() {
            link if link.starts_with(link::SCHEME) => links.push(link::read(link)?),
            "--hidden" => wish = None,
            "--quick" => wish = Some(Window::quick()),
            "--task" => {
                let id = words.next().ok_or_else(|| bad("--task needs the id of a task.".into()))?;
                let id = TaskId::normalise(&id).map_err(|error| bad(format!("{error}.")))?;
                wish = Some(Window::task(id));
            }
            "--inbox" => wish = Some(Window::inbox()),
            "--answer" => wish = Some(question(&words.next().unwrap_or_default())?),
            "--windows" => windows = true,
            other => return Err(bad(format!("errand-desktop does not know “{other}”."))),
        }
    }
    if let Some(draft) = links.pop() {
        // Whoever opens links says nothing else, so whatever else is said came with the link.
        if count > 1 {
            return Err(bad("A link stands alone.".into()));
        }
        return Ok(Start::Desktop(Some(Window { draft: Some(draft), ..Window::quick() })));
    }
    Ok(if windows { Start::Windows } else { Start::Desktop(wish) })
}

/// `TASK/qN`. Of a question that a sub-task asks, the sub-task.
fn question(name: &str) -> Result<Window, Fault> {
    let wanted = || bad("--answer needs a task and its question, such as bold-falcon-427/q1.".into());
    let (task, question) = name.rsplit_once('/').ok_or_else(wanted)?;
    let task = TaskId::normalise(task).map_err(|error| bad(format!("{error}.")))?;
    let n: u32 = question.strip_prefix(['q', 'Q']).and_then(|n| n.parse().ok()).ok_or_else(wanted)?;
    Ok(Window::answer(task, &format!("q{n}")))
}

fn bad(message: String) -> Fault {
    Fault::new(Code::BadUsage, message)
        .hint("It takes --hidden, --quick, --inbox, --task ID, --answer ID/qN, or a link.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Start, Fault> {
        super::read(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn a_plain_start_shows_a_window_and_a_hidden_one_does_not() {
        assert_eq!(read("").unwrap(), Start::Desktop(Some(Window::quick())));
        assert_eq!(read("--hidden").unwrap(), Start::Desktop(None));
        let task = Window::task("bold-falcon-427");
        assert_eq!(read("--task Bold-Falcon-427").unwrap(), Start::Desktop(Some(task)));
        assert_eq!(read("--inbox").unwrap(), Start::Desktop(Some(Window::inbox())));
        let answer = Window::answer("bold-falcon-427", "q2");
        assert_eq!(read("--answer Bold-Falcon-427/q2").unwrap(), Start::Desktop(Some(answer)));
        assert_eq!(read("--windows").unwrap(), Start::Windows);
    }

    #[test]
    fn a_link_stands_alone() {
        let Start::Desktop(Some(window)) = read("errand://new?brief=x").unwrap() else { panic!() };
        assert_eq!(window.draft.unwrap().brief.as_deref(), Some("x"));
        for line in [
            "errand://new?brief=x --windows",
            "--hidden errand://new?brief=x",
            "errand://new?brief=x errand://new?brief=y",
            "errand:run",
        ] {
            assert_eq!(read(line).unwrap_err().code, Code::BadUsage, "{line}");
        }
    }

    #[test]
    fn what_is_not_understood_is_said() {
        for line in [
            "--task",
            "--task ../x",
            "--nonsense",
            "bold-falcon-427",
            "--answer",
            "--answer bold-falcon-427",
            "--answer bold-falcon-427/2",
            "--answer bold-falcon-427/q",
            "--answer ../x/q1",
        ] {
            assert_eq!(read(line).unwrap_err().code, Code::BadUsage, "{line}");
        }
    }
}
