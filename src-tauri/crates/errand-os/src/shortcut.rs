//! A key that works everywhere on the desktop, as a person writes it down: `Ctrl+Alt+E`.

use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortcut {
    pub ctrl: bool,
    pub alt: bool,
    pub shift: bool,
    /// The key with the logo on it.
    pub logo: bool,
    pub key: Key,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// `A` to `Z` or `0` to `9`.
    Letter(char),
    /// 1 to 12.
    Function(u8),
    Space,
}

impl Shortcut {
    /// In words, what it takes, if this is none. A letter alone is none: nobody could type it any more.
    pub fn parse(typed: &str) -> Result<Shortcut, String> {
        let none = || "off, or keys such as Ctrl+Alt+E: Ctrl, Alt, Shift or Super, and a letter, digit, F-key or Space";
        let mut parts: Vec<&str> = typed.split('+').map(str::trim).collect();
        let last = parts.pop().unwrap_or_default();
        let key = Key::parse(last).ok_or_else(none)?;
        let mut shortcut = Shortcut { ctrl: false, alt: false, shift: false, logo: false, key };
        for part in parts {
            let held = match part.to_ascii_lowercase().as_str() {
                "ctrl" | "control" => &mut shortcut.ctrl,
                "alt" => &mut shortcut.alt,
                "shift" => &mut shortcut.shift,
                "super" | "meta" => &mut shortcut.logo,
                _ => return Err(none().to_owned()),
            };
            if std::mem::replace(held, true) {
                return Err(none().to_owned());
            }
        }
        let held = shortcut.ctrl || shortcut.alt || shortcut.logo;
        if held || matches!(key, Key::Function(_)) { Ok(shortcut) } else { Err(none().to_owned()) }
    }
}

impl Key {
    fn parse(name: &str) -> Option<Key> {
        let mut letters = name.chars();
        match (letters.next(), letters.as_str()) {
            (Some(letter), "") if letter.is_ascii_alphanumeric() => {
                Some(Key::Letter(letter.to_ascii_uppercase()))
            }
            _ if name.eq_ignore_ascii_case("space") => Some(Key::Space),
            (Some('f' | 'F'), number) if !number.starts_with(['0', '+']) => {
                number.parse().ok().filter(|number| (1..=12).contains(number)).map(Key::Function)
            }
            _ => None,
        }
    }
}

impl fmt::Display for Shortcut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = [(self.ctrl, "Ctrl"), (self.alt, "Alt"), (self.shift, "Shift"), (self.logo, "Super")];
        for (_, name) in held.iter().filter(|(held, _)| *held) {
            write!(f, "{name}+")?;
        }
        match self.key {
            Key::Letter(letter) => write!(f, "{letter}"),
            Key::Function(number) => write!(f, "F{number}"),
            Key::Space => f.write_str("Space"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_written_in_any_order_and_said_in_one() {
        for (typed, said) in [
            ("ctrl+alt+e", "Ctrl+Alt+E"),
            (" Alt + Control + 7 ", "Ctrl+Alt+7"),
            ("Shift+Super+space", "Shift+Super+Space"),
            ("F12", "F12"),
            ("meta+f1", "Super+F1"),
        ] {
            assert_eq!(Shortcut::parse(typed).unwrap().to_string(), said);
        }
        for typed in [
            "",
            "e",
            "Shift+E",
            "Ctrl",
            "Ctrl+",
            "Ctrl+Ctrl+E",
            "Ctrl+F13",
            "F0",
            "F01",
            "Hyper+E",
            "Ctrl+ä",
            "Ctrl+EE",
            "+",
        ] {
            assert!(Shortcut::parse(typed).is_err(), "{typed}");
        }
    }
}
