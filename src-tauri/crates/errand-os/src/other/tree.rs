use std::io;
use std::path::Path;

/// Removes a folder with what is in it. Nothing there is fine. It follows no link; that nothing is mounted below is
/// not looked at here yet.
pub fn remove_tree(folder: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}
