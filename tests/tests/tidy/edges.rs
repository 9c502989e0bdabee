//! Which crate may use which.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

/// The numbered table of the architecture. A crate that is not in it may use everything: the tests.
const LAYERS: &[(&str, &[&str])] = &[
    ("errand-base", &[]),
    ("errand-model", &["errand-base"]),
    ("errand-wire", &["errand-base", "errand-model"]),
    ("errand-store", &["errand-base", "errand-model"]),
    ("errand-os", &["errand-base"]),
    ("errand-agents", &["errand-base", "errand-model", "errand-os"]),
    (
        "errand-engine",
        &["errand-base", "errand-model", "errand-wire", "errand-store", "errand-os", "errand-agents"],
    ),
    (
        "errand-api",
        &[
            "errand-base",
            "errand-model",
            "errand-wire",
            "errand-store",
            "errand-os",
            "errand-agents",
            "errand-engine",
        ],
    ),
    (
        "errand-cli",
        &[
            "errand-base",
            "errand-model",
            "errand-wire",
            "errand-store",
            "errand-os",
            "errand-agents",
            "errand-engine",
            "errand-api",
        ],
    ),
    (
        "errand-desktop",
        &[
            "errand-base",
            "errand-model",
            "errand-wire",
            "errand-store",
            "errand-os",
            "errand-agents",
            "errand-engine",
            "errand-api",
        ],
    ),
    // Has to be there before anything else can be built.
    ("xtask", &[]),
    // What the desktop is measured against: Tauri and nothing of ours.
    ("errand-bare-tray", &[]),
];

/// What the shell is measured against.
const MEASURE: &str = "errand-bare-tray";
const SHELL: &str = "errand-desktop";
const TESTS: &[&str] = &["errand-testkit", "errand-tests"];

/// Exact names: `tauri-winrt-notification` shows toasts on Windows and draws no window.
const WINDOWS: &[&str] =
    &["tauri", "tauri-runtime", "wry", "tao", "muda", "tray-icon", "gtk", "gdk", "webkit2gtk"];

/// The direct dependencies of one manifest, those for builds, tests and single systems included.
pub fn check(manifest: &str) -> Vec<String> {
    let manifest: Table = match manifest.parse() {
        Ok(manifest) => manifest,
        Err(error) => return vec![format!("a Cargo.toml cannot be read: {error}")],
    };
    let Some(name) = manifest.get("package").and_then(|package| package.get("name")).and_then(Value::as_str)
    else {
        return Vec::new();
    };
    if TESTS.contains(&name) {
        return Vec::new();
    }
    let Some((_, allowed)) = LAYERS.iter().find(|(known, _)| *known == name) else {
        return vec![format!("{name}: in no layer; give it one in tests/tests/tidy/edges.rs")];
    };
    let mut violations = Vec::new();
    for used in dependencies(&manifest) {
        let ours = used.starts_with("errand-") || used == "xtask";
        if ours && !allowed.contains(&used.as_str()) {
            violations.push(format!("{name}: may not use {used}; only {allowed:?}"));
        }
        if name != SHELL
            && name != MEASURE
            && (WINDOWS.contains(&used.as_str()) || used.starts_with("tauri-plugin"))
        {
            violations.push(format!("{name}: uses {used}; only {SHELL} opens windows"));
        }
    }
    violations
}

fn dependencies(manifest: &Table) -> BTreeSet<String> {
    let for_systems =
        manifest.get("target").and_then(Value::as_table).into_iter().flat_map(|targets| targets.values());
    let sections = std::iter::once(manifest).chain(for_systems.filter_map(Value::as_table));
    let mut found = BTreeSet::new();
    for section in sections {
        for kind in ["dependencies", "build-dependencies", "dev-dependencies"] {
            for (key, value) in section.get(kind).and_then(Value::as_table).into_iter().flatten() {
                // `other = { package = "name" }` is a dependency on `name`.
                found.insert(value.get("package").and_then(Value::as_str).unwrap_or(key).to_owned());
            }
        }
    }
    found
}

/// Everything that `package` pulls in according to the lock file, on any system and with any feature.
pub fn check_reach(lock: &str, package: &str) -> Vec<String> {
    let mut edges: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let lock: Table = lock.parse().unwrap_or_default();
    for entry in lock.get("package").and_then(Value::as_array).into_iter().flatten() {
        let Some(name) = entry.get("name").and_then(Value::as_str) else { continue };
        let used = entry.get("dependencies").and_then(Value::as_array).into_iter().flatten();
        // `name`, or `name version` where there are several.
        let used = used.filter_map(|name| name.as_str()?.split(' ').next());
        edges.entry(name).or_default().extend(used);
    }
    if !edges.contains_key(package) {
        return vec![format!("{package} is not in Cargo.lock")];
    }
    let mut from: BTreeMap<&str, &str> = BTreeMap::from([(package, package)]);
    let mut queue = vec![package];
    while let Some(name) = queue.pop() {
        for used in edges.get(name).into_iter().flatten() {
            from.entry(used).or_insert_with(|| {
                queue.push(used);
                name
            });
        }
    }
    let reached = WINDOWS.iter().filter_map(|window| Some((window, from.get(window)?)));
    reached.map(|(window, parent)| format!("{package} pulls in {window}, by way of {parent}")).collect()
}

#[test]
fn an_edge_upwards_is_found_in_every_section() {
    let bad = "[package]\nname = \"errand-store\"\n[dependencies]\nerrand-base.workspace = true\n\
               [dev-dependencies]\nerrand-engine.workspace = true\n\
               [target.'cfg(unix)'.dependencies]\nother = { package = \"errand-os\", path = \"x\" }\n\
               [build-dependencies]\ngtk = \"1\"\n";
    let found = check(bad);
    assert_eq!(found.len(), 3, "{found:?}");
    for name in ["errand-engine", "errand-os", "gtk"] {
        assert!(found.iter().any(|line| line.contains(name)), "{name}");
    }
}

#[test]
fn a_crate_without_a_layer_is_found() {
    assert_eq!(check("[package]\nname = \"errand-extra\"\n").len(), 1);
    assert_eq!(check("[package]\nname = \"errand-desktop\"\n[dependencies]\ntauri = \"2\"\n").len(), 0);
    assert_eq!(check("[workspace]\n").len(), 0);
    assert_eq!(check("not toml").len(), 1);
}

#[test]
fn a_window_far_below_is_found() {
    let lock = "[[package]]\nname = \"errand-cli\"\ndependencies = [\"dialog 1.0.0\", \"clap\"]\n\
                [[package]]\nname = \"dialog\"\ndependencies = [\"gtk\"]\n[[package]]\nname = \"gtk\"\n";
    assert_eq!(check_reach(lock, "errand-cli"), ["errand-cli pulls in gtk, by way of dialog"]);
    assert_eq!(check_reach(&lock.replace("[\"gtk\"]", "[]"), "errand-cli").len(), 0);
    assert_eq!(check_reach("", "errand-cli").len(), 1);
}
