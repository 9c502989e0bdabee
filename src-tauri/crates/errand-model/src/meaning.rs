//! What each reason means, for whoever meets one in a timeline and asks.

use crate::Reason;

impl Reason {
    pub fn meaning(self) -> &'static str {
        match self {
            Reason::Accepted => "The task was handed over and is written down.",
            Reason::WaitsForTasks => "It starts once the tasks it comes after have completed.",
            Reason::WaitsForTime => "It starts at a time.",
            Reason::DependenciesMet => "The tasks it comes after have completed.",
            Reason::DependencyFailed => "A task it comes after did not complete; you are asked what to do.",
            Reason::DependencyReopened => "A task it comes after was opened again, so it waits again.",
            Reason::StartTimeReached => "Its time has come.",
            Reason::Admitted => "A slot was free and it was its turn.",
            Reason::ExitZero => "Its program ended with exit code 0.",
            Reason::ExitNonzero => "Its program ended with another exit code than 0.",
            Reason::KilledBySignal => "Its program was ended by a signal that Errand did not send.",
            Reason::ProgramMissing => "There was no such program when it was to start.",
            Reason::FolderMissing => "Its folder was not there when it was to start.",
            Reason::StartFailed => "It could not be started; the text says why.",
            Reason::TimeLimit => "It was at work for longer than it may.",
            Reason::CancelledByPerson => "You cancelled it.",
            Reason::QuitNow => "Errand was told to leave at once and ended it.",
            Reason::EngineDied => "Errand was killed, or the machine went down, while it was at work.",
            Reason::EngineStopped => "The system wanted Errand gone while it was at work, as at a logout.",
            Reason::SupervisorDied => "The process that watches over it was killed, so all of it was ended.",
            Reason::PausedByPerson => "You paused it.",
            Reason::ResumedByPerson => "You let it go on.",
            Reason::Held => "It does not start for now; the text says why.",
            Reason::HeldForKeychain => "It waits until a credential that it needs can be read.",
            Reason::Released => "Nothing holds it any more.",
            Reason::AnsweredByPerson => "You answered.",
            Reason::RunAnyway => "You let it run although a task before it did not complete.",
            Reason::WaitForRetry => "It waits for a retry of the task before it.",
            Reason::Silent => "Its program has printed nothing for a long time.",
            Reason::Spoke => "A silent program printed again.",
            Reason::KeepWaiting => "You let a silent program go on.",
            Reason::StoppedWhileSilent => "You ended a silent program.",
            Reason::RetryByPerson => "You opened it again.",
            Reason::RetryAfterFailure => "It failed and tries again, as agreed with --retries.",
            Reason::WillNotStop => "Processes are left that even SIGKILL does not end.",
            Reason::ProcessesGone => "None of its processes is left.",
            Reason::Started => "Its process is there.",
            Reason::Finished => "A worker handed over its result.",
            Reason::AskedByWorker => "Its program asks you something.",
            Reason::AskerGone => "Whoever asked no longer waits, so the question was taken back.",
            Reason::Answered => "Its question was answered and it goes on.",
            Reason::ApprovalAsked => "Its worker wants to do something that you decide about first.",
            Reason::ApprovedBefore => "You have approved the same before.",
            Reason::DeniedBefore => "You have denied the same before, so it was refused at once.",
            Reason::Granted => "A grant of yours allows it.",
            Reason::GrantRevoked => "You took a grant back.",
            Reason::RefusedUnattended => "It would be asked about, and nobody is to be asked.",
            Reason::Progress => "Its program said how far it is.",
            Reason::Deed => "It is about to do something outside, or has done it.",
            Reason::WakeAsked => "It wants to be woken later.",
            Reason::Sleeps => "It sleeps until it is woken and has no slot meanwhile.",
            Reason::WokenUp => "What it slept for has come.",
            Reason::TurnEnded => "One of its turns has ended.",
            Reason::Parked => "Errand left between two of its turns; it goes on from there.",
            Reason::BadResponse => "What it left of its turn cannot be read.",
            Reason::WorkerFailed => "It said itself that it failed.",
            Reason::WorkerBlocked => "It said that it cannot go on by itself.",
            Reason::TurnLimit => "It used all of its turns.",
            Reason::TurnTimeLimit => "One of its turns took too long and begins again.",
            Reason::StallRestart => "It was silent for too long; its turn begins again.",
            Reason::StallRestartExhausted => {
                "It was silent for too long too often; you are asked what to do."
            }
            Reason::Recovered => "It goes on where it was cut off.",
            Reason::RecoveryExhausted => "It was cut off too often in a row; you are asked what to do.",
            Reason::PreflightFailed => "What the folder needs before a run is not there.",
            Reason::BeforeRunFailed => "What prepares a run failed.",
            Reason::ChecksFailed => "It said that it was done, and the checks say that it is not.",
            Reason::AfterRunFailed => "What cleans up after a run failed.",
            Reason::Aside => "Something is done around its work: preparing, checking, cleaning up, a tool.",
            Reason::ClockGap => "The machine slept, or its clock was set; that is no time at work.",
            Reason::MaySleep => "The machine is no longer kept awake for it; the text says why.",
            Reason::SubtaskBegun => "It has handed part of its work on.",
            Reason::SubtaskEnded => "Something it handed on has ended.",
            Reason::SubtaskReopened => "Something it handed on was opened again.",
            Reason::SubtasksEnded => "All that it handed on and waited for has ended.",
            Reason::WaitsForSubtasks => "It is done but for what it handed on.",
            Reason::ParentCancelled => "The task it belongs to was cancelled.",
            Reason::ParentEnded => "The task it belongs to ended without it.",
            Reason::CalledOff => "The task it belongs to cancelled it.",
            Reason::Shown => "It was shown on your desktop.",
            Reason::ShownAgain => "It was shown once more, since nobody can say that you saw it before.",
            Reason::NoNotificationService => "Nothing on this desktop shows notifications now.",
            Reason::FiledSilently => "It was filed without a notification, as agreed.",
            Reason::HeldBack => "You are told later: at night, while muted, or with the next digest.",
            Reason::Digested => "You were told as part of a digest.",
            Reason::Escalated => "Nobody came for a long time, so it became urgent.",
            Reason::EscalationFailed => "Your own program that should have told you failed.",
            Reason::OpenedByPerson => "You opened it from its notification.",
            Reason::DismissedByPerson => "You closed its notification.",
            Reason::Settled => "There is nothing left to tell.",
            Reason::Edited => "You changed the task.",
            Reason::Message => "You wrote to its worker.",
            Reason::ReplacedByPerson => "You gave its worker something else to do.",
            Reason::Archived => "You put it out of sight; it is kept.",
            Reason::Restored => "You took it out of the archive again.",
            Reason::ReachedTooFar => "One of its programs asked for what only you may do; it was refused.",
            Reason::RemovedByPerson => "You removed it.",
            Reason::FolderNotRemoved => "Its folder could not be removed, so the task is kept.",
            Reason::Expired => "Its time to be kept was over and it was removed.",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_reason_says_what_it_means_in_its_own_words() {
        let meanings: BTreeSet<&str> = Reason::ALL.iter().map(|reason| reason.meaning()).collect();
        assert_eq!(meanings.len(), Reason::ALL.len());
        assert!(
            meanings.iter().all(|text| text.ends_with('.') && text.chars().count() <= 80),
            "{meanings:?}"
        );
    }
}
