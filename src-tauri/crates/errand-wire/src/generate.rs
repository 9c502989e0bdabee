//! Writes the TypeScript bindings and the JSON schemas. The drift tests compare them with what is checked in.

use std::collections::BTreeMap;

use schemars::{JsonSchema, schema_for};
use serde_json::Value;
use ts_rs::{Config, TS};

use crate::*;

const HEADER: &str =
    "// Generated from errand-wire. Run `ERRAND_BLESS=1 cargo test -p errand-wire` to write it anew.\n\n";

macro_rules! types {
    ($($name:ident),* $(,)?) => {
        fn declarations() -> Vec<String> {
            let config = Config::new().with_large_int("number");
            vec![$(<$name as TS>::decl(&config)),*]
        }

        fn schemas() -> BTreeMap<&'static str, Value> {
            BTreeMap::from([$((stringify!($name), schema::<$name>())),*])
        }
    };
}

types!(
    TaskState,
    Security,
    AskMode,
    Unattended,
    ToolRules,
    Workspace,
    Network,
    Isolation,
    Limits,
    IsolationView,
    Together,
    AttemptRow,
    ReachColumn,
    IsolationReport,
    Hold,
    Priority,
    Notify,
    Surface,
    Phase,
    LogStream,
    DeliveryState,
    QuitMode,
    WindowKind,
    SubjectKind,
    WireError,
    ReasonView,
    RunView,
    ChoiceView,
    Answered,
    FieldKind,
    FieldView,
    Binding,
    Risk,
    CommandView,
    FileAction,
    Verdict,
    FileChangeView,
    ApprovalView,
    QuestionView,
    CheckView,
    EffectView,
    ArtifactView,
    DeliveryView,
    DeliveryList,
    ListDeliveries,
    FocusOn,
    Cleanup,
    OwnFolderView,
    SubtaskView,
    TimelineRow,
    Event,
    LogLine,
    Draft,
    Window,
    Empty,
    TurnLimitsGiven,
    RunTask,
    ListTasks,
    TaskRef,
    ReadLog,
    WaitTasks,
    Scope,
    Decision,
    AnswerQuestion,
    ArchiveTasks,
    CancelTasks,
    DeleteTasks,
    RetryTask,
    MessageMode,
    WriteTo,
    EditTask,
    PauseTasks,
    PreviewProgram,
    FolderRef,
    AllowFolder,
    AroundView,
    FolderView,
    SetCredential,
    CredentialRef,
    CredentialView,
    KeychainView,
    Credentials,
    SecretView,
    GrantState,
    GrantView,
    Grants,
    AddGrant,
    RevokeGrant,
    GetSetting,
    SetSetting,
    BackupTo,
    Quit,
    Raise,
    RunReply,
    TaskView,
    TaskRow,
    TaskList,
    InboxRow,
    InboxView,
    Timeline,
    LogPage,
    WaitEnd,
    WaitReply,
    Changed,
    ProgramPreview,
    SettingView,
    Settings,
    BackupDone,
    KeepingAwake,
    EngineStatus,
    QuitReply,
    RaiseReply,
    DoctorRow,
    DoctorReport,
);

fn schema<T: JsonSchema>() -> Value {
    schema_for!(T).to_value()
}

/// The content of `ui/src/generated/wire.ts`.
pub fn typescript() -> String {
    let mut text = HEADER.to_owned();
    for declaration in declarations() {
        text.push_str("export ");
        text.push_str(&declaration);
        text.push_str("\n\n");
    }
    text.push_str("/** Every command: what it takes and what it returns. */\nexport interface Commands {\n");
    macro_rules! rows {
        ($($name:ident $text:literal $params:ident => $reply:ident, $doc:literal;)*) => {
            $(text.push_str(&format!(
                "  /** {} */\n  {}: {{ params: {}; reply: {} }};\n",
                $doc, $text, stringify!($params), stringify!($reply)
            ));)*
        };
    }
    with_commands!(rows);
    text.push_str("}\n");
    text
}

/// File name and content for each schema in `tests/contract`: what the terminal prints with `--json`.
pub fn contract() -> BTreeMap<String, String> {
    const PRINTED: &[&str] = &[
        "TaskView",
        "TaskList",
        "RunReply",
        "LogLine",
        "Event",
        "WaitReply",
        "Changed",
        "Timeline",
        "DeliveryList",
        "InboxView",
        "Settings",
        "SettingView",
        "BackupDone",
        "DoctorReport",
        "Credentials",
        "CredentialView",
        "Grants",
        "GrantView",
        "QuitReply",
        "WireError",
        "EngineStatus",
    ];
    let schemas = schemas();
    let mut files = BTreeMap::new();
    for name in PRINTED {
        if let Some(schema) = schemas.get(name) {
            files.insert(format!("{name}.json"), format!("{schema:#}\n"));
        }
    }
    files
}
