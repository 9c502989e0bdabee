use errand_model::{Exit, StartError};
use errand_os::{ProcessEvent, StartFailure};

use crate::SessionEvent;

/// A supervisor's report in the words of all agents.
pub(super) fn event(event: ProcessEvent) -> SessionEvent {
    match event {
        ProcessEvent::Started { identity } => SessionEvent::Started { identity },
        ProcessEvent::StartFailed { kind } => SessionEvent::StartFailed(match kind {
            StartFailure::ProgramMissing => StartError::ProgramMissing,
            StartFailure::FolderMissing => StartError::FolderMissing,
            StartFailure::Other(words) => StartError::Other(words),
        }),
        ProcessEvent::Exited { exit, gone, cpu, max_rss_kib } => {
            let exit = match exit {
                errand_os::Exit::Code(code) => Exit::Code(code),
                errand_os::Exit::Signal(signal) => Exit::Signal(signal),
            };
            SessionEvent::Exited { exit, gone, cpu, max_rss_kib, checks: Vec::new() }
        }
        ProcessEvent::Gone => SessionEvent::Gone,
        ProcessEvent::Stuck { processes } => SessionEvent::Stuck { processes },
        ProcessEvent::SupervisorDied => SessionEvent::Lost,
    }
}
