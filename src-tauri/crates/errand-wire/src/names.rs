use errand_model as model;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A closed set of names on the wire that mirrors an enum of the model. Both directions are exhaustive matches,
/// so a new variant in the model does not compile until it has a name here.
macro_rules! mirror {
    ($(#[$meta:meta])* $name:ident = $model:ty { $($variant:ident),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($variant),* }

        impl From<$model> for $name {
            fn from(value: $model) -> $name {
                match value { $(<$model>::$variant => $name::$variant),* }
            }
        }

        impl From<$name> for $model {
            fn from(value: $name) -> $model {
                match value { $($name::$variant => <$model>::$variant),* }
            }
        }
    };
}

pub(crate) use mirror;

mirror!(
    TaskState = model::State {
        Waiting,
        Queued,
        Running,
        NeedsYou,
        RateLimited,
        Sleeping,
        Completed,
        Failed,
        TimedOut,
        Cancelled,
        Unknown
    }
);
mirror!(Hold = model::Hold { Person, All, Budget, Offline, Quota, Keychain, AgentMissing });
mirror!(Priority = model::Priority { Low, Normal, High, Urgent });
mirror!(
    /// When a result is announced; questions and failures always are.
    Notify = model::Notify { Always, Significant, Silent }
);
mirror!(
    /// Where the person acted.
    Surface = model::Surface { Terminal, Tray, Window, Notification, Script }
);

impl TaskState {
    pub fn name(self) -> &'static str {
        model::State::from(self).name()
    }

    pub fn is_final(self) -> bool {
        model::State::from(self).is_final()
    }
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Written down; its process is being started.
    Starting,
    Executing,
    /// Its processes are being ended.
    Ending,
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum LogStream {
    Out,
    Err,
    /// A line that Errand itself put there, such as "284 MB left out".
    Note,
    /// What runs around the work: what prepares it, checks it and cleans up, and its tools.
    Aside,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    Pending,
    /// Not shown yet, for a reason that is said.
    Held,
    /// Written down that it is about to be shown; a crash here may show it twice.
    Showing,
    Shown,
    Opened,
    Acted,
    Dismissed,
    Withdrawn,
    /// Told by a digest.
    Digested,
    /// In the lists only.
    Filed,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum QuitMode {
    /// Pause what can be resumed and leave; refused while plain programs run.
    #[default]
    Pause,
    /// Start nothing new and leave when the last run is over.
    Finish,
    /// End everything.
    Now,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum WindowKind {
    Quick,
    Task,
    /// Every open question.
    Inbox,
    /// One question.
    Answer,
}
