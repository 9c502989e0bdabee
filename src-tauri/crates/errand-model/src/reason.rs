use serde::{Deserialize, Serialize};

macro_rules! reasons {
    ($($(#[$meta:meta])* $name:ident = $text:literal,)*) => {
        /// Why something changed. The list is closed and its names are stable; the sentence beside a reason is not.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Reason { $($(#[$meta])* $name,)* }

        impl Reason {
            pub const ALL: &[Reason] = &[$(Reason::$name,)*];

            pub fn name(self) -> &'static str {
                match self { $(Reason::$name => $text,)* }
            }

            pub fn from_name(name: &str) -> Option<Reason> {
                match name { $($text => Some(Reason::$name),)* _ => None }
            }
        }
    };
}

reasons! {
    /// The task was handed over and written down.
    Accepted = "accepted",
    WaitsForTasks = "waits_for_tasks",
    WaitsForTime = "waits_for_time",
    DependenciesMet = "dependencies_met",
    DependencyFailed = "dependency_failed",
    DependencyReopened = "dependency_reopened",
    StartTimeReached = "start_time_reached",
    /// A slot was free and it was this task's turn.
    Admitted = "admitted",
    ExitZero = "exit_zero",
    ExitNonzero = "exit_nonzero",
    KilledBySignal = "killed_by_signal",
    ProgramMissing = "program_missing",
    FolderMissing = "folder_missing",
    StartFailed = "start_failed",
    TimeLimit = "time_limit",
    CancelledByPerson = "cancelled_by_person",
    /// `errand quit --now` ended it.
    QuitNow = "quit_now",
    /// The engine was killed or the machine went down while it ran.
    EngineDied = "engine_died",
    /// The engine was told to leave at once (logout, SIGTERM) while it ran.
    EngineStopped = "engine_stopped",
    /// Its supervisor was killed; what it started was ended.
    SupervisorDied = "supervisor_died",
    PausedByPerson = "paused_by_person",
    ResumedByPerson = "resumed_by_person",
    Held = "held",
    /// A credential that it needs cannot be read.
    HeldForKeychain = "held_for_keychain",
    Released = "released",
    AnsweredByPerson = "answered_by_person",
    /// The person chose to run although a dependency did not complete.
    RunAnyway = "run_anyway",
    WaitForRetry = "wait_for_retry",
    /// A program has printed nothing for a long time.
    Silent = "silent",
    /// A silent program printed again.
    Spoke = "spoke",
    KeepWaiting = "keep_waiting",
    StoppedWhileSilent = "stopped_while_silent",
    RetryByPerson = "retry_by_person",
    RetryAfterFailure = "retry_after_failure",
    /// Processes are left that SIGKILL does not end.
    WillNotStop = "will_not_stop",
    ProcessesGone = "processes_gone",
    Started = "started",
    /// A worker handed over its result.
    Finished = "finished",
    /// A worker asks the person.
    AskedByWorker = "asked_by_worker",
    /// Whoever asked no longer waits for the answer.
    AskerGone = "asker_gone",
    /// A question was answered, so work goes on.
    Answered = "answered",
    /// A worker wants something done that is to be decided about first.
    ApprovalAsked = "approval_asked",
    /// The person has approved the same for the whole task, or before an interruption.
    ApprovedBefore = "approved_before",
    /// The person has denied the same before.
    DeniedBefore = "denied_before",
    /// A grant of the person allows it.
    Granted = "granted",
    GrantRevoked = "grant_revoked",
    /// It would be asked about, and nobody is to be asked.
    RefusedUnattended = "refused_unattended",
    Progress = "progress",
    /// It is about to do something outside, or has done it.
    Deed = "deed",
    /// It wants to be woken later.
    WakeAsked = "wake_asked",
    Sleeps = "sleeps",
    WokenUp = "woken_up",
    TurnEnded = "turn_ended",
    /// Errand left between two of its turns.
    Parked = "parked",
    /// It wrote a response that cannot be read.
    BadResponse = "bad_response",
    WorkerFailed = "worker_failed",
    WorkerBlocked = "worker_blocked",
    /// All turns of its limit are used up.
    TurnLimit = "turn_limit",
    /// One turn took too long.
    TurnTimeLimit = "turn_time_limit",
    /// It was silent too long and is started again.
    StallRestart = "stall_restart",
    /// It was silent too long too often.
    StallRestartExhausted = "stall_restart_exhausted",
    /// It goes on where it was interrupted.
    Recovered = "recovered",
    /// It was interrupted too often.
    RecoveryExhausted = "recovery_exhausted",
    /// What the folder needs before a run is not there.
    PreflightFailed = "preflight_failed",
    BeforeRunFailed = "before_run_failed",
    /// It said that it was done, and what was to hold then does not.
    ChecksFailed = "checks_failed",
    AfterRunFailed = "after_run_failed",
    /// It prepares, checks or cleans up.
    Aside = "aside",
    /// The machine slept, or its clock was set.
    ClockGap = "clock_gap",
    /// The machine is no longer kept awake for it.
    MaySleep = "may_sleep",
    /// A worker has handed part of its work on.
    SubtaskBegun = "subtask_begun",
    SubtaskEnded = "subtask_ended",
    SubtaskReopened = "subtask_reopened",
    /// All sub-tasks that it waited for have ended.
    SubtasksEnded = "subtasks_ended",
    /// It is done but for its sub-tasks.
    WaitsForSubtasks = "waits_for_subtasks",
    /// The task that it belongs to was cancelled.
    ParentCancelled = "parent_cancelled",
    /// The task that it belongs to has ended without it.
    ParentEnded = "parent_ended",
    /// The task that it belongs to cancelled it.
    CalledOff = "called_off",
    Shown = "shown",
    /// Shown again, because the last showing was not confirmed or its service went away.
    ShownAgain = "shown_again",
    NoNotificationService = "no_notification_service",
    FiledSilently = "filed_silently",
    /// Not told yet: at night, while all is muted, or with the next digest.
    HeldBack = "held_back",
    /// Told as part of a digest.
    Digested = "digested",
    /// Nobody came for a long time.
    Escalated = "escalated",
    /// The person's program could not tell it.
    EscalationFailed = "escalation_failed",
    OpenedByPerson = "opened_by_person",
    DismissedByPerson = "dismissed_by_person",
    Settled = "settled",
    Edited = "edited",
    /// The person wrote to a worker.
    Message = "message",
    /// The person gave a worker something else to do.
    ReplacedByPerson = "replaced_by_person",
    /// Put out of sight by its person; it is kept.
    Archived = "archived",
    /// Taken out of the archive again.
    Restored = "restored",
    /// One of its processes asked for what only a person may do.
    ReachedTooFar = "reached_too_far",
    RemovedByPerson = "removed_by_person",
    /// The folder that belongs to it could not be removed, so the task stays, too.
    FolderNotRemoved = "folder_not_removed",
    /// Its time to be kept is over; the task was removed.
    Expired = "expired",
}
