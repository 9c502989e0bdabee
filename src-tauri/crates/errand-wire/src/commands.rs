use serde::Serialize;
use serde::de::DeserializeOwned;

/// A command by its type: what it takes and what it returns.
pub trait Command {
    const NAME: &'static str;
    type Params: Serialize + DeserializeOwned + Send + 'static;
    type Reply: Serialize + DeserializeOwned + Send + 'static;
}

/// Calls the given macro with the one list of commands: `Name "name" Params => Reply "what it does"`.
#[macro_export]
macro_rules! with_commands {
    ($callback:ident) => {
        $callback! {
            Status "status" Empty => EngineStatus, "What the engine does, as the tray shows it.";
            Run "run" RunTask => RunReply, "Hands over a task.";
            Preview "preview" PreviewProgram => ProgramPreview, "Says what a program line would run.";
            List "list" ListTasks => TaskList, "Lists tasks, newest first.";
            Show "show" TaskRef => TaskView, "Everything about one task.";
            History "history" TaskRef => Timeline, "Every change of a task with its reason.";
            Log "log" ReadLog => LogPage, "What a task has printed.";
            Wait "wait" WaitTasks => WaitReply, "Waits until all have ended or one needs the person.";
            Inbox "inbox" Empty => InboxView, "Every open question, oldest first.";
            Answer "answer" AnswerQuestion => TaskView, "Answers a question.";
            Cancel "cancel" CancelTasks => Changed, "Cancels tasks.";
            Retry "retry" RetryTask => TaskView, "Opens an ended task again.";
            Message "message" WriteTo => TaskView, "Writes to a worker.";
            Archive "archive" ArchiveTasks => Changed, "Puts ended tasks out of sight, or back.";
            Delete "delete" DeleteTasks => Changed, "Removes ended tasks for good.";
            Edit "edit" EditTask => TaskView, "Changes a task that was handed over.";
            Pause "pause" PauseTasks => Changed, "Pauses one task or everything.";
            Resume "resume" PauseTasks => Changed, "Resumes one task or everything.";
            Opened "opened" TaskRef => Empty, "The person has opened the task; its notifications are settled.";
            Focused "focused" FocusOn => Empty, "Says which task's window is in front of the person.";
            Deliveries "deliveries" ListDeliveries => DeliveryList, "What the person was told, and why or why not.";
            Folder "folder" FolderRef => FolderView, "What the file of a folder asks for.";
            FolderAllow "folder_allow" AllowFolder => FolderView, "Lets tasks in a folder do what its file says.";
            FolderForget "folder_forget" FolderRef => FolderView, "Takes that back.";
            CredentialSet "credential_set" SetCredential => CredentialView, "Gives a credential its value.";
            CredentialList "credential_list" Empty => Credentials, "The names of all credentials, and how the keychain is.";
            CredentialRemove "credential_remove" CredentialRef => Credentials, "Removes a credential with its value.";
            GrantList "grant_list" Empty => Grants, "What the person allows in folders for a while.";
            GrantAdd "grant_add" AddGrant => GrantView, "Allows something in a folder for a while.";
            GrantRevoke "grant_revoke" RevokeGrant => GrantView, "Takes a grant back.";
            SettingsList "settings_list" Empty => Settings, "Every setting.";
            SettingsGet "settings_get" GetSetting => SettingView, "One setting.";
            SettingsSet "settings_set" SetSetting => SettingView, "Changes a setting.";
            Backup "backup" BackupTo => BackupDone, "Writes a copy of the database while work goes on.";
            Doctor "doctor" Empty => DoctorReport, "Looks at everything that could be wrong.";
            Raise "raise" Raise => RaiseReply, "Brings the desktop forward.";
            Quit "quit" Quit => QuitReply, "Leaves.";
        }
    };
}

macro_rules! declare {
    ($($name:ident $text:literal $params:ident => $reply:ident, $doc:literal;)*) => {
        /// The commands by name, for routing.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum CommandName { $(#[doc = $doc] $name,)* }

        impl CommandName {
            pub const ALL: &[CommandName] = &[$(CommandName::$name,)*];

            pub fn as_str(self) -> &'static str {
                match self { $(CommandName::$name => $text,)* }
            }

            pub fn parse(name: &str) -> Option<CommandName> {
                match name { $($text => Some(CommandName::$name),)* _ => None }
            }
        }

        /// The commands as types, for calling: `client.call::<command::Run>(params)`.
        pub mod command {
            $(
                #[doc = $doc]
                #[derive(Debug)]
                pub struct $name;

                impl super::Command for $name {
                    const NAME: &'static str = $text;
                    type Params = crate::$params;
                    type Reply = crate::$reply;
                }
            )*
        }
    };
}

with_commands!(declare);
