//! What each window is like.

use std::time::Duration;

use errand_os::Home;
use errand_wire::{Window, WindowKind};
use tauri::webview::NewWindowResponse;
use tauri::{AppHandle, Manager, Url, WebviewUrl, WebviewWindow, WebviewWindowBuilder};

use super::{Open, remember};
use crate::link;

/// A page that says nothing for this long is shown as it is.
const PATIENCE: Duration = Duration::from_secs(1);
const SMALLEST: (f64, f64) = (380.0, 320.0);

#[derive(Clone, Debug, PartialEq)]
struct Place {
    kind: &'static str,
    label: String,
    page: String,
    title: String,
    size: (f64, f64),
}

impl Place {
    fn of(window: &Window) -> Place {
        match (window.kind, &window.task) {
            (WindowKind::Task, Some(task)) => Place {
                kind: "task",
                label: format!("task-{task}"),
                page: format!("index.html#task/{task}"),
                title: format!("Errand — {task}"),
                size: (760.0, 640.0),
            },
            (WindowKind::Answer, Some(task)) if window.question.is_some() => {
                let question = window.question.as_deref().unwrap_or_default();
                Place {
                    kind: "answer",
                    label: format!("answer-{task}-{question}"),
                    page: format!("index.html#answer/{task}/{question}"),
                    title: format!("Errand — {task}"),
                    size: (600.0, 520.0),
                }
            }
            // Where it is not said which question, all of them are shown.
            (WindowKind::Inbox | WindowKind::Answer, _) => Place {
                kind: "inbox",
                label: "inbox".into(),
                page: "index.html#inbox".into(),
                title: "Errand — Inbox".into(),
                size: (960.0, 640.0),
            },
            // Without a task there is nothing to show of one.
            (WindowKind::Quick | WindowKind::Task, _) => Place {
                kind: "quick",
                label: "quick".into(),
                page: match &window.draft {
                    Some(draft) => format!("index.html#quick?{}", link::query(draft)),
                    None => "index.html#quick".into(),
                },
                title: "Errand".into(),
                size: (560.0, 440.0),
            },
        }
    }
}

/// On the main thread.
pub fn show(app: &AppHandle, window: &Window) -> tauri::Result<()> {
    let place = Place::of(window);
    if let Some(there) = app.get_webview_window(&place.label) {
        // What was typed into it stays; a link only adds what it brings.
        if window.draft.is_some()
            && let Ok(mut address) = there.url()
        {
            address.set_fragment(place.page.split_once('#').map(|(_, fragment)| fragment));
            there.navigate(address)?;
        }
        there.unminimize()?;
        return reveal(&there);
    }
    let mut builder = WebviewWindowBuilder::new(app, &place.label, WebviewUrl::App(place.page.into()))
        .title(place.title)
        .inner_size(place.size.0, place.size.1)
        .min_inner_size(SMALLEST.0, SMALLEST.1)
        .visible(false)
        .devtools(cfg!(debug_assertions))
        .on_navigation(is_ours)
        .on_new_window(|_, _| NewWindowResponse::Deny);
    if let Some(home) = app.try_state::<Home>() {
        builder = builder.data_directory(home.data().join("windows"));
    }
    builder = match remember::spot(app, place.kind, &place.label) {
        Some(spot) => spot.given_to(builder),
        None => builder.center(),
    };
    let made = builder.build()?;
    app.state::<Open>().change(|labels| labels.insert(place.label));
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(PATIENCE).await;
        if matches!(made.is_visible(), Ok(false)) {
            tracing::warn!(window = made.label(), "the page is not ready; shown all the same");
            drop(reveal(&made));
        }
    });
    Ok(())
}

pub fn reveal(window: &WebviewWindow) -> tauri::Result<()> {
    window.show()?;
    window.set_focus()
}

/// Our own pages; everything else opens outside or not at all.
fn is_ours(url: &Url) -> bool {
    let own_host = matches!(url.host_str(), Some("localhost" | "tauri.localhost"));
    match url.scheme() {
        "tauri" => own_host,
        // The form that Windows and Android give to the same pages.
        "http" | "https" => {
            cfg!(any(windows, target_os = "android")) && url.host_str() == Some("tauri.localhost")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_has_a_window_of_its_own() {
        let place = Place::of(&Window::task("bold-falcon-427"));
        assert_eq!(place.label, "task-bold-falcon-427");
        assert_eq!(place.page, "index.html#task/bold-falcon-427");
        assert_eq!(place.title, "Errand — bold-falcon-427");
        let without = Place::of(&Window { task: None, ..Window::task("") });
        assert_eq!(without.label, "quick");
    }

    #[test]
    fn a_draft_is_part_of_the_address_and_cannot_lead_elsewhere() {
        let brief = Some("../?x=1#task/y \" <script>\n&folder=/z".into());
        let draft = errand_wire::Draft { brief, folder: Some("/home/ada".into()) };
        let place = Place::of(&Window { draft: Some(draft), ..Window::quick() });
        assert_eq!(
            place.page,
            "index.html#quick?brief=..%2F%3Fx%3D1%23task%2Fy%20%22%20%3Cscript%3E%0A%26folder%3D%2Fz&folder=%2Fhome%2Fada"
        );
    }

    #[test]
    fn a_question_has_a_window_of_its_own_and_all_share_one() {
        let place = Place::of(&Window::answer("bold-falcon-427", "q1"));
        assert_eq!(place.label, "answer-bold-falcon-427-q1");
        assert_eq!(place.page, "index.html#answer/bold-falcon-427/q1");
        let below = Place::of(&Window::answer("bold-falcon-427", "calm-owl-101/q2"));
        assert_eq!(below.label, "answer-calm-owl-101-q2");
        assert_eq!(Place::of(&Window::inbox()).page, "index.html#inbox");
        let without = Place::of(&Window { question: None, ..Window::answer("bold-falcon-427", "") });
        assert_eq!(without.label, "inbox");
    }

    #[test]
    fn only_our_own_pages_are_navigated_to() {
        let ours = |url: &str| is_ours(&Url::parse(url).unwrap());
        assert!(ours("tauri://localhost/index.html#quick"));
        for foreign in [
            "https://example.org/",
            "http://localhost/",
            "file:///etc/passwd",
            "data:text/html,x",
            "about:blank",
            "javascript:alert(1)",
            "tauri://example.org/",
        ] {
            assert!(!ours(foreign), "{foreign}");
        }
    }
}
