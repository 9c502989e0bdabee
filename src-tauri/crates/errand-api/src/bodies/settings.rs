use errand_base::{Code, Fault, Timestamp};
use errand_engine::settings::{self, AUTOSTART, Setting};
use errand_model::Reason;
use errand_os::Autostart;
use errand_store::{Entry, SubjectKind};
use errand_wire::{Empty, GetSetting, SetSetting, SettingView, Settings, command};

use crate::router::{Api, Body};

impl Body for command::SettingsList {
    async fn run(api: &Api, _params: Empty) -> Result<Settings, Fault> {
        let kept = api.store.read(|reader| reader.settings().all()).await?;
        let settings = settings::ALL.iter().map(|setting| {
            let value = kept.iter().find(|(name, _)| name == setting.name).map(|(_, value)| value.clone());
            describe(setting, outside(api, setting).or(value), api.clock.now())
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
        if setting.name == AUTOSTART {
            switch_autostart(api, &value)?;
        }
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
    Ok(describe(setting, outside(api, setting).or(kept), api.clock.now()))
}

/// What is so outside of our rows, where those only say what was wanted.
fn outside(api: &Api, setting: &Setting) -> Option<String> {
    let is_on = setting.name == AUTOSTART && autostart(api).is_some_and(|entry| entry.is_on());
    (setting.name == AUTOSTART).then(|| if is_on { "on" } else { "off" }.to_owned())
}

fn switch_autostart(api: &Api, value: &str) -> Result<(), Fault> {
    let entry = autostart(api).ok_or_else(|| {
        Fault::new(Code::ProgramMissing, "Errand cannot be started at login here.")
            .hint("It needs its desktop app, `errand-desktop`, beside `errand`, on Linux.")
    })?;
    entry.switch(value == "on").map_err(|error| {
        Fault::new(Code::StoreFailed, format!("The entry for your login cannot be changed: {error}."))
    })
}

fn autostart(api: &Api) -> Option<Autostart> {
    Autostart::of(&api.home, api.desktop_binary.as_deref()?)
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
