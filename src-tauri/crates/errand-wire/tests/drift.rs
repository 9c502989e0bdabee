//! The checked-in bindings and schemas equal what the types say. `ERRAND_BLESS=1` writes them anew.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

fn check(path: &Path, wanted: &str) {
    if std::env::var_os("ERRAND_BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, wanted).unwrap();
    }
    let found = fs::read_to_string(path).unwrap_or_default();
    assert!(found == wanted, "{} is out of date; ERRAND_BLESS=1 cargo test -p errand-wire", path.display());
}

#[test]
fn typescript_bindings_are_fresh() {
    check(&root().join("ui/src/generated/wire.ts"), &errand_wire::generate::typescript());
}

#[test]
fn contract_schemas_are_fresh_and_complete() {
    let folder = root().join("tests/contract");
    let files = errand_wire::generate::contract();
    assert!(files.len() >= 15);
    for (name, content) in &files {
        check(&folder.join(name), content);
    }
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(files.contains_key(&name), "{name} is in tests/contract but no longer generated");
    }
}

#[test]
fn every_command_can_be_found_by_its_name() {
    for command in errand_wire::CommandName::ALL {
        assert_eq!(errand_wire::CommandName::parse(command.as_str()), Some(*command));
    }
    assert_eq!(errand_wire::CommandName::parse("rm -rf"), None);
}
