//! Aligned columns that fit.

use anstyle::Style;

use super::{Look, QUIET, clean, clip, columns, paint};

const GAP: usize = 2;

#[derive(Debug)]
pub struct Column {
    pub title: &'static str,
    /// May be cut when the terminal is narrow; the others are kept whole as long as they fit at all.
    pub flexible: bool,
}

#[derive(Debug)]
pub struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    pub fn new(text: &str) -> Cell {
        Cell { text: clean(text), style: Style::new() }
    }

    pub fn styled(text: &str, style: Style) -> Cell {
        Cell { text: clean(text), style }
    }
}

/// On a terminal with a heading; elsewhere only the rows, so that a script counts what it asked for.
pub fn table(titles: &[Column], rows: &[Vec<Cell>], look: Look) -> String {
    let heading = look.width.is_some();
    let natural: Vec<usize> = titles
        .iter()
        .enumerate()
        .map(|(n, column)| {
            let cells = rows.iter().filter_map(|row| row.get(n)).map(|cell| columns(&cell.text));
            cells.max().unwrap_or(0).max(if heading { columns(column.title) } else { 0 })
        })
        .collect();
    let widths = match look.width {
        Some(width) => fit(titles, &natural, width),
        None => natural,
    };
    let mut out = String::new();
    if heading {
        let cells: Vec<Cell> = titles.iter().map(|column| Cell::styled(column.title, QUIET)).collect();
        push_row(&mut out, &cells, &widths, look);
    }
    for row in rows {
        push_row(&mut out, row, &widths, look);
    }
    out
}

fn push_row(out: &mut String, row: &[Cell], widths: &[usize], look: Look) {
    let mut line = String::new();
    let mut blank = 0;
    for (cell, width) in row.iter().zip(widths) {
        if *width == 0 {
            continue;
        }
        let text = clip(&cell.text, *width);
        if !text.is_empty() {
            // Blanks are owed until something follows, so that no line ends in them.
            line.push_str(&" ".repeat(blank));
            blank = 0;
            line.push_str(&paint(look, cell.style, &text));
        }
        blank += width.saturating_sub(columns(&text)) + GAP;
    }
    out.push_str(&line);
    out.push('\n');
}

/// Shares what the fixed columns leave: a short flexible column keeps its width, the long ones share evenly.
fn fit(titles: &[Column], natural: &[usize], width: usize) -> Vec<usize> {
    let mut left = width;
    let mut widths = vec![0; natural.len()];
    let gap = |n: usize| if n == 0 { 0 } else { GAP };
    for (n, wanted) in natural.iter().enumerate().filter(|(n, _)| !titles[*n].flexible) {
        widths[n] = (*wanted).min(left.saturating_sub(gap(n)));
        left = left.saturating_sub(widths[n] + gap(n));
    }
    let mut open: Vec<usize> =
        (0..natural.len()).filter(|n| titles[*n].flexible && natural[*n] > 0).collect();
    open.sort_by_key(|n| natural[*n]);
    let mut sharing = open.len();
    for n in open {
        let share = (left / sharing).saturating_sub(gap(n));
        widths[n] = natural[n].min(share);
        left = left.saturating_sub(widths[n] + gap(n));
        sharing -= 1;
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(look: Look) -> String {
        let titles = [
            Column { title: "TASK", flexible: false },
            Column { title: "TITLE", flexible: true },
            Column { title: "OUTCOME", flexible: true },
        ];
        let rows = vec![
            vec![
                Cell::new("bold-falcon-427"),
                Cell::new("Build"),
                Cell::new("all 214 tests passed in 38 seconds"),
            ],
            vec![Cell::new("shy-yak-100"), Cell::new("日本語のタイトル"), Cell::new("")],
        ];
        table(&titles, &rows, look)
    }

    #[test]
    fn a_terminal_gets_a_heading_and_nothing_wider_than_itself() {
        let text = sample(Look { colour: false, width: Some(50) });
        let expected = "\
TASK             TITLE            OUTCOME
bold-falcon-427  Build            all 214 tests p…
shy-yak-100      日本語のタイト…
";
        assert_eq!(text, expected);
        for width in 0..90 {
            let text = sample(Look { colour: false, width: Some(width) });
            assert!(text.lines().all(|line| columns(line) <= width), "{width}: {text}");
        }
    }

    #[test]
    fn elsewhere_everything_is_whole_and_without_heading() {
        let expected = "\
bold-falcon-427  Build             all 214 tests passed in 38 seconds
shy-yak-100      日本語のタイトル
";
        assert_eq!(sample(Look::PLAIN), expected);
    }

    #[test]
    fn colour_does_not_move_a_column() {
        let titles = [Column { title: "A", flexible: false }, Column { title: "B", flexible: true }];
        let rows = vec![vec![Cell::styled("ok", super::super::GOOD), Cell::new("x\u{1b}[31m")]];
        let text = table(&titles, &rows, Look { colour: true, width: None });
        assert!(text.ends_with("ok\u{1b}[0m  x[31m\n"), "{text:?}");
    }
}
