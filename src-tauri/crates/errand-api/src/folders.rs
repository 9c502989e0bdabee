//! Folders as tasks claim them.

use std::path::{Path, PathBuf};

use errand_base::{Code, Fault};
use errand_model::Lease;

/// The claim on an existing folder under its one name: two ways to the same folder must not be taken for two.
pub(crate) fn lease_on(folder: &Path) -> Result<Lease, Fault> {
    let refuse = |why: String| {
        let text = format!("“{}” cannot be kept for one task: {why}.", folder.display());
        Fault::new(Code::FolderMissing, text)
    };
    Ok(Lease::on(one_name(folder).map_err(refuse)?))
}

/// The folder itself, whatever links lead to it, under a name that can be kept.
pub(crate) fn real(folder: &Path) -> Result<PathBuf, Fault> {
    one_name(folder).map_err(|why| {
        let text = format!("“{}” cannot be used: {why}.", folder.display());
        Fault::new(Code::FolderMissing, text)
    })
}

fn one_name(folder: &Path) -> Result<PathBuf, String> {
    let real = folder.canonicalize().map_err(|error| error.to_string())?;
    // The database keeps text, and a name that is changed on the way would be another folder.
    match real.to_str() {
        Some(_) => Ok(real),
        None => Err("its name is not valid UTF-8".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[test]
    fn every_way_to_a_folder_is_the_same_claim() {
        let base = tempfile::tempdir().unwrap();
        let base = base.path().canonicalize().unwrap();
        std::fs::create_dir_all(base.join("real/below")).unwrap();
        std::os::unix::fs::symlink("real", base.join("link")).unwrap();
        let claim = |folder: &str| lease_on(&base.join(folder)).unwrap();
        for way in ["real", "link", "real/", "real/.", "real/below/..", "link/below/../../link"] {
            assert_eq!(claim(way), Lease::on(base.join("real")), "{way}");
        }
        assert!(claim("link").overlaps(&claim("real/below")));
    }

    #[test]
    fn a_folder_without_a_name_to_keep_is_refused() {
        let base = tempfile::tempdir().unwrap();
        assert_eq!(lease_on(&base.path().join("gone")).unwrap_err().code, Code::FolderMissing);
        let odd = base.path().join(OsStr::from_bytes(b"\xff"));
        std::fs::create_dir(&odd).unwrap();
        let fault = lease_on(&odd).unwrap_err();
        assert!(fault.message.contains("not valid UTF-8"), "{fault:?}");
    }
}
