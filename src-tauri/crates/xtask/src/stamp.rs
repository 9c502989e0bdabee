//! Whether something has changed since it was last used: a digest of the content, written to a file.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
};

use crate::failure::{About, Result};

#[derive(Debug)]
pub struct Stamp {
    file: PathBuf,
    digest: String,
}

impl Stamp {
    /// `inputs` are files or folders; what is missing counts as missing. `besides` is whatever else decides.
    pub fn of(file: PathBuf, inputs: &[PathBuf], besides: &str) -> Result<Self> {
        let mut files = Vec::new();
        for input in inputs {
            collect(input, &mut files)?;
        }
        files.sort();
        let mut hasher = DefaultHasher::new();
        besides.hash(&mut hasher);
        for path in files {
            path.hash(&mut hasher);
            fs::read(&path).about(path.display())?.hash(&mut hasher);
        }
        Ok(Self { file, digest: format!("{:016x}\n", hasher.finish()) })
    }

    pub fn is_fresh(&self) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|known| known == self.digest)
    }

    /// To be called once the work is done: an interrupted one is then done again.
    pub fn write(&self) -> Result<()> {
        if let Some(folder) = self.file.parent() {
            fs::create_dir_all(folder).about(folder.display())?;
        }
        fs::write(&self.file, &self.digest).about(self.file.display())
    }
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if path.is_dir() {
        for entry in fs::read_dir(path).about(path.display())? {
            collect(&entry.about(path.display())?.path(), files)?;
        }
    } else if path.exists() {
        files.push(path.to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_change_makes_it_stale() {
        let folder = std::env::temp_dir().join(format!("xtask-stamp-{}", std::process::id()));
        let source = folder.join("src/deep");
        fs::create_dir_all(&source).unwrap();
        fs::write(source.join("a"), "one").unwrap();
        let stamp = || Stamp::of(folder.join("out/stamp"), &[folder.join("src")], "v1").unwrap();
        assert!(!stamp().is_fresh());
        stamp().write().unwrap();
        assert!(stamp().is_fresh());

        fs::write(source.join("a"), "two").unwrap();
        assert!(!stamp().is_fresh(), "content");
        stamp().write().unwrap();
        fs::rename(source.join("a"), source.join("b")).unwrap();
        assert!(!stamp().is_fresh(), "name");
        stamp().write().unwrap();
        assert!(!Stamp::of(folder.join("out/stamp"), &[folder.join("src")], "v2").unwrap().is_fresh());
        fs::remove_dir_all(folder).unwrap();
    }
}
