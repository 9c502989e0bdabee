//! Lets the shell be built before the windows have been: `cargo build` and IDEs work on a fresh clone.

use std::fs;
use std::io;
use std::path::Path;

const PAGE: &str = "../ui/dist/index.html";

const PLACEHOLDER: &str = r#"<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="errand-placeholder" content="the windows have not been built" />
    <title>Errand</title>
  </head>
  <body>
    <p>This Errand was built without its windows. <code>cargo xtask run</code> builds both.</p>
  </body>
</html>
"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    write_placeholder(Path::new(PAGE))?;
    println!("cargo:rerun-if-changed=../ui/dist");
    println!("cargo:rerun-if-changed=../icons");
    // What a window may do is written by hand beside the capabilities, instead of generated for each command.
    println!("cargo:rerun-if-changed=capabilities");
    let app = tauri_build::AppManifest::new().permissions_path_pattern("./capabilities/permissions/*.toml");
    let attributes =
        tauri_build::Attributes::new().capabilities_path_pattern("./capabilities/*.json").app_manifest(app);
    Ok(tauri_build::try_build(attributes)?)
}

fn write_placeholder(page: &Path) -> io::Result<()> {
    if page.exists() {
        return Ok(());
    }
    if let Some(folder) = page.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(page, PLACEHOLDER)
}
