//! A tray menu as a tree of what a person reads.

use std::{collections::HashMap, fmt};

use zbus::zvariant::{OwnedValue, Structure, Value};

use crate::desktop::error::{DesktopError, Result};

/// One node as dbusmenu sends it: id, properties, children.
pub(super) type Layout = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);

/// The top level, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Menu {
    pub entries: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Given by the menu's owner, and another one after the menu has been built anew.
    pub id: i32,
    /// Without the underscore that marks the access key; empty for a separator.
    pub label: String,
    pub enabled: bool,
    pub visible: bool,
    /// Nothing for an entry that cannot be checked.
    pub checked: Option<bool>,
    pub separator: bool,
    pub entries: Vec<Entry>,
}

impl Menu {
    /// The entry at a path of labels, `["Needs you", "Which branch?", "main"]`.
    pub fn find(&self, path: &[&str]) -> Option<&Entry> {
        let (first, rest) = path.split_first()?;
        let top = self.entries.iter().find(|entry| entry.label == *first)?;
        rest.iter().try_fold(top, |entry, label| entry.entries.iter().find(|child| child.label == *label))
    }

    /// The labels of the top level, without separators and hidden entries.
    pub fn labels(&self) -> Vec<&str> {
        let seen = self.entries.iter().filter(|entry| entry.visible && !entry.separator);
        seen.map(|entry| entry.label.as_str()).collect()
    }

    pub(super) fn read(root: Layout) -> Result<Self> {
        Ok(Self { entries: Entry::read(root)?.entries })
    }

    pub(super) fn require(&self, path: &[&str]) -> Result<&Entry> {
        self.find(path).ok_or_else(|| DesktopError::Absent {
            what: format!("menu entry `{}`", path.join(" > ")),
            present: format!("this menu:\n{self}"),
        })
    }
}

impl Entry {
    fn read((id, properties, children): Layout) -> Result<Self> {
        let text = |name| properties.get(name).and_then(|value: &OwnedValue| <&str>::try_from(value).ok());
        // dbusmenu leaves out what has its default value: enabled, visible, not checkable.
        let flag = |name| properties.get(name).and_then(|value| bool::try_from(value).ok()).unwrap_or(true);
        let state = properties.get("toggle-state").and_then(|value| i32::try_from(value).ok());
        Ok(Self {
            id,
            label: without_access_key(text("label").unwrap_or_default()),
            enabled: flag("enabled"),
            visible: flag("visible"),
            checked: text("toggle-type").filter(|kind| !kind.is_empty()).map(|_| state == Some(1)),
            separator: text("type") == Some("separator"),
            entries: children.into_iter().map(Self::read_child).collect::<Result<_>>()?,
        })
    }

    fn read_child(value: OwnedValue) -> Result<Self> {
        let value = match Value::from(value) {
            Value::Value(inner) => *inner,
            value => value,
        };
        Self::read(Layout::try_from(Structure::try_from(value)?)?)
    }

    fn write(&self, depth: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.visible {
            return Ok(());
        }
        let label = if self.separator { "---" } else { &self.label };
        let check = match self.checked {
            Some(true) => "[x] ",
            Some(false) => "[ ] ",
            None => "",
        };
        let off = if self.enabled || self.separator { "" } else { " (off)" };
        writeln!(f, "{:depth$}{check}{label}{off}", "", depth = depth * 2)?;
        self.entries.iter().try_for_each(|entry| entry.write(depth + 1, f))
    }
}

/// As a person sees it: indented, `[x]` for checked, `(off)` for disabled.
impl fmt::Display for Menu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.entries.iter().try_for_each(|entry| entry.write(0, f))
    }
}

/// `_Quit` reads "Quit"; a doubled underscore is one that is meant.
fn without_access_key(label: &str) -> String {
    label.split("__").map(|part| part.replace('_', "")).collect::<Vec<_>>().join("_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(id: i32, properties: &[(&str, Value<'_>)], children: Vec<Layout>) -> Layout {
        let properties =
            properties.iter().map(|(name, value)| ((*name).to_owned(), value.try_to_owned().unwrap()));
        let children =
            children.into_iter().map(|child| Value::from(Structure::from(child)).try_into().unwrap());
        (id, properties.collect(), children.collect())
    }

    #[test]
    fn a_menu_reads_as_a_person_sees_it() {
        let question = node(4, &[("label", Value::from("ma__in"))], vec![]);
        let menu = Menu::read(node(
            0,
            &[],
            vec![
                node(1, &[("label", Value::from("_Idle")), ("enabled", Value::from(false))], vec![]),
                node(2, &[("type", Value::from("separator"))], vec![]),
                node(3, &[("label", Value::from("Needs you"))], vec![question]),
                node(
                    5,
                    &[
                        ("label", Value::from("Pause all")),
                        ("toggle-type", Value::from("checkmark")),
                        ("toggle-state", Value::from(1)),
                    ],
                    vec![],
                ),
                node(6, &[("label", Value::from("Hidden")), ("visible", Value::from(false))], vec![]),
            ],
        ))
        .unwrap();
        assert_eq!(menu.to_string(), "Idle (off)\n---\nNeeds you\n  ma_in\n[x] Pause all\n");
        assert_eq!(menu.labels(), ["Idle", "Needs you", "Pause all"]);
        assert_eq!(menu.find(&["Needs you", "ma_in"]).map(|entry| entry.id), Some(4));
        assert!(menu.find(&["Needs you", "other"]).is_none());
        assert!(menu.find(&[]).is_none());
    }
}
