use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use crate::StoreError;

/// What comes of a job. The job is queued already; dropping this does not take it back.
#[must_use = "what came of the job is lost"]
pub struct Reply<T>(oneshot::Receiver<Result<T, StoreError>>);

impl<T: Send + 'static> Reply<T> {
    pub(crate) fn new() -> (impl FnOnce(Result<T, StoreError>) + Send + 'static, Reply<T>) {
        let (send, receive) = oneshot::channel();
        let done = move |result| {
            // Whoever asked may have gone.
            let _ = send.send(result);
        };
        (done, Reply(receive))
    }
}

impl<T> Future for Reply<T> {
    type Output = Result<T, StoreError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(|reply| reply.unwrap_or(Err(StoreError::Closed)))
    }
}
