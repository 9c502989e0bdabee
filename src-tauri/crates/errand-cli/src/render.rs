//! Text for people. Nothing here prints, asks the clock or looks at the terminal: all of that is an argument.

pub mod card;
pub mod deliveries;
pub mod inbox;
pub mod isolation;
pub mod list;
pub mod progress;
pub mod state;
pub mod table;
pub mod time;
pub mod timeline;

use anstyle::{AnsiColor, Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How the place looks that the text goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    pub colour: bool,
    /// `None`: not a terminal, so nothing is cut.
    pub width: Option<usize>,
}

impl Look {
    pub const PLAIN: Look = Look { colour: false, width: None };
}

pub const QUIET: Style = Style::new().dimmed();
pub const STRONG: Style = Style::new().bold();
pub const GOOD: Style = AnsiColor::Green.on_default();
pub const BUSY: Style = AnsiColor::Cyan.on_default();
pub const ASKS: Style = AnsiColor::Yellow.on_default().bold();
pub const ALARM: Style = AnsiColor::Red.on_default();

pub fn paint(look: Look, style: Style, text: &str) -> String {
    if look.colour && !text.is_empty() { format!("{style}{text}{style:#}") } else { text.to_owned() }
}

/// What task output must never do to a terminal: move, colour, ring, or turn the direction of writing.
/// The engine has removed such things already; this is the second wall.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// One line: breaks and tabs become spaces, the rest of the unsafe characters go.
pub fn clean(text: &str) -> String {
    text.chars()
        .filter_map(|c| match c {
            '\n' | '\t' | '\u{2028}' | '\u{2029}' => Some(' '),
            c if is_unsafe(c) => None,
            c => Some(c),
        })
        .collect()
}

/// Several lines: breaks and tabs stay.
pub fn clean_block(text: &str) -> String {
    text.chars().filter(|c| matches!(c, '\n' | '\t') || !is_unsafe(*c)).collect()
}

/// Output of a task for standard output: harmless on a terminal, untouched in a file or a pipe, where it is data.
pub fn output_for(text: &str, look: Look) -> String {
    if look.width.is_some() { clean_block(text) } else { text.to_owned() }
}

pub fn columns(text: &str) -> usize {
    text.width()
}

/// At most `width` columns, with `…` where something was left out.
pub fn clip(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let room = width.saturating_sub(1);
    let mut used = 0;
    let kept: String = text
        .chars()
        .take_while(|c| {
            used += c.width().unwrap_or(0);
            used <= room
        })
        .collect();
    // A joiner at the cut would swallow the sign that says that something is missing.
    let kept = kept.trim_end_matches(['\u{200d}', '\u{fe0f}', ' ']);
    if width == 0 { String::new() } else { format!("{kept}…") }
}

pub fn clip_to(text: &str, look: Look) -> String {
    match look.width {
        Some(width) => clip(text, width),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_the_terminal_that_it_would_obey() {
        let nasty = "a\u{1b}[2J\u{9b}1m\u{7}\rb\u{202e}c\u{200f}\nd\te\u{0}\u{7f}";
        assert_eq!(clean(nasty), "a[2J1mbc d e");
        assert_eq!(clean_block(nasty), "a[2J1mbc\nd\te");
        assert_eq!(output_for(nasty, Look::PLAIN), nasty);
    }

    #[test]
    fn clipping_counts_columns_and_never_splits_a_letter() {
        assert_eq!(clip("short", 5), "short");
        assert_eq!(clip("longer", 5), "long…");
        assert_eq!(clip("日本語です", 6), "日本…");
        assert_eq!(clip("日本語です", 5), "日本…");
        assert_eq!(clip("e\u{301}e\u{301}e\u{301}", 2), "e\u{301}…");
        assert_eq!(clip("👩\u{200d}👩\u{200d}👧 family", 4), "👩…", "no joiner is left to swallow the sign");
        assert_eq!(["ab", "ab", "ab"].map(|text| clip(text, 1)), ["…", "…", "…"]);
        assert_eq!(clip("ab", 0), "");
        for width in 0..20 {
            assert!(columns(&clip("größe 日本語 und noch viel mehr", width)) <= width, "{width}");
        }
    }

    #[test]
    fn colour_is_only_added_where_it_is_wanted() {
        assert_eq!(paint(Look::PLAIN, GOOD, "x"), "x");
        assert!(paint(Look { colour: true, width: None }, GOOD, "x").contains("\u{1b}["));
    }
}
