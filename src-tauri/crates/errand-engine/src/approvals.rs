//! What a run wants done and may not simply do, on its way to the decision: grants are looked up, then it is asked.

use std::path::Path;
use std::sync::Arc;

use errand_base::{Clock, Code, Fault, TaskId};
use errand_model::Event;
use errand_model::approval::{Approval, Item, Unattended, Verdict};
use errand_store::{Grant, Store};
use tokio::sync::{mpsc, oneshot};

use crate::input::Input;
use crate::run::{Ruling, RunShared};

/// So often a grant may be used up by somebody else between the look and the use.
const TRIES: u32 = 8;

/// Brings the requests of one run to the dispatcher.
#[derive(Clone)]
pub(crate) struct Asker {
    pub task: TaskId,
    pub shared: Arc<RunShared>,
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub input: mpsc::UnboundedSender<Input>,
}

impl Asker {
    pub fn ask(&self, approval: Box<Approval>) {
        let me = self.clone();
        tokio::spawn(async move {
            if let Err(fault) = me.consult(&approval).await {
                // Nobody will decide about it, so it is not done.
                let why = Some(format!("it could not be asked about: {}", fault.message));
                let verdicts = vec![Verdict::Deny; approval.items.len()];
                me.shared.rule(Ruling { ask: approval.ask.unwrap_or_default(), verdicts, why });
            }
        });
    }

    async fn consult(&self, approval: &Approval) -> Result<(), Fault> {
        let mut tries = 0;
        loop {
            tries += 1;
            let grants = self.grants(approval).await?;
            let (reply, answer) = oneshot::channel();
            let (task, run) = (self.task.clone(), self.shared.run);
            let event = Event::ApprovalAsked { run, approval: Box::new(approval.clone()), grants };
            let gone = || Fault::new(Code::Quitting, "Errand is leaving.");
            self.input.send(Input::Tell { task, event, stored: None, reply }).map_err(|_| gone())?;
            match answer.await.map_err(|_| gone())? {
                Err(fault) if fault.code == Code::GrantNotFound && tries < TRIES => {}
                told => return told,
            }
        }
    }

    /// Which items a grant allows. None is looked for where nobody is to be asked and nothing was granted for that.
    async fn grants(&self, approval: &Approval) -> Result<Vec<(usize, i64)>, Fault> {
        if approval.unattended == Unattended::Deny {
            return Ok(Vec::new());
        }
        let (folder, now) = (approval.folder.display().to_string(), self.clock.now());
        let grants = self.store.read(move |reader| reader.grants().valid_in(&folder, now)).await?;
        if grants.is_empty() {
            return Ok(Vec::new());
        }
        let (folder, items) = (approval.folder.clone(), approval.items.clone());
        let found = tokio::task::spawn_blocking(move || matching(&grants, &folder, &items)).await;
        found.map_err(|error| Fault::new(Code::Internal, error.to_string()))
    }
}

fn matching(grants: &[Grant], folder: &Path, items: &[Item]) -> Vec<(usize, i64)> {
    let allows = |grant: &&Grant, item: &Item| {
        errand_agents::grant_allows(&grant.rule, grant.program.as_deref(), folder, item)
    };
    // One grant is used once for each item, and may not last for all of them.
    let mut left: Vec<Option<u32>> =
        grants.iter().map(|grant| grant.uses.map(|uses| uses.saturating_sub(grant.used))).collect();
    let mut found = Vec::new();
    for (n, item) in items.iter().enumerate() {
        let usable =
            grants.iter().enumerate().find(|(at, grant)| left[*at] != Some(0) && allows(grant, item));
        if let Some((at, grant)) = usable {
            left[at] = left[at].map(|left| left - 1);
            found.push((n, grant.id));
        }
    }
    found
}
