//! What each code means, for whoever meets one and asks.

use crate::Code;

impl Code {
    pub fn meaning(self) -> &'static str {
        match self {
            Code::BadUsage => "Something in the command cannot be read: a flag, a number, a date.",
            Code::TaskNotFound => "No task has this id.",
            Code::QuestionNotFound => "The task has no such question, or it was withdrawn.",
            Code::SettingNotFound => "There is no setting of this name.",
            Code::CredentialNotFound => "There is no credential of this name.",
            Code::GrantNotFound => "There is no grant of this number.",
            Code::EngineUnreachable => "No engine answers: Errand is not running, or it has just left.",
            Code::VersionMismatch => "Two versions of Errand that do not understand each other.",
            Code::Ambiguous => "What was given fits several tasks or several questions.",
            Code::KeyConflict => "The same key came before, with other work.",
            Code::IllegalState => "The state of the task does not allow it.",
            Code::AlreadyAnswered => "Somebody else was first. The message says who, where and when.",
            Code::BadAnswer => "The question does not accept this answer. It stays open.",
            Code::AgentMissing => "No agent is set up that could work on a brief.",
            Code::ProgramMissing => "There is no such program on the path.",
            Code::FolderMissing => "The folder is not there.",
            Code::DiskFull => "There is no space left to write new work down.",
            Code::StoreNewer => "The database was written by a newer Errand.",
            Code::StoreFailed => "The database could not be read or written.",
            Code::EngineRunning => "Another engine has this folder.",
            Code::ProgramsRunning => "Programs are at work, and leaving would cut them off.",
            Code::Quitting => "Errand is about to leave and takes no new work.",
            Code::BadBackup => "The file is no backup of Errand, or it is damaged.",
            Code::CleanUpFailed => "The folder of a task could not be removed, so the task is kept.",
            Code::TimedOutWaiting => "The time to wait was over before anything happened.",
            Code::AlreadyFinished => "The run has handed over its result before.",
            Code::SubtasksOpen => "The task has handed on work that has not ended.",
            Code::SubtaskLimit => "The task may hand on no more, or not as deep.",
            Code::OnlyForPeople => "A program of a task asked for what only its person may do.",
            Code::OnlyInTasks => "A verb for the programs of a task was used elsewhere.",
            Code::CannotEnforce => "A limit was asked for that nothing on this machine would hold.",
            Code::ChecksFailed => "What must hold before “done” is believed does not.",
            Code::BadFolderFile => "The file .errand.toml of the folder cannot be read.",
            Code::FolderNotAllowed => {
                "You have not allowed the file .errand.toml of the folder as it is now."
            }
            Code::KeychainLocked => "The keychain needs its password first.",
            Code::KeychainAbsent => "There is no keychain on this desktop.",
            Code::KeychainDenied => "The keychain refused.",
            Code::SecretInClear => "A secret value stands where it would be written down.",
            Code::Internal => "A mistake of Errand's own.",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_says_what_it_means_and_what_to_do_each_in_its_own_words() {
        for texts in [Code::meaning, Code::hint] {
            let said: BTreeSet<&str> = Code::ALL.iter().map(|code| texts(*code)).collect();
            assert!(said.iter().all(|text| text.ends_with('.') && text.len() > 10), "{said:?}");
        }
        let meanings: BTreeSet<&str> = Code::ALL.iter().map(|code| code.meaning()).collect();
        assert_eq!(meanings.len(), Code::ALL.len());
    }
}
