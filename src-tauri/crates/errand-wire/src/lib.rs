//! What crosses the person's socket and the border to the windows.
//!
//! [`with_commands!`] is the one list of commands. The router, the typed client, the TypeScript bindings in
//! `ui/src/generated` and the schemas in `tests/contract` all come from it, so none can fall behind.

mod approval;
mod commands;
mod credential;
mod event;
mod folder;
mod frame;
pub mod generate;
mod grant;
mod isolation;
mod names;
mod parts;
mod requests;
mod views;
mod worker;

pub use approval::{
    ApprovalView, Binding, CommandView, Decision, FileAction, FileChangeView, Risk, Scope, Verdict,
};
pub use commands::{Command, CommandName, command};
pub use credential::{
    CredentialRef, CredentialView, Credentials, Hidden, KeychainView, SecretView, SetCredential,
};
pub use event::{Event, LogLine, SubjectKind};
pub use folder::{AroundView, FolderView};
pub use frame::{ClientFrame, ClientHello, Feed, PROTOCOL, Role, ServerFrame, ServerHello};
pub use grant::{AddGrant, GrantState, GrantView, Grants, RevokeGrant};
pub use isolation::{
    AskMode, AttemptRow, Isolation, IsolationReport, IsolationView, Limits, Network, ReachColumn, Security,
    Together, ToolRules, Unattended, Workspace,
};
pub use names::{
    DeliveryState, Hold, LogStream, Notify, Phase, Priority, QuitMode, Surface, TaskState, WindowKind,
};
pub use parts::{
    Answered, ArtifactView, ChoiceView, Cleanup, DeliveryView, FieldKind, FieldView, OwnFolderView,
    QuestionView, ReasonView, RunView, SubtaskView, TimelineRow, WireError,
};
pub use requests::{
    AllowFolder, AnswerQuestion, ArchiveTasks, BackupTo, CancelTasks, DeleteTasks, Draft, EditTask, Empty,
    FocusOn, FolderRef, GetSetting, ListDeliveries, ListTasks, MessageMode, PauseTasks, PreviewProgram, Quit,
    Raise, ReadLog, RetryTask, RunTask, SetSetting, TaskRef, TurnLimitsGiven, WaitTasks, Window, WriteTo,
};
pub use views::{
    BackupDone, Changed, DeliveryList, DoctorReport, DoctorRow, EngineStatus, InboxRow, InboxView,
    KeepingAwake, LogPage, ProgramPreview, QuitReply, RaiseReply, RunReply, SettingView, Settings, TaskList,
    TaskRow, TaskView, Timeline, WaitEnd, WaitReply,
};
pub use worker::{CheckView, EffectView, SubtaskSeen, WorkerCall, WorkerReply, WorkerVerb};
