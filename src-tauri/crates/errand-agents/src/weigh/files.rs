//! The changes to files that one response wants, together: what each file was, and what it would be.

use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use errand_model::allow::{self, Effect, Request, Rule};
use errand_model::approval::{Approval, FileAction, FileChange, Item, Risk, What};
use errand_model::{Program, ToolCall};
use errand_os::Beneath;
use similar::TextDiff;

use super::seal::{self, Seal};
use super::{Asked, Expected};
use crate::tools::files::{self, Call};

/// What of one file is shown, and of all.
const LONGEST_DIFF: usize = 48 * 1024;
const LONGEST_DIFFS: usize = 192 * 1024;
/// A better diff is not worth more.
const PATIENCE: Duration = Duration::from_millis(300);

pub(super) struct Changes {
    folder: PathBuf,
    beneath: Option<Beneath>,
    files: Vec<Changed>,
}

struct Changed {
    path: String,
    before: Option<String>,
    now: String,
    /// Of each call that is to be decided about.
    seals: Vec<String>,
    only_edited: bool,
    why: Option<(String, Risk)>,
    item: Option<usize>,
    tool: String,
}

/// One change, on top of those before it.
pub(super) struct Applied {
    pub path: String,
    file: usize,
    before: Option<String>,
    edits: bool,
}

impl Changes {
    pub fn new(folder: &Path) -> Changes {
        Changes { folder: folder.to_owned(), beneath: Beneath::open(folder).ok(), files: Vec::new() }
    }

    pub fn apply(&mut self, change: &Call) -> Result<Applied, String> {
        let (path, edits) = match change {
            Call::Write(write) => (&write.path, false),
            Call::Edit(edit) => (&edit.path, true),
            Call::List(_) | Call::Read(_) => return Err("it changes nothing".to_owned()),
        };
        let path = plain(path)?;
        let known = self.files.iter().position(|file| file.path == path);
        let file = match known {
            Some(file) => file,
            None => {
                let before = self.read(Path::new(&path))?;
                self.files.push(Changed {
                    now: before.clone().unwrap_or_default(),
                    before,
                    seals: Vec::new(),
                    only_edited: true,
                    why: None,
                    item: None,
                    tool: String::new(),
                    path: path.clone(),
                });
                self.files.len() - 1
            }
        };
        let fresh = known.is_none();
        let changed = &mut self.files[file];
        let before = if fresh { changed.before.clone() } else { Some(changed.now.clone()) };
        changed.now = match change {
            Call::Write(write) => write.text.clone(),
            Call::Edit(edit) => {
                let Some(text) = &before else { return Err(format!("{path}: there is no such file")) };
                files::replaced(text, edit)?
            }
            Call::List(_) | Call::Read(_) => return Err("it changes nothing".to_owned()),
        };
        Ok(Applied { path, file, before, edits })
    }

    fn read(&self, path: &Path) -> Result<Option<String>, String> {
        let Some(beneath) = &self.beneath else { return Err("the folder is gone".to_owned()) };
        match beneath.file(path) {
            Ok(_) => files::whole(beneath, path).map(Some),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("{}: {error}", path.display())),
        }
    }

    /// The change is to be decided about. All that one file goes through is one item.
    pub fn ask(&mut self, applied: &Applied, call: &ToolCall, why: String, risk: Risk) -> Asked {
        let items = self.files.iter().filter(|file| file.item.is_some()).count();
        let folder = seal::folder(&self.folder);
        let changed = &mut self.files[applied.file];
        let before = applied.before.as_ref().map(|text| seal::of_bytes(text.as_bytes()));
        let mut seal = Seal::default();
        seal.text(&folder);
        seal.text(&applied.path);
        seal.text(before.as_deref().unwrap_or("none"));
        seal.text(&seal::of_bytes(changed.now.as_bytes()));
        let seal = seal.close();
        changed.seals.push(seal.clone());
        changed.only_edited &= applied.edits;
        changed.tool.clone_from(&call.name);
        let item = *changed.item.get_or_insert(items);
        let worst = changed.why.take().filter(|(_, known)| *known >= risk);
        changed.why = Some(worst.unwrap_or((why, risk)));
        Asked { request: 0, item, seal, expected: Some(Expected { folder, before }) }
    }

    pub fn approval(self, program: &Program) -> Option<Approval> {
        let (folder, cwd) = (seal::real(&self.folder), &self.folder);
        let mut asked: Vec<Changed> = self.files.into_iter().filter(|file| file.item.is_some()).collect();
        asked.sort_by_key(|file| file.item);
        let (why, risk) = asked.iter().filter_map(|file| file.why.clone()).max_by_key(|(_, risk)| *risk)?;
        let mut room = LONGEST_DIFFS;
        let mut changes = Vec::with_capacity(asked.len());
        let mut items = Vec::with_capacity(asked.len());
        for file in &asked {
            let change = shown(file, room.min(LONGEST_DIFF));
            room = room.saturating_sub(change.diff.len());
            changes.push(change);
            let name = if file.only_edited { "edit_file" } else { "write_file" };
            let words = vec![name.to_owned(), file.path.clone()];
            let key = allow::key(Request::Words(&["write_file".to_owned(), file.path.clone()]), cwd);
            let mut seal = Seal::default();
            file.seals.iter().for_each(|one| seal.text(one));
            items.push(Item {
                path: Some(file.path.clone()),
                words,
                program: None,
                same: format!("{key} {}", seal::of_bytes(file.now.as_bytes())),
                key,
                programs: String::new(),
                seal: seal.close(),
                verdict: None,
            });
        }
        let nameable = |item: &Item| Rule::parse(0, Effect::Allow, &allow::spelled(&item.words)).is_ok();
        let names: Vec<&str> = asked.iter().map(|file| file.path.as_str()).collect();
        let covers = items.iter().all(nameable).then(|| format!("any change to {}", names.join(", ")));
        let tool = match asked.as_slice() {
            [only] => only.tool.clone(),
            _ => "write_file".to_owned(),
        };
        Some(Approval {
            ask: None,
            tool,
            why,
            risk,
            what: What::Files(changes),
            folder,
            items,
            covers,
            unattended: program.execution.unattended,
        })
    }
}

fn shown(file: &Changed, room: usize) -> FileChange {
    let (action, before) = match &file.before {
        None => (FileAction::Create, ""),
        Some(text) => (FileAction::Modify, text.as_str()),
    };
    let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(before, &file.now);
    let diff = diff.unified_diff().context_radius(3).header(&file.path, &file.path).to_string();
    // Line by line: in a diff, too, nothing may be hidden.
    let lines =
        diff.split('\n').map(|line| line.split('\t').map(allow::visible).collect::<Vec<_>>().join("\t"));
    let mut diff = lines.collect::<Vec<_>>().join("\n");
    let cut = diff.len() > room;
    if cut {
        let end = (0..=room).rev().find(|at| diff.is_char_boundary(*at)).unwrap_or_default();
        diff.truncate(end);
    }
    FileChange { path: file.path.clone(), action, diff, cut }
}

/// The path by its names alone; what leads elsewhere is refused by the tool as well.
fn plain(path: &Path) -> Result<String, String> {
    let mut names = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => names.push(name.to_string_lossy().into_owned()),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err(format!("{}: it lies outside of the folder", path.display()));
            }
        }
    }
    if names.is_empty() { Err("no file is named".to_owned()) } else { Ok(names.join("/")) }
}
