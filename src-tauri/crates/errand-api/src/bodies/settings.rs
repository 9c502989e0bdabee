use errand_base::{Fault, Timestamp};
use errand_engine::settings::{self, Setting};
use errand_model::Reason;
use errand_store::{Entry, SubjectKind};
use errand_wire::{Empty, GetSetting, SetSetting, SettingView, Settings, command};

use crate::router::{Api, Body};

impl Body for command::SettingsList {
    async fn run(api: &Api, _params: Empty) -> Result<Settings, Fault> {
        let kept = api.store.read(|reader| reader.settings().all()).await?;
        let settings = settings::ALL.iter().map(|setting| {
            let value = kept.iter().find(|(name, _)| name == setting.name).map(|(_, value)| value.clone());
            describe(setting, value, api.clock.now())
        });
        Ok(Settings { settings: settings.collect() })
    }
}

impl Body for command::SettingsGet {
    async fn run(api: &Api, params: GetSetting) -> Result<SettingView, Fault> {
        let setting = Setting::find(&params.name)?;
        read(api, setting).await
    }
}

impl Body for command::SettingsSet {
    async fn run(api: &Api, params: SetSetting) -> Result<SettingView, Fault> {
        let setting = Setting::find(&params.name)?;
        let kept = api.store.read(|reader| reader.settings().all()).await?;
        let value = setting.read_at(&params.value, api.clock.now(), &kept)?;
        keep(api, setting.name, &value).await?;
        read(api, setting).await
    }
}

/// Writes a setting down and tells the engine. Its change is part of the feed like every other.
pub(super) async fn keep(api: &Api, name: &'static str, value: &str) -> Result<(), Fault> {
    let value = value.to_owned();
    let default = Setting::find(name)?.default;
    let at = api.clock.now();
    api.store
        .write(move |tx| {
            let before = tx.settings().get(name)?.unwrap_or_else(|| default.to_owned());
            if before == value {
                return Ok(());
            }
            tx.settings().set(name, &value)?;
            tx.transitions().append(&Entry {
                at,
                subject: SubjectKind::Settings,
                task: None,
                subject_id: name,
                from: &before,
                to: &value,
                reason: Reason::Edited,
                text: "Changed by the person",
            })?;
            Ok(())
        })
        .await?;
    api.engine.reread_settings().await
}

async fn read(api: &Api, setting: &Setting) -> Result<SettingView, Fault> {
    let name = setting.name;
    let kept = api.store.read(move |reader| reader.settings().get(name)).await?;
    Ok(describe(setting, kept, api.clock.now()))
}

fn describe(setting: &Setting, kept: Option<String>, now: Timestamp) -> SettingView {
    let value = kept.map_or_else(|| setting.default.to_owned(), |kept| setting.as_of(kept, now));
    SettingView {
        name: setting.name.to_owned(),
        is_default: value == setting.default,
        value,
        default: setting.default.to_owned(),
        text: setting.text.to_owned(),
    }
}
