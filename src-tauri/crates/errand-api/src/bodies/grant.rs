//! What a person allows in a folder for a while.

use errand_base::{Code, Fault};
use errand_model::Reason;
use errand_model::allow::{Effect, Rule};
use errand_model::approval::NewGrant;
use errand_store::{Entry, Grant, StoreError, SubjectKind, WriteTx};
use errand_wire::{AddGrant, Empty, GrantState, GrantView, Grants, RevokeGrant, command};

use super::change::surface;
use crate::router::{Api, Body};
use crate::{folders, program};

const LONGEST_RULE: usize = 4 * 1024;

impl Body for command::GrantList {
    async fn run(api: &Api, _params: Empty) -> Result<Grants, Fault> {
        let now = api.clock.now();
        let all = api.store.read(|reader| reader.grants().all()).await?;
        Ok(Grants { grants: all.into_iter().map(|grant| view(grant, now)).collect() })
    }
}

impl Body for command::GrantAdd {
    async fn run(api: &Api, params: AddGrant) -> Result<GrantView, Fault> {
        let (now, rule, by) = (api.clock.now(), params.rule.trim().to_owned(), surface(params.surface));
        rule_of(&rule)?;
        api.engine.credentials().keep_out(&rule)?;
        if params.until <= now {
            return Err(Fault::new(Code::BadUsage, "That moment has passed already.")
                .hint("Write a later one, such as +2h or 18:00."));
        }
        if params.uses == Some(0) {
            return Err(Fault::new(Code::BadUsage, "A grant that can never be used allows nothing."));
        }
        let folder = folders::real(&program::folder(Some(&params.folder))?)?;
        let (until, uses) = (params.until, params.uses);
        let grant = NewGrant { folder, rule, program: None, until, uses };
        let text =
            format!("Granted {}: `{}` in {} until {until}", by.phrase(), grant.rule, grant.folder.display());
        let kept = api.store.write(move |tx| {
            let id = tx.grants().add(&grant, by, now)?;
            note(tx, id, ("", "valid"), Reason::Granted, &text, now)?;
            tx.grants().get(id)
        });
        let kept = kept.await?;
        kept.map(|grant| view(grant, now)).ok_or_else(|| Fault::new(Code::Internal, "The grant is gone."))
    }
}

impl Body for command::GrantRevoke {
    async fn run(api: &Api, params: RevokeGrant) -> Result<GrantView, Fault> {
        let (now, id, by) = (api.clock.now(), params.id, surface(params.surface));
        let text = format!("Revoked {}", by.phrase());
        let found = api.store.write(move |tx| {
            let Some(before) = tx.grants().get(id)? else { return Ok(None) };
            if tx.grants().revoke(id, now)? {
                let from = if before.is_valid(now) { "valid" } else { "over" };
                note(tx, id, (from, "revoked"), Reason::GrantRevoked, &text, now)?;
            }
            tx.grants().get(id)
        });
        let found = found.await?;
        found
            .map(|grant| view(grant, now))
            .ok_or_else(|| Fault::new(Code::GrantNotFound, format!("There is no grant {id}.")))
    }
}

/// A rule that can be used, or what is wrong with it.
pub(super) fn rule_of(text: &str) -> Result<(), Fault> {
    if text.len() > LONGEST_RULE {
        return Err(Fault::new(Code::BadUsage, "The rule is longer than 4 KiB."));
    }
    match Rule::parse(0, Effect::Allow, text) {
        Ok(_) => Ok(()),
        Err(bad) => Err(Fault::new(Code::BadUsage, format!("The rule “{text}” is no rule: {bad}."))
            .hint("Write a program and its words, such as `git status`, `cargo test *` or `cat <path>`.")),
    }
}

fn note(
    tx: &mut WriteTx<'_>,
    id: i64,
    (from, to): (&str, &str),
    reason: Reason,
    text: &str,
    at: errand_base::Timestamp,
) -> Result<(), StoreError> {
    let subject_id = format!("grant {id}");
    let subject = SubjectKind::Settings;
    tx.transitions().append(&Entry {
        at,
        subject,
        task: None,
        subject_id: &subject_id,
        from,
        to,
        reason,
        text,
    })?;
    Ok(())
}

fn view(grant: Grant, now: errand_base::Timestamp) -> GrantView {
    let state = if grant.revoked_at.is_some() {
        GrantState::Revoked
    } else if grant.until <= now {
        GrantState::Over
    } else if !grant.is_valid(now) {
        GrantState::UsedUp
    } else {
        GrantState::Valid
    };
    GrantView {
        id: grant.id,
        rule: grant.rule,
        folder: grant.folder.display().to_string(),
        program: grant.program.map(|program| program.display().to_string()),
        until: grant.until,
        uses: grant.uses,
        used: grant.used,
        last_used: grant.last_used,
        made_at: grant.made_at,
        surface: grant.surface.into(),
        state,
    }
}
