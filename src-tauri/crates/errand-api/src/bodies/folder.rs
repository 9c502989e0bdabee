use std::path::Path;

use errand_base::{Code, Fault};
use errand_model::{Around, say_command};
use errand_wire::{AllowFolder, AroundView, FolderRef, FolderView, command};

use crate::folder_file;
use crate::router::{Api, Body};
use crate::{folders, program};

impl Body for command::Folder {
    async fn run(api: &Api, params: FolderRef) -> Result<FolderView, Fault> {
        look(api, &params.folder).await
    }
}

impl Body for command::FolderAllow {
    async fn run(api: &Api, params: AllowFolder) -> Result<FolderView, Fault> {
        let folder = name_of(&params.folder)?;
        let text = folder_file::text(Path::new(&folder))?.ok_or_else(|| {
            Fault::new(Code::BadFolderFile, format!("{folder} has no file {}.", folder_file::NAME))
                .hint("Nothing needs to be allowed there.")
        })?;
        if text != params.text {
            return Err(Fault::new(Code::FolderNotAllowed, "The file has changed since it was read.")
                .hint("Read it again, then allow it."));
        }
        folder_file::read(&text)?;
        let (key, at) = (folder.clone(), api.clock.now());
        api.store.write(move |tx| tx.folder_files().allow(&key, &text, at)).await?;
        look(api, &folder).await
    }
}

impl Body for command::FolderForget {
    async fn run(api: &Api, params: FolderRef) -> Result<FolderView, Fault> {
        let folder = name_of(&params.folder)?;
        let key = folder.clone();
        api.store.write(move |tx| tx.folder_files().forget(&key)).await?;
        look(api, &folder).await
    }
}

async fn look(api: &Api, folder: &str) -> Result<FolderView, Fault> {
    let folder = name_of(folder)?;
    let text = folder_file::text(Path::new(&folder))?;
    let allowed = allowed_in(api, &folder).await?;
    let mut view = FolderView {
        allowed: text.is_some() && text == allowed,
        changed: allowed.is_some() && text != allowed,
        folder,
        commands: Vec::new(),
        each_s: 0,
        problem: None,
        text,
    };
    match view.text.as_deref().map(folder_file::read) {
        None => {}
        Some(Ok(around)) => {
            view.commands = commands_of(&around);
            view.each_s = around.each.as_secs();
        }
        Some(Err(fault)) => view.problem = Some(fault.into()),
    }
    Ok(view)
}

async fn allowed_in(api: &Api, folder: &str) -> Result<Option<String>, Fault> {
    let folder = folder.to_owned();
    Ok(api.store.read(move |reader| reader.folder_files().allowed(&folder)).await?)
}

/// One folder has one name, whatever links lead to it.
fn name_of(folder: &str) -> Result<String, Fault> {
    let folder = program::folder(Some(folder))?;
    folders::real(&folder).map(|real| real.display().to_string())
}

pub(super) fn commands_of(around: &Around) -> Vec<AroundView> {
    let view = |(part, command): (errand_model::Part, &errand_model::Command)| AroundView {
        part: part.name().to_owned(),
        command: say_command(command),
    };
    around.all().map(view).collect()
}

/// What is done around a task in this folder: by its own file, if that was allowed, and by what was asked for beside.
pub(super) async fn around(
    api: &Api,
    folder: &Path,
    without_file: bool,
    checks: &[String],
) -> Result<Around, Fault> {
    let mut around = Around::default();
    let text = if without_file { None } else { folder_file::text(folder)? };
    if let Some(text) = text {
        let real = folders::real(folder)?;
        around = folder_file::read(&text)?;
        let allowed = allowed_in(api, &real.display().to_string()).await?;
        if !around.is_empty() && allowed.as_ref() != Some(&text) {
            return Err(not_allowed(&real, &around, allowed.is_some()));
        }
    }
    for line in checks {
        around.stop_checks.push(program::split_line(line)?);
    }
    Ok(around)
}

fn not_allowed(folder: &Path, around: &Around, changed: bool) -> Fault {
    let commands: Vec<String> = around.all().map(|(_, command)| say_command(command)).collect();
    let since = if changed { " has changed since it was allowed" } else { " has not been allowed" };
    let text = format!(
        "The file {} of {}{since}. It would run: {}.",
        folder_file::NAME,
        folder.display(),
        commands.join("; ")
    );
    Fault::new(Code::FolderNotAllowed, text)
}
