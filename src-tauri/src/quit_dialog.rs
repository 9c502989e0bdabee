//! The question how to quit while something is at work. A dialog of the toolkit, so that it needs no window process.

use errand_os::text;
use tauri::AppHandle;
use tokio::sync::mpsc::UnboundedSender;

use crate::tray::Action;

/// Elsewhere the menu of the tray has an entry for each way.
pub const EXISTS: bool = cfg!(target_os = "linux");

/// The names of those that are said.
const NAMED: usize = 5;
const NAME: usize = 60;

/// What is at work, by title.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AtWork {
    pub workers: Vec<String>,
    /// Programs without turns: they cannot be paused.
    pub plain: Vec<String>,
}

/// What the dialog says and offers; the last way is the one that Return chooses.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Question {
    title: String,
    text: String,
    ways: Vec<(&'static str, Action)>,
}

impl AtWork {
    pub fn is_empty(&self) -> bool {
        self.workers.is_empty() && self.plain.is_empty()
    }

    fn question(&self) -> Question {
        let all: Vec<&String> = self.plain.iter().chain(&self.workers).collect();
        let title = match all.len() {
            1 => "A task is at work".to_owned(),
            several => format!("{several} tasks are at work"),
        };
        let mut lines: Vec<String> =
            all.iter().take(NAMED).map(|name| format!("• {}", text::line(name, NAME).text)).collect();
        if all.len() > NAMED {
            lines.push(format!("and {} more", all.len() - NAMED));
        }
        lines.push(String::new());
        let mut ways =
            vec![("_Stop now and quit", Action::QuitNow), ("_Finish, then quit", Action::QuitWhenDone)];
        lines.push(
            match self.plain.is_empty() {
                true => {
                    ways.push(("_Pause and quit", Action::Quit));
                    "Paused tasks stop after their current step and go on when Errand starts again."
                }
                false => "A plain program cannot be paused: it can be finished or stopped.",
            }
            .to_owned(),
        );
        Question { title, text: lines.join("\n"), ways }
    }
}

/// From any thread. One dialog at a time; what is chosen goes to `chosen` like a click in the tray.
pub fn ask(app: &AppHandle, at_work: AtWork, chosen: UnboundedSender<Action>) {
    let done = app.run_on_main_thread(move || os::ask(at_work.question(), chosen));
    if let Err(error) = done {
        tracing::warn!(%error, "could not ask how to quit");
    }
}

#[cfg(target_os = "linux")]
mod os {
    use std::cell::RefCell;

    use gtk::prelude::*;
    use tokio::sync::mpsc::UnboundedSender;

    use super::Question;
    use crate::tray::Action;

    thread_local! {
        static OPEN: RefCell<Option<gtk::MessageDialog>> = const { RefCell::new(None) };
    }

    pub fn ask(question: Question, chosen: UnboundedSender<Action>) {
        // Asked again: what it says may be old by now.
        if let Some(old) = OPEN.take() {
            old.close();
        }
        let dialog = gtk::MessageDialog::new(
            None::<&gtk::Window>,
            gtk::DialogFlags::empty(),
            gtk::MessageType::Question,
            gtk::ButtonsType::None,
            &question.title,
        );
        dialog.set_title("Quit Errand");
        dialog.set_secondary_text(Some(&question.text));
        dialog.add_button("_Cancel", gtk::ResponseType::Cancel);
        for (n, (label, _)) in (0..).zip(&question.ways) {
            dialog.add_button(label, gtk::ResponseType::Other(n));
            dialog.set_default_response(gtk::ResponseType::Other(n));
        }
        dialog.connect_response(move |dialog, response| {
            if let gtk::ResponseType::Other(n) = response
                && let Some((_, action)) = question.ways.get(usize::from(n))
            {
                drop(chosen.send(action.clone()));
            }
            // With its own close button it is gone already.
            if response != gtk::ResponseType::DeleteEvent {
                dialog.close();
            }
            OPEN.with_borrow_mut(|open| open.take_if(|open| open == dialog));
        });
        dialog.show_all();
        dialog.present();
        OPEN.set(Some(dialog));
    }
}

#[cfg(not(target_os = "linux"))]
mod os {
    use tokio::sync::mpsc::UnboundedSender;

    use super::Question;
    use crate::tray::Action;

    pub fn ask(_question: Question, _chosen: UnboundedSender<Action>) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn pausing_is_offered_first_where_all_can_be_paused() {
        let workers = AtWork { workers: names(&["tidy\u{202e} up"]), plain: Vec::new() };
        let question = workers.question();
        assert_eq!(question.title, "A task is at work");
        assert!(question.text.starts_with("• tidy up\n\nPaused tasks stop"), "{}", question.text);
        assert_eq!(question.ways.last().unwrap().1, Action::Quit);
        let both = AtWork { plain: names(&["a", "b", "c", "d", "e", "f"]), ..workers };
        let question = both.question();
        assert_eq!(question.title, "7 tasks are at work");
        assert!(question.text.contains("• e\nand 2 more\n"), "{}", question.text);
        assert!(question.text.contains("cannot be paused"));
        let ways: Vec<&Action> = question.ways.iter().map(|(_, action)| action).collect();
        assert_eq!(ways, [&Action::QuitNow, &Action::QuitWhenDone]);
    }
}
