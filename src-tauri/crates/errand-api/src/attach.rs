//! Attaching files to a task: the caller's half, which has the caller's rights.

use std::path::PathBuf;

use errand_base::Fault;
use errand_engine::attach_fault;
use errand_os::{Home, Staged, WorkFolders};

/// Copies the files to where an engine of this home takes them from; [`Staged::name`] is what it is told. Copies that
/// no task has taken go with the answer. Blocks.
pub fn stage(home: &Home, files: &[PathBuf]) -> Result<Staged, Fault> {
    WorkFolders::of(home).stage(files).map_err(|error| attach_fault(&error))
}
