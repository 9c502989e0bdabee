//! Space kept back, so that the last rows of running work can be written when the disk is full.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::{StoreError, files};

pub(crate) struct Ballast {
    path: PathBuf,
    bytes: u64,
    present: bool,
}

impl Ballast {
    pub fn new(folder: &Path, bytes: u64) -> Ballast {
        let path = folder.join("ballast");
        let present = files::length(&path) == bytes;
        Ballast { path, bytes, present }
    }

    pub fn is_present(&self) -> bool {
        self.present
    }

    /// Takes the space again if it was given up; `false` if there is none. With the ballast in place a short
    /// trial shows whether anything else would fit.
    pub fn ensure(&mut self) -> bool {
        let (path, bytes) = if self.present {
            (files::beside(&self.path, ".trial"), 1 << 20)
        } else {
            (self.path.clone(), self.bytes)
        };
        let fits = fill(&path, bytes);
        if self.present || !fits {
            let _ = files::discard(&path);
        } else {
            self.present = true;
        }
        fits
    }

    /// Gives the space up; `false` if there was none to give.
    pub fn free(&mut self) -> bool {
        let freed = self.present && files::discard(&self.path).is_ok();
        self.present = false;
        freed
    }
}

fn fill(path: &Path, bytes: u64) -> bool {
    let made = || -> Result<(), StoreError> {
        let failed = |error| StoreError::file(path, error);
        let mut file = File::create(path).map_err(failed)?;
        if !allocate(&file, bytes) {
            // Bytes that do not compress, because some file systems store nothing for zeros.
            let mut state = 0x9e37_79b9_7f4a_7c15_u64;
            let block: Vec<u8> = (0..65_536 / 8)
                .flat_map(|_| {
                    state ^= state << 13;
                    state ^= state >> 7;
                    state ^= state << 17;
                    state.to_le_bytes()
                })
                .collect();
            let mut left = bytes;
            while left > 0 {
                let part = left.min(block.len() as u64) as usize;
                file.write_all(&block[..part]).map_err(failed)?;
                left -= part as u64;
            }
        }
        file.sync_all().map_err(failed)
    };
    made().is_ok()
}

#[cfg(target_os = "linux")]
fn allocate(file: &File, bytes: u64) -> bool {
    rustix::fs::fallocate(file, rustix::fs::FallocateFlags::empty(), 0, bytes).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn allocate(_: &File, _: u64) -> bool {
    false
}
