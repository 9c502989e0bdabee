use serde::{Deserialize, Serialize};

/// Every way in which a request can be turned down. The list is closed: scripts branch on the name, the
/// terminal on [`Code::exit`], and both stay stable once released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// A flag, a number or a date that cannot be read.
    BadUsage,
    TaskNotFound,
    QuestionNotFound,
    SettingNotFound,
    CredentialNotFound,
    /// No such grant, or it is over.
    GrantNotFound,
    EngineUnreachable,
    /// The two sides speak different versions of the protocol.
    VersionMismatch,
    /// A prefix that fits several tasks, or an answer that fits several questions.
    Ambiguous,
    /// The same idempotency key came with another brief.
    KeyConflict,
    /// The task's state does not allow it.
    IllegalState,
    /// Somebody else was first.
    AlreadyAnswered,
    BadAnswer,
    AgentMissing,
    ProgramMissing,
    FolderMissing,
    DiskFull,
    /// The database was written by a newer Errand.
    StoreNewer,
    /// The database could not be read or written.
    StoreFailed,
    /// Another engine holds this folder.
    EngineRunning,
    /// Plain programs run; quitting would cut them off.
    ProgramsRunning,
    /// The engine is leaving and takes no new work.
    Quitting,
    BadBackup,
    /// The folder of a task could not be removed.
    CleanUpFailed,
    TimedOutWaiting,
    /// A worker has handed over its result before.
    AlreadyFinished,
    /// Its sub-tasks have not ended.
    SubtasksOpen,
    /// Sub-tasks as many or as deep as there can be.
    SubtaskLimit,
    /// A program of a task asked for what only its person may do.
    OnlyForPeople,
    /// A verb for the programs of a task, used elsewhere.
    OnlyInTasks,
    /// A limit was asked for that nothing here would hold.
    CannotEnforce,
    /// What must hold at the end does not.
    ChecksFailed,
    /// The file of the folder cannot be read, or says what cannot be.
    BadFolderFile,
    /// The folder's file has not been allowed by its person.
    FolderNotAllowed,
    /// The keychain needs its password before it gives or takes anything.
    KeychainLocked,
    KeychainAbsent,
    KeychainDenied,
    /// A secret value stands where it would be written down.
    SecretInClear,
    Internal,
}

impl Code {
    pub const ALL: &[Code] = &[
        Code::BadUsage,
        Code::TaskNotFound,
        Code::QuestionNotFound,
        Code::SettingNotFound,
        Code::CredentialNotFound,
        Code::GrantNotFound,
        Code::EngineUnreachable,
        Code::VersionMismatch,
        Code::Ambiguous,
        Code::KeyConflict,
        Code::IllegalState,
        Code::AlreadyAnswered,
        Code::BadAnswer,
        Code::AgentMissing,
        Code::ProgramMissing,
        Code::FolderMissing,
        Code::DiskFull,
        Code::StoreNewer,
        Code::StoreFailed,
        Code::EngineRunning,
        Code::ProgramsRunning,
        Code::Quitting,
        Code::BadBackup,
        Code::CleanUpFailed,
        Code::TimedOutWaiting,
        Code::AlreadyFinished,
        Code::SubtasksOpen,
        Code::SubtaskLimit,
        Code::OnlyForPeople,
        Code::OnlyInTasks,
        Code::CannotEnforce,
        Code::ChecksFailed,
        Code::BadFolderFile,
        Code::FolderNotAllowed,
        Code::KeychainLocked,
        Code::KeychainAbsent,
        Code::KeychainDenied,
        Code::SecretInClear,
        Code::Internal,
    ];

    /// The exit code of the terminal contract.
    pub fn exit(self) -> u8 {
        match self {
            Code::BadUsage => 2,
            Code::TaskNotFound
            | Code::QuestionNotFound
            | Code::SettingNotFound
            | Code::CredentialNotFound
            | Code::GrantNotFound => 4,
            Code::EngineUnreachable | Code::VersionMismatch => 5,
            Code::TimedOutWaiting => 7,
            Code::Ambiguous
            | Code::KeyConflict
            | Code::IllegalState
            | Code::AlreadyAnswered
            | Code::BadAnswer
            | Code::AgentMissing
            | Code::ProgramMissing
            | Code::FolderMissing
            | Code::DiskFull
            | Code::StoreNewer
            | Code::StoreFailed
            | Code::EngineRunning
            | Code::ProgramsRunning
            | Code::Quitting
            | Code::BadBackup
            | Code::AlreadyFinished
            | Code::SubtasksOpen
            | Code::SubtaskLimit
            | Code::CleanUpFailed
            | Code::OnlyForPeople
            | Code::OnlyInTasks
            | Code::CannotEnforce
            | Code::ChecksFailed
            | Code::BadFolderFile
            | Code::FolderNotAllowed
            | Code::KeychainLocked
            | Code::KeychainAbsent
            | Code::KeychainDenied
            | Code::SecretInClear
            | Code::Internal => 6,
        }
    }

    /// What a person can do next when the place that found the fault had nothing better to say.
    pub fn hint(self) -> &'static str {
        match self {
            Code::BadUsage => "`errand help` shows the commands and their flags.",
            Code::TaskNotFound => "`errand list` shows the tasks there are.",
            Code::QuestionNotFound => "`errand show TASK` lists the task's questions.",
            Code::SettingNotFound => "`errand settings list` shows every setting.",
            Code::GrantNotFound => "`errand grants` shows those there are.",
            Code::CredentialNotFound => "`errand credential list` shows the names there are.",
            Code::EngineUnreachable => "`errand start` starts it.",
            Code::VersionMismatch => "Quit Errand with `errand quit` and start it again.",
            Code::Ambiguous => "Give a few more letters of the id.",
            Code::KeyConflict => "Use another key, or send the same brief again.",
            Code::IllegalState => "`errand show TASK` says what state it is in and why.",
            Code::AlreadyAnswered => "Nothing to do: the first answer counts.",
            Code::AlreadyFinished => "Nothing to do: the first result counts.",
            Code::SubtasksOpen => {
                "`errand wake --when-subtasks-end` waits, `errand subtask --cancel` ends one."
            }
            Code::SubtaskLimit => "Do the work in this task, or wait for what it has handed on.",
            Code::OnlyInTasks => "Use it in a program that `errand run` has started.",
            Code::OnlyForPeople => "Run this in a terminal of your own, outside of any task.",
            Code::BadAnswer => "`errand show TASK` shows the question and what it accepts.",
            Code::AgentMissing => {
                "Run a program instead: `errand run -- PROGRAM ARGS`. Agents come in a later version."
            }
            Code::ProgramMissing => "Check the spelling, or give the full path.",
            Code::FolderMissing => "Make the folder first, or give another one with --cwd.",
            Code::DiskFull => "Free some space. Running work goes on and its results are kept.",
            Code::StoreNewer => {
                "Install the newer Errand again, or restore the backup it made before the update."
            }
            Code::StoreFailed => "`errand doctor` looks at the folder and says what it finds.",
            Code::EngineRunning => "`errand quit` stops it first.",
            Code::ProgramsRunning => "`errand quit --finish` waits for them, `errand quit --now` stops them.",
            Code::Quitting => "Start Errand again, then repeat the command.",
            Code::BadBackup => "Choose a file that `errand backup` has written.",
            Code::CleanUpFailed => "Look at what stands in the way, then delete the task again.",
            Code::TimedOutWaiting => "The task goes on. `errand wait TASK` waits again.",
            Code::CannotEnforce => "`errand doctor` shows what can be enforced here.",
            Code::ChecksFailed => "Mend what the checks show, then hand over the result again.",
            Code::BadFolderFile => "Mend the file, or use --no-folder-file.",
            Code::FolderNotAllowed => {
                "Read the file, then `errand folder allow`, or leave it aside with --no-folder-file."
            }
            Code::KeychainLocked => {
                "Unlock it, then repeat this; or keep the value until Errand leaves: `errand credential set NAME --session`."
            }
            Code::KeychainAbsent => {
                "Start one, such as GNOME Keyring or KWallet, or keep the value until Errand leaves: `errand credential set NAME --session`."
            }
            Code::KeychainDenied => {
                "Allow it in the keychain's own program, or keep the value until Errand leaves: `errand credential set NAME --session`."
            }
            Code::SecretInClear => "Hand it over by name: `errand run --secret VARIABLE=NAME`.",
            Code::Internal => "`errand doctor` collects what a report needs.",
        }
    }

    pub fn name(self) -> String {
        match serde_json::to_value(self) {
            Ok(serde_json::Value::String(name)) => name,
            _ => "internal".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_name_a_next_step_and_an_exit_code_of_the_contract() {
        let mut names: Vec<String> = Code::ALL.iter().map(|code| code.name()).collect();
        for code in Code::ALL {
            assert!(code.hint().ends_with('.'), "{code:?} has no sentence");
            assert!((2..=7).contains(&code.exit()), "{code:?}");
        }
        names.sort();
        names.dedup();
        assert_eq!(names.len(), Code::ALL.len());
    }
}
