//! One crate for each job, and no trace of where the packages were fetched from.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

/// Two of one row in a program are two of everything they bring: threads, certificates, bugs.
const ONE_OF: &[(&str, &[&str])] = &[
    ("async runtime", &["tokio", "async-std", "async-executor", "smol"]),
    ("TLS", &["rustls", "native-tls", "boring"]),
];

/// A second version of these would not understand the first one's types.
const ONE_VERSION: &[&str] = &["zbus", "zvariant", "tokio", "rusqlite", "jiff", "tauri"];

const PUBLIC: &str = "registry+https://github.com/rust-lang/crates.io-index";

fn packages(lock: &str) -> Vec<(String, String, Option<String>)> {
    let lock: Table = lock.parse().unwrap_or_default();
    let entries = lock.get("package").and_then(Value::as_array).cloned().unwrap_or_default();
    let text = |entry: &Value, key: &str| entry.get(key).and_then(Value::as_str).map(str::to_owned);
    let read = |entry: &Value| Some((text(entry, "name")?, text(entry, "version")?, text(entry, "source")));
    entries.iter().filter_map(read).collect()
}

pub fn check(lock: &str) -> Vec<String> {
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, version, _) in packages(lock) {
        versions.entry(name).or_default().insert(version);
    }
    let mut violations = Vec::new();
    if versions.is_empty() {
        violations.push("Cargo.lock lists nothing".to_owned());
    }
    for (job, names) in ONE_OF {
        let used: Vec<_> = names.iter().filter(|name| versions.contains_key(**name)).collect();
        if used.len() > 1 {
            violations
                .push(format!("{used:?}: one for {job} is enough; `cargo tree --invert` says who brings it"));
        }
    }
    for name in ONE_VERSION {
        if let Some(found) = versions.get(*name).filter(|found| found.len() > 1) {
            violations.push(format!("{name} is there in versions {found:?}; one is enough"));
        }
    }
    violations
}

/// A lock file or setting that names a registry would send everyone to that one.
pub fn check_cargo(config: &str, lock: &str) -> Vec<String> {
    let foreign = |(name, _, source): (String, String, Option<String>)| {
        let source = source.filter(|source| source != PUBLIC)?;
        Some(format!("Cargo.lock: {name} comes from {source}"))
    };
    let mut violations: Vec<_> = packages(lock).into_iter().filter_map(foreign).collect();
    let config: Table = config.parse().unwrap_or_default();
    for key in ["source", "registry", "registries"] {
        if config.contains_key(key) {
            violations.push(format!(".cargo/config.toml: `{key}` belongs into a person's own configuration"));
        }
    }
    violations
}

pub fn check_npm(npmrc: &str, lock: &str) -> Vec<String> {
    let mut violations = Vec::new();
    if !npmrc.lines().any(|line| line.replace(' ', "") == "omit-lockfile-registry-resolved=true") {
        violations.push("ui/.npmrc: needs `omit-lockfile-registry-resolved=true`".to_owned());
    }
    if npmrc.contains("registry=") || npmrc.contains("//") {
        violations.push("ui/.npmrc: a registry belongs into a person's own configuration".to_owned());
    }
    if !lock.contains("lockfileVersion") {
        violations.push("ui/package-lock.json: is not checked in".to_owned());
    }
    if lock.contains("\"resolved\": \"http") {
        violations
            .push("ui/package-lock.json: names a registry; write it anew with ui/.npmrc in place".to_owned());
    }
    violations
}

#[test]
fn a_second_of_one_kind_is_found() {
    let entry =
        |name: &str, version: &str| format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n");
    let good = entry("zbus", "5.19.0") + &entry("tokio", "1.54.0") + &entry("rustls", "0.23.0");
    assert_eq!(check(&good).len(), 0);
    assert_eq!(check(&(good.clone() + &entry("zbus", "6.2.1"))).len(), 1);
    assert_eq!(check(&(good.clone() + &entry("async-executor", "1.0.0"))).len(), 1);
    assert_eq!(check(&(good + &entry("native-tls", "0.2.0"))).len(), 1);
    assert_eq!(check("").len(), 1);
}

#[test]
fn a_registry_is_found() {
    let lock = |source: &str| format!("[[package]]\nname = \"a\"\nversion = \"1\"\nsource = \"{source}\"\n");
    assert_eq!(check_cargo("[alias]\n", &lock(PUBLIC)).len(), 0);
    assert_eq!(check_cargo("", &lock("registry+https://mirror.example/index")).len(), 1);
    assert_eq!(check_cargo("[source.crates-io]\nreplace-with = \"mirror\"\n", "").len(), 1);

    let (npmrc, lock) = ("omit-lockfile-registry-resolved=true\n", "\"lockfileVersion\": 3");
    assert_eq!(check_npm(npmrc, lock).len(), 0);
    assert_eq!(check_npm("", lock).len(), 1);
    assert_eq!(check_npm(&format!("{npmrc}registry=https://mirror.example/\n"), lock).len(), 1);
    assert_eq!(check_npm(npmrc, "").len(), 1);
    assert_eq!(check_npm(npmrc, &format!("{lock} \"resolved\": \"https://mirror.example/a.tgz\"")).len(), 1);
}
