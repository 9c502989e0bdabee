use errand_wire::{AddGrant, Empty, GrantState, GrantView, RevokeGrant, Surface, command};

use crate::args::Grants;
use crate::output::{self, End};
use crate::parse;
use crate::render::table::{Cell, Column, table};
use crate::render::time::{Now, relative};
use crate::render::{Look, QUIET, STRONG, clean};
use crate::session::{Session, ask, now};
use crate::start;

const HERE: Option<Surface> = Some(Surface::Terminal);

pub async fn grants(session: &Session, typed: Option<Grants>) -> End {
    let (raw, text) = match typed.unwrap_or(Grants::List) {
        Grants::List => {
            let client = session.connect().await?;
            let (raw, all) = ask::<command::GrantList>(&client, Empty {}).await?;
            (raw, list(&all.grants, output::look(), &now()))
        }
        Grants::Add { rule, folder, until, uses } => {
            let folder = match folder {
                Some(folder) => parse::absolute(&folder)?,
                None => parse::current_folder()?,
            };
            let client = start::engine(session).await?;
            let params = AddGrant { rule, folder, until, uses, surface: HERE };
            let (raw, grant) = ask::<command::GrantAdd>(&client, params).await?;
            (raw, format!("{}\n", grant.id))
        }
        Grants::Revoke { id } => {
            let client = session.connect().await?;
            let (raw, _) = ask::<command::GrantRevoke>(&client, RevokeGrant { id, surface: HERE }).await?;
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

fn list(grants: &[GrantView], look: Look, now: &Now) -> String {
    let titles = [
        Column { title: "GRANT", flexible: false },
        Column { title: "ALLOWS", flexible: true },
        Column { title: "IN", flexible: true },
        Column { title: "UNTIL", flexible: false },
        Column { title: "USED", flexible: false },
    ];
    let row = |grant: &GrantView| {
        let until = match grant.state {
            GrantState::Valid => relative(grant.until, now),
            GrantState::Over => "over".to_owned(),
            GrantState::UsedUp => "used up".to_owned(),
            GrantState::Revoked => "revoked".to_owned(),
        };
        let used =
            grant.uses.map_or_else(|| grant.used.to_string(), |uses| format!("{} of {uses}", grant.used));
        vec![
            Cell::styled(&grant.id.to_string(), STRONG),
            Cell::new(&clean(&grant.rule)),
            Cell::new(&clean(&grant.folder)),
            Cell::styled(&until, QUIET),
            Cell::styled(&used, QUIET),
        ]
    };
    let rows: Vec<Vec<Cell>> = grants.iter().map(row).collect();
    if rows.is_empty() { "There are no grants.\n".to_owned() } else { table(&titles, &rows, look) }
}
