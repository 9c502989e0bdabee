use crate::{StoreError, WriteTx};

/// A piece of work for the writer together with whoever waits for its commit.
pub(crate) trait Job: Send {
    fn run(&mut self, tx: &mut WriteTx<'_>) -> Result<(), StoreError>;
    /// Called once, after the commit or after it is certain that there is none.
    fn finish(self: Box<Self>, outcome: Result<(), StoreError>);
    /// It must reach the disk even when that is full, and can be run again until it does.
    fn is_final(&self) -> bool;
}

pub(crate) struct Once<F, D, T> {
    pub job: Option<F>,
    pub done: D,
    pub result: Option<T>,
}

impl<F, D, T> Job for Once<F, D, T>
where
    F: FnOnce(&mut WriteTx<'_>) -> Result<T, StoreError> + Send,
    D: FnOnce(Result<T, StoreError>) + Send,
    T: Send,
{
    fn run(&mut self, tx: &mut WriteTx<'_>) -> Result<(), StoreError> {
        let job = self.job.take().ok_or(StoreError::Panicked)?;
        self.result = Some(job(tx)?);
        Ok(())
    }

    fn finish(self: Box<Self>, outcome: Result<(), StoreError>) {
        let result = self.result;
        (self.done)(outcome.and_then(|()| result.ok_or(StoreError::Panicked)));
    }

    fn is_final(&self) -> bool {
        false
    }
}

pub(crate) struct Final<F, D, T> {
    pub job: F,
    pub done: D,
    pub result: Option<T>,
}

impl<F, D, T> Job for Final<F, D, T>
where
    F: FnMut(&mut WriteTx<'_>) -> Result<T, StoreError> + Send,
    D: FnOnce(Result<T, StoreError>) + Send,
    T: Send,
{
    fn run(&mut self, tx: &mut WriteTx<'_>) -> Result<(), StoreError> {
        self.result = Some((self.job)(tx)?);
        Ok(())
    }

    fn finish(self: Box<Self>, outcome: Result<(), StoreError>) {
        let result = self.result;
        (self.done)(outcome.and_then(|()| result.ok_or(StoreError::Panicked)));
    }

    fn is_final(&self) -> bool {
        true
    }
}
