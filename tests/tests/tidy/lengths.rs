//! A file can be read in one sitting.

use crate::tree::File;

const AIM: usize = 400;
const LIMIT: usize = 800;

/// Those above the aim, and those above the limit.
pub fn check(files: &[File]) -> (Vec<String>, Vec<String>) {
    let counted = files.iter().filter(|file| {
        matches!(file.extension(), "rs" | "ts" | "svelte" | "css") && !file.path.contains("/generated/")
    });
    let lengths: Vec<_> = counted.map(|file| (file, file.text.lines().count())).collect();
    let above = |limit: usize| {
        let long = lengths.iter().filter(move |(_, lines)| *lines > limit);
        long.map(|(file, lines)| format!("{}: {lines} lines, aim below {AIM}: split it", file.path)).collect()
    };
    (above(AIM), above(LIMIT))
}

#[test]
fn a_long_file_is_found() {
    let lines = |count: usize| "x\n".repeat(count);
    let files = [
        File::new("a.rs", &lines(AIM)),
        File::new("b.svelte", &lines(AIM + 1)),
        File::new("c.css", &lines(LIMIT + 1)),
        File::new("ui/src/generated/d.ts", &lines(LIMIT + 1)),
        File::new("e.lock", &lines(LIMIT + 1)),
    ];
    let (long, too_long) = check(&files);
    assert_eq!(long.len(), 2);
    assert_eq!(too_long.len(), 1);
    assert!(too_long[0].starts_with("c.css: 801"));
}
