use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a patient item waits for company.
const PATIENCE: Duration = Duration::from_millis(50);

/// What waits for a thread of the store. Its end is part of it: after `close` nothing comes in, and what is
/// inside is still handed out.
pub(crate) struct Queue<T> {
    inner: Mutex<Inner<T>>,
    ready: Condvar,
}

struct Inner<T> {
    items: VecDeque<T>,
    /// Something inside is not patient.
    urgent: bool,
    closed: bool,
    /// Threads asleep; waking nobody would still be a system call.
    asleep: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    Items,
    /// Nothing came for as long as was asked.
    Nothing,
    /// Closed and empty.
    End,
}

impl<T> Queue<T> {
    pub fn new() -> Queue<T> {
        Queue {
            inner: Mutex::new(Inner { items: VecDeque::new(), urgent: false, closed: false, asleep: 0 }),
            ready: Condvar::new(),
        }
    }

    /// Gives the item back if the queue is closed.
    pub fn push(&self, item: T) -> Result<(), T> {
        self.put(item, true)
    }

    /// For what nobody waits for: it goes with whatever comes next, or alone after a moment.
    pub fn push_patient(&self, item: T) -> Result<(), T> {
        self.put(item, false)
    }

    fn put(&self, item: T, urgent: bool) -> Result<(), T> {
        let mut inner = self.lock();
        if inner.closed {
            return Err(item);
        }
        let first = inner.items.is_empty();
        inner.items.push_back(item);
        inner.urgent |= urgent;
        let wake = inner.asleep > 0 && (urgent || first);
        drop(inner);
        if wake {
            self.ready.notify_one();
        }
        Ok(())
    }

    /// Waits for something and moves at most `most` items to `into`; `false` once closed and empty.
    pub fn take(&self, most: usize, into: &mut Vec<T>) -> bool {
        self.take_within(None, most, into) != Taken::End
    }

    /// The same with an end to waiting.
    pub fn take_within(&self, limit: Option<Duration>, most: usize, into: &mut Vec<T>) -> Taken {
        let mut inner = self.lock();
        loop {
            let waiting = !inner.items.is_empty();
            if waiting && (inner.urgent || inner.closed) {
                break;
            }
            if inner.closed {
                return Taken::End;
            }
            let limit = if waiting { Some(PATIENCE) } else { limit };
            inner.asleep += 1;
            let late;
            (inner, late) = self.sleep(inner, limit);
            inner.asleep -= 1;
            if late && waiting {
                break;
            }
            if late && inner.items.is_empty() && !inner.closed {
                return Taken::Nothing;
            }
        }
        let count = inner.items.len().min(most);
        into.extend(inner.items.drain(..count));
        inner.urgent &= !inner.items.is_empty();
        Taken::Items
    }

    /// The second is whether the time was over.
    fn sleep<'a>(
        &self,
        inner: MutexGuard<'a, Inner<T>>,
        limit: Option<Duration>,
    ) -> (MutexGuard<'a, Inner<T>>, bool) {
        match limit {
            Some(limit) => {
                let (inner, end) =
                    self.ready.wait_timeout(inner, limit).unwrap_or_else(PoisonError::into_inner);
                (inner, end.timed_out())
            }
            None => (self.ready.wait(inner).unwrap_or_else(PoisonError::into_inner), false),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_patient_goes_with_what_is_not_and_alone_after_a_moment() {
        let queue = Queue::new();
        queue.push_patient(1).unwrap();
        queue.push(2).unwrap();
        let mut taken = Vec::new();
        assert_eq!(queue.take_within(None, 9, &mut taken), Taken::Items);
        assert_eq!(taken, [1, 2]);
        assert_eq!(queue.take_within(Some(Duration::ZERO), 9, &mut taken), Taken::Nothing);
        queue.push_patient(3).unwrap();
        assert_eq!(queue.take_within(None, 9, &mut taken), Taken::Items);
        assert_eq!(taken, [1, 2, 3]);
        queue.push_patient(4).unwrap();
        queue.close();
        assert!(queue.take(9, &mut taken) && !queue.take(9, &mut taken));
        assert_eq!(taken, [1, 2, 3, 4]);
    }
}
