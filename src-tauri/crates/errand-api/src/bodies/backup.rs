use std::path::PathBuf;

use errand_base::{Code, Fault};
use errand_wire::{BackupDone, BackupTo, command};

use crate::router::{Api, Body};

impl Body for command::Backup {
    async fn run(api: &Api, params: BackupTo) -> Result<BackupDone, Fault> {
        let file = PathBuf::from(params.file);
        if !file.is_absolute() {
            let text = format!("“{}” is not a full path.", file.display());
            return Err(Fault::new(Code::BadUsage, text));
        }
        let done = api.store.backup(file).await?;
        Ok(BackupDone { file: done.file.display().to_string(), bytes: done.bytes, tasks: done.tasks })
    }
}
