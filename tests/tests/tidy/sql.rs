//! The state of a task is written in one file, where the row it was read from stands in the WHERE clause.

use crate::tree::File;

const HOME: &[&str] = &["src-tauri/crates/errand-store/src/table/task.rs", "migrations/"];

pub fn check(file: &File) -> Vec<String> {
    let code = matches!(file.extension(), "rs" | "sql");
    if !code || file.is_tidy_itself() || HOME.iter().any(|home| file.path.starts_with(home)) {
        return Vec::new();
    }
    let found = file.lines_where(writes_task).into_iter();
    found.map(|line| format!("{}:{line}: writes table task; only {} does", file.path, HOME[0])).collect()
}

/// SQL is written in capitals here, so that prose about "update task" is none.
fn writes_task(line: &str) -> bool {
    ["UPDATE task", "INTO task", "UPDATE OR FAIL task", "UPDATE OR ABORT task"].iter().any(|verb| {
        let mut rest = line;
        while let Some((_, after)) = rest.split_once(verb) {
            // `task_label` is another table.
            if !after.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_') {
                return true;
            }
            rest = after;
        }
        false
    })
}

#[test]
fn a_second_writer_is_found() {
    let file = |path: &str, line: &str| check(&File::new(path, line)).len();
    assert_eq!(file("src-tauri/crates/errand-engine/src/a.rs", "\"UPDATE task SET state = ?1\""), 1);
    assert_eq!(file("src-tauri/crates/errand-store/src/table/run.rs", "INSERT INTO task(id)"), 1);
    assert_eq!(file("src-tauri/crates/errand-store/src/table/run.rs", "INSERT OR REPLACE INTO task"), 1);
    assert_eq!(file("src-tauri/crates/errand-store/src/table/run.rs", "INSERT INTO task_label"), 0);
    assert_eq!(file("src-tauri/crates/errand-store/src/table/run.rs", "// update task"), 0);
    assert_eq!(file("src-tauri/crates/errand-store/src/table/task.rs", "UPDATE task SET"), 0);
    assert_eq!(file("migrations/0002_b.sql", "UPDATE task SET"), 0);
}
