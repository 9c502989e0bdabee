//! The first things a person types.

use std::process::Command;

#[test]
fn errand_says_its_version() {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(errand_tests::errand().unwrap());
    let output = command.arg("--version").env("ERRAND_HOME", home.path()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let version = concat!("errand ", env!("CARGO_PKG_VERSION"));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), version);
    assert_eq!(home.path().read_dir().unwrap().count(), 0, "who only asks for the version leaves no file");
}
