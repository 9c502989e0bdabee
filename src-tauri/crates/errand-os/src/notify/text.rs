//! Makes texts from anywhere safe to show in a banner.
//!
//! Whoever builds a banner uses [`line`] for each part that somebody else wrote, so that only its own line ends
//! stand in it. What implements a notifier cleans the whole once more.

/// How long a title may be. More is cut differently by every desktop, if it fits at all.
pub const TITLE: usize = 60;
/// How long a body may be, line ends included.
pub const BODY: usize = 240;
const LABEL: usize = 40;
/// Accents on one letter. Real words have two at most; a heap of them covers the lines around it.
const ACCENTS: u32 = 2;

/// A text from anywhere as one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub text: String,
    /// Nothing was cut and nothing was hidden in it: what is shown is all there is.
    pub whole: bool,
}

/// At most `most` characters in one line, without markup tricks, control or direction characters.
pub fn line(text: &str, most: usize) -> Line {
    let mut whole = true;
    let mut out = String::new();
    let mut accents = 0;
    for c in text.chars() {
        if c.is_whitespace() {
            accents = 0;
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
            continue;
        }
        accents = if is_accent(c) { accents + 1 } else { 0 };
        if !visible(c) || accents > ACCENTS || (accents > 0 && (out.is_empty() || out.ends_with(' '))) {
            whole = false;
        } else {
            out.push(c);
        }
    }
    out.truncate(out.trim_end().len());
    let cut = shorten(&out, most);
    Line { whole: whole && cut == out, text: cut }
}

pub(super) fn title(text: &str) -> String {
    line(text, TITLE).text
}

pub(super) fn label(text: &str) -> String {
    line(text, LABEL).text
}

/// A body, with its line breaks. `markup` says that the service reads tags; then they are shown, not obeyed.
pub(super) fn body(text: &str, markup: bool) -> String {
    let lines: Vec<String> =
        text.split('\n').map(|text| line(text, BODY).text).filter(|line| !line.is_empty()).collect();
    let plain = shorten(&lines.join("\n"), BODY);
    if !markup {
        return plain;
    }
    plain.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most.saturating_sub(1)).collect();
    short.truncate(short.trim_end().len());
    short + "…"
}

/// False for what could hide or reorder the text around it: control characters, direction marks, overrides and
/// isolates, zero-width characters, variation selectors, invisible operators and tags.
fn visible(c: char) -> bool {
    !c.is_control()
        && !matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fe00}'..='\u{fe0e}' | '\u{2800}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

fn is_accent(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes in, what is shown of it, and whether that is all.
    const HOSTILE: &[(&str, &str, bool)] = &[
        ("plain words", "plain words", true),
        ("  rm  -rf /  ", "rm -rf /", true),
        ("two\nlines", "two lines", true),
        ("next\u{85}line\u{2028}and\u{2029}more\u{b}\u{c}", "next line and more", true),
        ("a\r\nErrand asks in calm-owl-100", "a Errand asks in calm-owl-100", true),
        ("rm\u{202e} -rf", "rm -rf", false),
        ("\u{2066}isolated\u{2069}", "isolated", false),
        ("zero\u{200b}width\u{feff}", "zerowidth", false),
        ("soft\u{ad}hyphen", "softhyphen", false),
        ("tag\u{e0041}s", "tags", false),
        ("variation\u{fe01}", "variation", false),
        ("braille\u{2800}blank", "brailleblank", false),
        ("x\u{1b}[1m\u{7}\u{0}", "x[1m", false),
        ("e\u{301}te\u{301}", "e\u{301}te\u{301}", true),
        ("Z\u{300}\u{301}\u{302}\u{303}\u{304}go", "Z\u{300}\u{301}go", false),
        ("\u{301}alone", "alone", false),
        ("<b>bold</b> & co", "<b>bold</b> & co", true),
        ("Grüße 日本 👍 שלום", "Grüße 日本 👍 שלום", true),
        ("\n\n\u{200b}", "", false),
        ("", "", true),
    ];

    #[test]
    fn nothing_hides_reorders_or_begins_a_line_of_its_own() {
        for (text, shown, whole) in HOSTILE {
            assert_eq!(line(text, 200), Line { text: (*shown).into(), whole: *whole }, "{text:?}");
            assert_eq!(title(text), *shown, "{text:?}");
        }
        assert_eq!(body("a\tb\u{feff}\n\n\u{200b}\nc\u{0}", false), "a b\nc");
        assert_eq!(body("Grüße 日本 👍", true), "Grüße 日本 👍");
    }

    #[test]
    fn tags_are_shown_where_they_would_be_obeyed() {
        assert_eq!(body("<b>a</b> & b", true), "&lt;b&gt;a&lt;/b&gt; &amp; b");
        assert_eq!(body("<b>", false), "<b>");
    }

    #[test]
    fn what_is_too_long_is_cut_and_says_so() {
        let long = "x".repeat(4_000);
        assert_eq!(line(&long, 5), Line { text: "xxxx…".into(), whole: false });
        assert_eq!(line("xxxxx", 5), Line { text: "xxxxx".into(), whole: true });
        assert_eq!(line("four words are here", 11).text, "four words…");
        assert_eq!((title(&long).chars().count(), label(&long).chars().count()), (TITLE, LABEL));
        assert_eq!(body(&long, false).chars().count(), BODY);
        // Never through an escape.
        assert_eq!(body(&"<".repeat(1_000), true), format!("{}…", "&lt;".repeat(BODY - 1)));
    }
}
