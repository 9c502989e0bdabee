//! Reports as HTML that is safe to show, whoever wrote them.

use std::collections::HashSet;

use ammonia::Builder;
use pulldown_cmark::{Event, Options, Parser, html};

/// Elements that text needs; nothing that loads, runs, frames or styles.
const TAGS: &[&str] = &[
    "a",
    "blockquote",
    "br",
    "code",
    "del",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "strong",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
];

/// The report read as Markdown. Raw HTML in it is shown as text; images are left out; links keep only web and mail
/// targets.
pub(crate) fn safe_html(report: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let events = Parser::new_ext(report, options).map(|event| match event {
        Event::Html(raw) | Event::InlineHtml(raw) => Event::Text(raw),
        other => other,
    });
    let mut page = String::with_capacity(report.len() * 3 / 2);
    html::push_html(&mut page, events);
    Builder::empty()
        .tags(HashSet::from_iter(TAGS.iter().copied()))
        .tag_attributes([("a", HashSet::from(["href"]))].into())
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(ammonia::UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer"))
        .clean(&page)
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_report_runs_or_loads() {
        let hostile = [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "![x](https://example.org/pixel.png)",
            "[x](javascript:alert(1))",
            "[x](data:text/html,hello)",
            "<iframe src='https://example.org'></iframe>",
            "<a href='https://example.org' onclick='x()' style='position:fixed'>x</a>",
            "<style>*{display:none}</style>",
            "[x](file:///etc/passwd)",
        ];
        for report in hostile {
            let page = safe_html(report);
            let tags: String = page.split('<').skip(1).filter_map(|rest| rest.split('>').next()).collect();
            for bad in
                ["script", "img", "iframe", "style", "onerror", "onclick", "javascript:", "data:", "file:"]
            {
                assert!(!tags.contains(bad), "{report} gave {page}");
            }
        }
    }

    #[test]
    fn ordinary_markdown_stays() {
        let page = safe_html(
            "# Title\n\n- **one**\n- `two`\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n[site](https://example.org)",
        );
        for part in [
            "<h1>Title</h1>",
            "<strong>one</strong>",
            "<code>two</code>",
            "<td>1</td>",
            "https://example.org",
        ] {
            assert!(page.contains(part), "{part} is not in {page}");
        }
    }
}
