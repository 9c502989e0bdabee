use errand_wire::{AllowFolder, FolderRef, FolderView, command};

use crate::args::Folder;
use crate::output::{self, End};
use crate::parse;
use crate::render::{Look, QUIET, STRONG, clean, paint};
use crate::session::{Session, ask};

pub async fn folder(session: &Session, typed: Option<Folder>) -> End {
    let client = session.connect().await?;
    let of = |folder: &Option<String>| match folder {
        Some(folder) => parse::absolute(folder),
        None => parse::current_folder(),
    };
    let (raw, view) = match typed.unwrap_or(Folder::Show { folder: None }) {
        Folder::Show { folder } => {
            ask::<command::Folder>(&client, FolderRef { folder: of(&folder)? }).await?
        }
        Folder::Allow { folder } => {
            let folder = of(&folder)?;
            let (_, seen) = ask::<command::Folder>(&client, FolderRef { folder: folder.clone() }).await?;
            let text = seen.text.unwrap_or_default();
            ask::<command::FolderAllow>(&client, AllowFolder { folder, text }).await?
        }
        Folder::Forget { folder } => {
            ask::<command::FolderForget>(&client, FolderRef { folder: of(&folder)? }).await?
        }
    };
    if session.json {
        output::document(&raw)?;
    } else {
        output::text(&page(&view, output::look()))?;
    }
    Ok(0)
}

fn page(view: &FolderView, look: Look) -> String {
    let mut lines = vec![paint(look, STRONG, &clean(&view.folder))];
    match (&view.text, &view.problem) {
        (None, _) if view.changed => lines.push("Its file .errand.toml is gone.".to_owned()),
        (None, _) => lines.push("It has no file .errand.toml.".to_owned()),
        (Some(_), Some(problem)) => lines.push(clean(&problem.message)),
        (Some(_), None) if view.allowed => lines.push("Tasks in it may do this:".to_owned()),
        (Some(_), None) if view.changed => {
            lines.push("Its file has changed since you allowed it. It now says:".to_owned());
        }
        (Some(_), None) => lines.push("You have not allowed this yet:".to_owned()),
    }
    let width = view.commands.iter().map(|command| command.part.len()).max().unwrap_or(0);
    for command in &view.commands {
        let part = format!("{:width$}", command.part);
        lines.push(format!("  {}  {}", paint(look, QUIET, &part), clean(&command.command)));
    }
    if view.text.is_some() && view.problem.is_none() && view.commands.is_empty() {
        lines.push("  nothing".to_owned());
    }
    if view.text.is_some() && view.problem.is_none() && !view.allowed {
        lines.push("`errand folder allow` allows it as it stands.".to_owned());
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use errand_wire::AroundView;

    use super::*;

    #[test]
    fn it_says_what_would_run_and_whether_it_may() {
        let command = |part: &str, command: &str| AroundView { part: part.into(), command: command.into() };
        let mut view = FolderView {
            folder: "/src/app".into(),
            text: Some("…".into()),
            allowed: false,
            changed: false,
            commands: vec![command("before_run", "make up"), command("stop_check", "make test")],
            each_s: 600,
            problem: None,
        };
        let text = page(&view, Look::PLAIN);
        assert!(text.contains("not allowed this yet") && text.contains("stop_check  make test"), "{text}");
        view.changed = true;
        assert!(page(&view, Look::PLAIN).contains("has changed since"));
        (view.allowed, view.changed) = (true, false);
        assert!(!page(&view, Look::PLAIN).contains("errand folder allow"));
        view.text = None;
        assert!(page(&view, Look::PLAIN).contains("no file"));
    }
}
