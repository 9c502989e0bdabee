use errand_base::Timestamp;
use errand_wire::{Empty, GetSetting, SetSetting, SettingView, command};

use crate::args::{Mute, Settings};
use crate::output::{self, End};
use crate::render::table::{Cell, Column, table};
use crate::render::time::{Now, absolute};
use crate::render::{self, Look, QUIET, STRONG};
use crate::session::{Session, ask, now};

pub async fn settings(session: &Session, typed: Settings) -> End {
    let client = session.connect().await?;
    let (raw, text) = match typed {
        Settings::List => {
            let (raw, reply) = ask::<command::SettingsList>(&client, Empty {}).await?;
            (raw, list(&reply.settings, output::look()))
        }
        // The value alone, for `$(errand settings get NAME)`.
        Settings::Get { name } => {
            let (raw, reply) = ask::<command::SettingsGet>(&client, GetSetting { name }).await?;
            (raw, render::clean(&reply.value) + "\n")
        }
        Settings::Set { name, value } => {
            let (raw, reply) = ask::<command::SettingsSet>(&client, SetSetting { name, value }).await?;
            (raw, render::clean(&format!("{} = {}", reply.name, reply.value)) + "\n")
        }
    };
    if session.json {
        output::document(&raw)?
    } else {
        output::text(&text)?
    }
    Ok(0)
}

pub async fn mute(session: &Session, typed: Mute) -> End {
    let client = session.connect().await?;
    let params = SetSetting { name: "mute".to_owned(), value: typed.until };
    let (raw, reply) = ask::<command::SettingsSet>(&client, params).await?;
    if session.json {
        output::document(&raw)?;
    } else {
        output::text(&muted(&reply.value, &now()))?;
    }
    Ok(0)
}

fn muted(value: &str, now: &Now) -> String {
    match Timestamp::parse_rfc3339(value) {
        Some(until) => format!("All but urgent notifications wait until {}.\n", absolute(until, now)),
        None => "Notifications are not muted.\n".to_owned(),
    }
}

fn list(settings: &[SettingView], look: Look) -> String {
    let titles = [
        Column { title: "SETTING", flexible: false },
        Column { title: "VALUE", flexible: true },
        Column { title: "", flexible: false },
        Column { title: "MEANING", flexible: true },
    ];
    let rows: Vec<Vec<Cell>> = settings
        .iter()
        .map(|setting| {
            let changed = if setting.is_default { "" } else { "changed" };
            vec![
                Cell::styled(&setting.name, STRONG),
                Cell::new(&setting.value),
                Cell::styled(changed, QUIET),
                Cell::styled(&setting.text, QUIET),
            ]
        })
        .collect();
    table(&titles, &rows, look)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn muting_says_until_when() {
        let now = crate::render::card::samples::now();
        let text = muted("2026-11-21T13:00:00.000Z", &now);
        assert!(text.starts_with("All but urgent notifications wait until "), "{text}");
        assert_eq!(muted("off", &now), "Notifications are not muted.\n");
    }

    #[test]
    fn a_changed_setting_is_marked() {
        let setting = |name: &str, value: &str, is_default| SettingView {
            name: name.into(),
            value: value.into(),
            default: "3".into(),
            is_default,
            text: "How many run at once.".into(),
        };
        let text = list(&[setting("slots", "5", false), setting("quiet", "3", true)], Look::PLAIN);
        assert_eq!(
            text,
            "slots  5  changed  How many run at once.\nquiet  3           How many run at once.\n"
        );
    }
}
