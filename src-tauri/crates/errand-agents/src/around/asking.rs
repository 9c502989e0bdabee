//! Calls of a response that are to be decided about. All of them are looked at before the first is carried out, so
//! whoever is cut off while the person thinks has done nothing of them yet; and each once more right before its turn.

use std::collections::BTreeMap;
use std::sync::Arc;

use errand_model::ToolCall;
use errand_model::approval::Verdict;
use tokio::task::{JoinError, JoinHandle};

use super::{Guarded, Job};
use crate::SessionEvent;
use crate::weigh::{Asked, Expected, Scales, Weighed, Weight};

/// A call, and what is known about it.
pub(super) struct Called {
    pub call: ToolCall,
    leave: Leave,
    /// What its file must still be.
    pub expected: Option<Expected>,
    /// It was looked at a moment ago and may begin.
    ready: bool,
}

enum Leave {
    Unasked,
    /// To do what has this seal.
    Approved(String),
    Denied(String),
}

#[derive(Default)]
pub(super) struct Asking {
    weighing: Option<JoinHandle<Weighed>>,
    /// One call, whose turn it is.
    last_look: bool,
    /// By the number of the request: which of the calls that are left, and what of the request they are.
    open: BTreeMap<u32, Vec<(usize, Asked)>>,
}

impl Called {
    pub fn new(call: ToolCall) -> Called {
        Called { call, leave: Leave::Unasked, expected: None, ready: false }
    }

    /// Approved, but its file was another one by the time it was to be written.
    pub fn changed(call: ToolCall) -> Called {
        Called { leave: Leave::Approved(String::new()), ..Called::new(call) }
    }

    pub fn denied(&self) -> Option<&str> {
        match &self.leave {
            Leave::Denied(why) => Some(why),
            Leave::Unasked | Leave::Approved(_) => None,
        }
    }

    pub fn is_ready(&self) -> bool {
        self.ready
    }
}

impl Asking {
    pub fn waits(&self) -> bool {
        self.weighing.is_some() || !self.open.is_empty()
    }

    /// Looks at the calls that come next.
    pub fn weigh(&mut self, scales: Arc<Scales>, calls: Vec<ToolCall>, last_look: bool) {
        self.last_look = last_look;
        self.weighing = Some(tokio::task::spawn_blocking(move || scales.weigh(&calls)));
    }

    pub async fn weighed(&mut self) -> Result<Weighed, JoinError> {
        match &mut self.weighing {
            Some(weighing) => weighing.await,
            None => std::future::pending().await,
        }
    }

    pub fn give_up(&mut self) {
        self.weighing = None;
        self.open.clear();
    }
}

impl Guarded {
    pub(super) fn hear_weights(&mut self, weighed: Result<Weighed, JoinError>) {
        let Some(batch) = &mut self.batch else { return };
        batch.asking.weighing = None;
        let last_look = batch.asking.last_look;
        let Ok(Weighed { calls, requests }) = weighed else {
            let all = if last_look { 1 } else { batch.left.len() };
            for job in batch.left.iter_mut().take(all) {
                if let Job::Tool(called) = job {
                    called.leave = Leave::Denied("it could not be looked at".to_owned());
                }
            }
            return;
        };
        let mut asks: Vec<_> = requests.into_iter().map(|request| (request, Vec::new(), false)).collect();
        for (n, (weight, job)) in calls.into_iter().zip(batch.left.iter_mut()).enumerate() {
            let Job::Tool(called) = job else { continue };
            match weight {
                Weight::Free => called.ready = last_look,
                Weight::Refused(why) => called.leave = Leave::Denied(why),
                Weight::Ask(asked) => match &called.leave {
                    Leave::Approved(seal) if *seal == asked.seal => {
                        called.ready = last_look;
                        called.expected = asked.expected;
                    }
                    leave => {
                        if let Some((_, calls, changed)) = asks.get_mut(asked.request) {
                            *changed |= matches!(leave, Leave::Approved(_));
                            calls.push((n, asked));
                        }
                    }
                },
            }
        }
        for (mut approval, calls, changed) in asks.into_iter().filter(|(_, calls, _)| !calls.is_empty()) {
            self.asked += 1;
            approval.ask = Some(self.asked);
            if changed {
                approval.why = format!("it changed since it was approved; {}", approval.why);
            }
            batch.asking.open.insert(self.asked, calls);
            self.told.push_back(SessionEvent::Asks(Box::new(approval)));
        }
    }

    pub(super) fn decided(&mut self, ask: u32, verdicts: &[Verdict], why: Option<String>) {
        let Some(batch) = &mut self.batch else { return };
        let Some(calls) = batch.asking.open.remove(&ask) else { return };
        let why = why.unwrap_or_else(|| "it was denied".to_owned());
        for (n, asked) in calls {
            let Some(Job::Tool(called)) = batch.left.get_mut(n) else { continue };
            called.leave = match verdicts.get(asked.item) {
                Some(Verdict::Approve) => Leave::Approved(asked.seal),
                Some(Verdict::Deny) | None => Leave::Denied(why.clone()),
            };
        }
    }
}
