use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// What waits for a thread of the store. Its end is part of it: after `close` nothing comes in, and what is
/// inside is still handed out.
pub(crate) struct Queue<T> {
    inner: Mutex<Inner<T>>,
    ready: Condvar,
}

struct Inner<T> {
    items: VecDeque<T>,
    closed: bool,
    /// Threads asleep; waking nobody would still be a system call.
    asleep: usize,
}

impl<T> Queue<T> {
    pub fn new() -> Queue<T> {
        Queue {
            inner: Mutex::new(Inner { items: VecDeque::new(), closed: false, asleep: 0 }),
            ready: Condvar::new(),
        }
    }

    /// Gives the item back if the queue is closed.
    pub fn push(&self, item: T) -> Result<(), T> {
        let mut inner = self.lock();
        if inner.closed {
            return Err(item);
        }
        inner.items.push_back(item);
        let wake = inner.asleep > 0;
        drop(inner);
        if wake {
            self.ready.notify_one();
        }
        Ok(())
    }

    /// Waits for something and moves at most `most` items to `into`; `false` once closed and empty.
    pub fn take(&self, most: usize, into: &mut Vec<T>) -> bool {
        let mut inner = self.lock();
        while inner.items.is_empty() {
            if inner.closed {
                return false;
            }
            inner.asleep += 1;
            inner = self.ready.wait(inner).unwrap_or_else(PoisonError::into_inner);
            inner.asleep -= 1;
        }
        let count = inner.items.len().min(most);
        into.extend(inner.items.drain(..count));
        true
    }

    pub fn len(&self) -> usize {
        self.lock().items.len()
    }

    pub fn close(&self) {
        self.lock().closed = true;
        self.ready.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
