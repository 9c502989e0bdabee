//! Makes texts from anywhere safe to show in a banner.

/// More than any desktop shows.
const LONGEST: usize = 400;

/// A title or a label: one line without tricks.
pub fn one_line(text: &str) -> String {
    shorten(text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| visible(*c)))
}

/// A body, with its line breaks. `markup` says that the service reads tags; then they are shown, not obeyed.
pub fn body(text: &str, markup: bool) -> String {
    let plain = shorten(text.chars().filter(|c| *c == '\n' || visible(*c)));
    if !markup {
        return plain;
    }
    plain.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn shorten(text: impl Iterator<Item = char>) -> String {
    let mut text = text.skip_while(|c| c.is_whitespace());
    let mut short: String = text.by_ref().take(LONGEST).collect();
    if text.next().is_some() {
        short.pop();
        short.push('…');
    }
    short.truncate(short.trim_end().len());
    short
}

/// False for what could hide or reorder the text around it: control characters, direction marks, overrides and
/// isolates, zero-width characters, invisible operators and tags.
fn visible(c: char) -> bool {
    !c.is_control()
        && !matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hides_or_reorders() {
        assert_eq!(one_line("  rm\u{202e} -rf\u{2066}\u{200b}\u{7}\r\nx\u{1b}[1m "), "rm -rf  x[1m");
        assert_eq!(body("a\tb\u{feff}\nc\u{0}", false), "ab\nc");
        assert_eq!(body("Grüße 日本 👍", true), "Grüße 日本 👍");
    }

    #[test]
    fn tags_are_shown_where_they_would_be_obeyed() {
        assert_eq!(body("<b>a</b> & b", true), "&lt;b&gt;a&lt;/b&gt; &amp; b");
        assert_eq!(body("<b>", false), "<b>");
    }

    #[test]
    fn the_cut_never_goes_through_an_escape() {
        let long = body(&"<".repeat(1_000), true);
        assert_eq!(long, format!("{}…", "&lt;".repeat(LONGEST - 1)));
        assert_eq!(body(&"x".repeat(LONGEST), true).len(), LONGEST);
    }
}
