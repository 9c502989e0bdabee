use std::path::{Path, PathBuf};

/// Where `exec` looks when the environment has no PATH.
pub const USUAL_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// The file that running `name` in `cwd` would start, by the rules of `execvp`: a name with a slash is a path,
/// any other is looked up along `path_var`, where an empty part means the current folder.
pub fn find_program(name: &str, path_var: &str, cwd: &Path) -> Option<PathBuf> {
    if name.is_empty() {
        return None;
    }
    if name.contains('/') {
        let path = cwd.join(name);
        return runs(&path).then_some(path);
    }
    path_var.split(':').map(|folder| cwd.join(folder).join(name)).find(|path| runs(path))
}

#[cfg(unix)]
fn runs(path: &Path) -> bool {
    path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}

#[cfg(not(unix))]
fn runs(path: &Path) -> bool {
    path.is_file()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn program(path: &Path, mode: u32) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
        fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    }

    #[test]
    fn the_first_runnable_file_along_the_path_wins() {
        let base = tempfile::tempdir().unwrap();
        let at = |name: &str| base.path().join(name);
        program(&at("a/tool"), 0o644);
        fs::create_dir_all(at("b/tool")).unwrap();
        program(&at("c/tool"), 0o755);
        program(&at("tool"), 0o755);
        let find = |name: &str, path: &str| find_program(name, path, base.path());

        let path = format!("{}:b:{}", at("a").display(), at("c").display());
        assert_eq!(find("tool", &path), Some(at("c/tool")));
        assert_eq!(
            find("tool", &format!("a::{path}")),
            Some(at("tool")),
            "an empty part is the folder itself"
        );
        assert_eq!(find("./tool", "c"), Some(at("tool")));
        assert_eq!(find("c/tool", ""), Some(at("c/tool")));
        assert_eq!(find("tool", "a:b"), None);
        assert_eq!(find("a/tool", &path), None, "a file that is not executable");
        assert_eq!(find("", &path), None);
    }
}
