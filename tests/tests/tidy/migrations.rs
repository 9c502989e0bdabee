//! A migration that somebody has run is history: it is never edited, only followed by another.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

/// `scripts` are name and text; `checksums` is `migrations/CHECKSUMS`; `store` is the source that lists them.
pub fn check(scripts: &[(&str, &str)], checksums: &str, store: &str) -> Vec<String> {
    let mut violations = Vec::new();
    let mut sorted = scripts.to_vec();
    sorted.sort_unstable();
    if sorted.is_empty() {
        violations.push("migrations/: there is none".to_owned());
    }
    let mut known: BTreeMap<&str, &str> =
        checksums.lines().filter_map(|line| line.split_once("  ")).map(|(sum, name)| (name, sum)).collect();
    for (index, (name, text)) in sorted.iter().enumerate() {
        if !name.starts_with(&format!("{:04}_", index + 1)) {
            violations.push(format!("migrations/{name}: is number {} of an unbroken row", index + 1));
        }
        let sum = checksum(text);
        match known.remove(name) {
            Some(recorded) if recorded == sum => {}
            Some(_) => violations.push(format!(
                "migrations/{name}: was changed. Write a new migration. Only if this one was never released, \
                 its line in CHECKSUMS becomes:\n{sum}  {name}"
            )),
            None => violations.push(format!("migrations/CHECKSUMS: add the line\n{sum}  {name}")),
        }
        if !store.contains(&format!("/migrations/{name}\")")) {
            violations.push(format!("errand-store: does not list migrations/{name}"));
        }
    }
    violations.extend(known.into_keys().map(|name| format!("migrations/{name}: was removed; it is history")));
    for name in included(store) {
        if !sorted.iter().any(|(script, _)| *script == name) {
            violations.push(format!("errand-store: lists {name}, which is not in migrations/"));
        }
    }
    violations
}

fn included(store: &str) -> impl Iterator<Item = &str> {
    store.split("include_str!(\"").skip(1).filter_map(|rest| {
        let (path, _) = rest.split_once('"')?;
        path.rsplit_once("/migrations/").map(|(_, name)| name)
    })
}

/// SHA-256, as `sha256sum` prints it.
fn checksum(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn history_cannot_be_rewritten() {
    let scripts = [("0001_a.sql", "CREATE"), ("0002_b.sql", "ALTER")];
    let sums: String = scripts.iter().map(|(name, text)| format!("{}  {name}\n", checksum(text))).collect();
    let store = "include_str!(\"../migrations/0001_a.sql\"), include_str!(\"../migrations/0002_b.sql\")";
    assert_eq!(check(&scripts, &sums, store).len(), 0);

    let changed = [scripts[0], ("0002_b.sql", "ALTER more")];
    assert!(check(&changed, &sums, store)[0].contains("was changed"));
    assert!(check(&scripts, "", store)[0].contains("add the line"));
    assert_eq!(check(&scripts[..1], &sums, store).len(), 2, "removed, but listed twice");
    assert!(check(&scripts, &sums, "")[0].contains("does not list"));
    let gap = [scripts[0], ("0003_b.sql", "ALTER")];
    assert!(check(&gap, &sums, store).iter().any(|line| line.contains("unbroken row")));
    assert_eq!(check(&[], "", "").len(), 1);
}

#[test]
fn the_checksum_is_the_well_known_one() {
    let of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(checksum(""), of_nothing);
}
