use errand_base::TaskId;

/// Who is behind a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    Person,
    /// A process of a run, or below one. The task is not known if the process has cleared its environment.
    Worker {
        task: Option<TaskId>,
    },
}
