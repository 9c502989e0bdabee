//! A run's claim on a folder.

use std::path::{Path, PathBuf};

use errand_base::{RunId, TaskId};

/// A claim on a folder and everything below it. Two claims that overlap are never held at once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lease(PathBuf);

impl Lease {
    /// `folder` is absolute and without links and dots, so that one folder has one name.
    pub fn on(folder: PathBuf) -> Lease {
        Lease(folder)
    }

    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// A folder contains its subfolders, so `/a` and `/a/b` overlap; `/a` and `/ab` do not.
    pub fn overlaps(&self, other: &Lease) -> bool {
        let (outer, inner) = if self.bytes().len() <= other.bytes().len() {
            (self.bytes(), other.bytes())
        } else {
            (other.bytes(), self.bytes())
        };
        let rest = inner.strip_prefix(outer);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/") || outer.ends_with(b"/"))
    }

    /// By bytes, not by the parts of the path: a long queue is looked through for each slot that becomes free.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.as_os_str().as_encoded_bytes()
    }

    /// The folder, then every folder above it.
    pub(crate) fn chain(&self) -> impl Iterator<Item = &[u8]> {
        std::iter::successors(Some(self.bytes()), |folder| {
            let end = folder.iter().rposition(|byte| *byte == b'/')?;
            (folder.len() > 1).then(|| &folder[..end.max(1)])
        })
    }
}

/// A lease that a run holds until its last process is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub run: RunId,
    pub task: TaskId,
    pub lease: Lease,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_contains_its_subfolders_and_nothing_else() {
        let rows = [
            ("/a", "/a", true),
            ("/a", "/a/b", true),
            ("/a", "/a/b/c", true),
            ("/", "/a", true),
            ("/", "/", true),
            ("/a", "/ab", false),
            ("/a/b", "/a/c", false),
            ("/a/b", "/a/bc/d", false),
            ("/a b", "/a b/c", true),
            ("/é", "/é/x", true),
        ];
        for (one, other, overlap) in rows {
            let (one, other) = (Lease::on(one.into()), Lease::on(other.into()));
            assert_eq!(one.overlaps(&other), overlap, "{one:?} {other:?}");
            assert_eq!(other.overlaps(&one), overlap, "{other:?} {one:?}");
        }
    }

    #[test]
    fn the_chain_goes_up_to_the_root() {
        let chain = |folder: &str| -> Vec<String> {
            let lease = Lease::on(folder.into());
            lease.chain().map(|bytes| String::from_utf8(bytes.to_vec()).unwrap()).collect()
        };
        assert_eq!(chain("/a/bc"), ["/a/bc", "/a", "/"]);
        assert_eq!(chain("/"), ["/"]);
    }
}
