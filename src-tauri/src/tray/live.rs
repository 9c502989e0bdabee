//! The menu that exists, brought to what it should be by the smallest changes: an open menu keeps its entries,
//! and an entry keeps its meaning for as long as it exists.

use tauri::menu::{IsMenuItem, Menu, MenuItem, PredefinedMenuItem, Submenu};
use tauri::{AppHandle, Wry};

use super::picture::{Entry, Kind};

#[derive(Debug)]
pub struct Live {
    key: String,
    text: String,
    item: Item,
}

enum Item {
    Words(MenuItem<Wry>),
    Button(MenuItem<Wry>),
    Line(PredefinedMenuItem<Wry>),
    Menu(Submenu<Wry>, Vec<Live>),
}

impl std::fmt::Debug for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Item::Words(_) => "Words",
            Item::Button(_) => "Button",
            Item::Line(_) => "Line",
            Item::Menu(..) => "Menu",
        })
    }
}

impl Live {
    fn new(app: &AppHandle, entry: &Entry) -> tauri::Result<Live> {
        let item = match &entry.kind {
            Kind::Words => Item::Words(MenuItem::with_id(app, &entry.key, &entry.text, false, None::<&str>)?),
            Kind::Button => {
                Item::Button(MenuItem::with_id(app, &entry.key, &entry.text, true, None::<&str>)?)
            }
            Kind::Line => Item::Line(PredefinedMenuItem::separator(app)?),
            Kind::Menu(children) => {
                let menu = Submenu::with_id(app, &entry.key, &entry.text, true)?;
                let mut live = Vec::new();
                bring(app, &menu, &mut live, children)?;
                Item::Menu(menu, live)
            }
        };
        Ok(Live { key: entry.key.clone(), text: entry.text.clone(), item })
    }

    fn is(&self, entry: &Entry) -> bool {
        let kind = matches!(
            (&self.item, &entry.kind),
            (Item::Words(_), Kind::Words)
                | (Item::Button(_), Kind::Button)
                | (Item::Line(_), Kind::Line)
                | (Item::Menu(..), Kind::Menu(_))
        );
        kind && self.key == entry.key
    }

    fn update(&mut self, app: &AppHandle, entry: &Entry) -> tauri::Result<()> {
        let renamed = self.text != entry.text;
        match (&mut self.item, &entry.kind) {
            (Item::Words(item) | Item::Button(item), _) if renamed => item.set_text(&entry.text)?,
            (Item::Menu(menu, live), Kind::Menu(children)) => {
                if renamed {
                    menu.set_text(&entry.text)?;
                }
                bring(app, menu, live, children)?;
            }
            _ => {}
        }
        self.text.clone_from(&entry.text);
        Ok(())
    }

    fn as_item(&self) -> &dyn IsMenuItem<Wry> {
        match &self.item {
            Item::Words(item) | Item::Button(item) => item,
            Item::Line(line) => line,
            Item::Menu(menu, _) => menu,
        }
    }
}

/// What holds entries: the menu itself or one below it.
pub trait Parent {
    fn put(&self, item: &dyn IsMenuItem<Wry>, at: usize) -> tauri::Result<()>;
    fn take(&self, item: &dyn IsMenuItem<Wry>) -> tauri::Result<()>;
}

impl Parent for Menu<Wry> {
    fn put(&self, item: &dyn IsMenuItem<Wry>, at: usize) -> tauri::Result<()> {
        self.insert(item, at)
    }

    fn take(&self, item: &dyn IsMenuItem<Wry>) -> tauri::Result<()> {
        self.remove(item)
    }
}

impl Parent for Submenu<Wry> {
    fn put(&self, item: &dyn IsMenuItem<Wry>, at: usize) -> tauri::Result<()> {
        self.insert(item, at)
    }

    fn take(&self, item: &dyn IsMenuItem<Wry>) -> tauri::Result<()> {
        self.remove(item)
    }
}

/// Makes `live` show `wanted`. Keys are unique among siblings.
pub fn bring(
    app: &AppHandle,
    parent: &dyn Parent,
    live: &mut Vec<Live>,
    wanted: &[Entry],
) -> tauri::Result<()> {
    let mut at = 0;
    while at < live.len() {
        if wanted.iter().any(|entry| live[at].is(entry)) {
            at += 1;
        } else {
            parent.take(live.remove(at).as_item())?;
        }
    }
    for (at, entry) in wanted.iter().enumerate() {
        match live.iter().position(|it| it.is(entry)) {
            Some(found) => {
                if found != at {
                    let moved = live.remove(found);
                    parent.take(moved.as_item())?;
                    parent.put(moved.as_item(), at)?;
                    live.insert(at, moved);
                }
                live[at].update(app, entry)?;
            }
            None => {
                let new = Live::new(app, entry)?;
                parent.put(new.as_item(), at)?;
                live.insert(at, new);
            }
        }
    }
    Ok(())
}
