//! Telling the person by a program of theirs, such as one that sends a message to their telephone.

use std::future::Future;
use std::pin::Pin;

use errand_base::TaskId;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub task: TaskId,
    /// The program and its arguments, as they are.
    pub argv: Vec<String>,
    /// What it reads on its standard input.
    pub document: String,
}

/// The error says why the person was probably not told, without a full stop.
pub type Telling = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

pub trait Herald: Send + Sync + 'static {
    /// Runs the program and waits until nothing of it is left, within a limit.
    fn tell(&self, message: Message) -> Telling;
}
