use errand_wire::{Empty, GetSetting, SetSetting, SettingView, command};

use crate::args::Settings;
use crate::output::{self, End};
use crate::render::table::{Cell, Column, table};
use crate::render::{self, Look, QUIET, STRONG};
use crate::session::{Session, ask};

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
