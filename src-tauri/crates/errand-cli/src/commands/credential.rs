use errand_wire::{CredentialRef, CredentialView, Credentials, Empty, SetCredential, command};

use crate::args::Credential;
use crate::output::{self, End};
use crate::render::table::{Cell, Column, table};
use crate::render::time::{Now, relative};
use crate::render::{Look, QUIET, STRONG, clean};
use crate::session::{Session, ask, now};
use crate::{hidden, start};

pub async fn credential(session: &Session, typed: Credential) -> End {
    let (raw, text) = match typed {
        Credential::Set { name, session: for_session } => {
            // Before an engine is started for it: the person may give up.
            let value = hidden::value(&name)?;
            let client = start::engine(session).await?;
            let params = SetCredential { name, value, session: for_session };
            let (raw, kept) = ask::<command::CredentialSet>(&client, params).await?;
            (raw, said(&kept))
        }
        Credential::List => {
            let client = session.connect().await?;
            let (raw, all) = ask::<command::CredentialList>(&client, Empty {}).await?;
            (raw, list(&all, output::look(), &now()))
        }
        Credential::Remove { name } => {
            let client = session.connect().await?;
            let (raw, _) = ask::<command::CredentialRemove>(&client, CredentialRef { name }).await?;
            (raw, String::new())
        }
    };
    if session.json {
        output::document(&raw)?;
    } else {
        output::text(&text)?;
    }
    Ok(0)
}

fn said(kept: &CredentialView) -> String {
    let place =
        if kept.kind == "session" { "is kept in memory until Errand leaves" } else { "is in your keychain" };
    clean(&format!(
        "{} {place}; `errand run --secret VARIABLE={} -- PROGRAM` hands it over.",
        kept.name, kept.name
    )) + "\n"
}

fn list(all: &Credentials, look: Look, now: &Now) -> String {
    let titles = [
        Column { title: "CREDENTIAL", flexible: true },
        Column { title: "KEPT IN", flexible: false },
        Column { title: "GIVEN", flexible: false },
        Column { title: "USED", flexible: false },
    ];
    let place = |credential: &CredentialView| match (credential.kind.as_str(), credential.gone) {
        (_, true) => "nowhere, set it again",
        ("session", false) => "memory, until Errand leaves",
        _ => "keychain",
    };
    let row = |credential: &CredentialView| {
        let used = credential.used_at.map_or_else(|| "never".to_owned(), |at| relative(at, now));
        vec![
            Cell::styled(&credential.name, STRONG),
            Cell::new(place(credential)),
            Cell::styled(&relative(credential.created_at, now), QUIET),
            Cell::styled(&used, QUIET),
        ]
    };
    let rows: Vec<Vec<Cell>> = all.credentials.iter().map(row).collect();
    let mut text =
        if rows.is_empty() { "There are no credentials.\n".to_owned() } else { table(&titles, &rows, look) };
    if all.keychain.state != "present" {
        text += &format!("\n{}\n", clean(&all.keychain.text));
        if let Some(hint) = &all.keychain.hint {
            text += &format!("  {}\n", clean(hint));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use errand_wire::KeychainView;

    use super::*;

    #[test]
    fn a_list_says_where_values_are_and_why_they_cannot_be_read() {
        let at = errand_base::Timestamp::from_millis(1_795_000_000_000);
        let credential = |name: &str, kind: &str, gone| CredentialView {
            name: name.into(),
            kind: kind.into(),
            gone,
            created_at: at,
            used_at: None,
        };
        let all = Credentials {
            credentials: vec![credential("a", "keychain", false), credential("b", "session", true)],
            keychain: KeychainView {
                state: "locked".into(),
                text: "The keychain is locked.".into(),
                hint: Some("Unlock it.".into()),
            },
        };
        let text = list(&all, Look::PLAIN, &Now::here(at));
        assert!(
            text.contains("keychain") && text.contains("set it again") && text.contains("never"),
            "{text}"
        );
        assert!(text.ends_with("The keychain is locked.\n  Unlock it.\n"), "{text}");
    }
}
