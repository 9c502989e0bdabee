//! One icon in the tray, and what a person can do with it.

use std::time::Duration;

use zbus::{
    Connection, fdo,
    names::BusName,
    proxy,
    zvariant::{OwnedObjectPath, Value},
};

use super::{
    Address,
    menu::{Layout, Menu},
};
use crate::desktop::{
    error::{DesktopError, Result},
    wait::eventually,
};

/// Every property is asked for anew each time: what a test compares is what the item says now.
#[derive(Debug, Clone)]
pub struct TrayItem {
    connection: Connection,
    address: Address,
}

/// `(width, height, bytes)` for each size.
type Pixmaps = Vec<(i32, i32, Vec<u8>)>;

#[proxy(interface = "org.kde.StatusNotifierItem", assume_defaults = false)]
trait StatusNotifierItem {
    #[zbus(property(emits_changed_signal = "false"))]
    fn id(&self) -> zbus::Result<String>;
    #[zbus(property(emits_changed_signal = "false"))]
    fn title(&self) -> zbus::Result<String>;
    #[zbus(property(emits_changed_signal = "false"))]
    fn status(&self) -> zbus::Result<String>;
    #[zbus(property(emits_changed_signal = "false"))]
    fn icon_name(&self) -> zbus::Result<String>;
    #[zbus(property(emits_changed_signal = "false"))]
    fn tool_tip(&self) -> zbus::Result<(String, Pixmaps, String, String)>;
    #[zbus(property(emits_changed_signal = "false"))]
    fn menu(&self) -> zbus::Result<OwnedObjectPath>;
}

#[proxy(interface = "com.canonical.dbusmenu", assume_defaults = false)]
trait DbusMenu {
    fn get_layout(&self, parent: i32, depth: i32, properties: &[&str]) -> zbus::Result<(u32, Layout)>;
    fn about_to_show(&self, id: i32) -> zbus::Result<bool>;
    fn event(&self, id: i32, event: &str, data: Value<'_>, timestamp: u32) -> zbus::Result<()>;
}

impl TrayItem {
    pub(super) fn new(connection: Connection, address: Address) -> Self {
        Self { connection, address }
    }

    pub async fn pid(&self) -> Result<u32> {
        let bus = fdo::DBusProxy::new(&self.connection).await?;
        let owner = BusName::try_from(self.address.owner.as_str()).map_err(zbus::Error::from)?;
        Ok(bus.get_connection_unix_process_id(owner).await?)
    }

    pub async fn id(&self) -> Result<String> {
        Ok(self.item().await?.id().await?)
    }

    pub async fn title(&self) -> Result<String> {
        Ok(self.item().await?.title().await?)
    }

    /// `Active`, `Passive` or `NeedsAttention`.
    pub async fn status(&self) -> Result<String> {
        Ok(self.item().await?.status().await?)
    }

    /// A themed name or the path of a picture.
    pub async fn icon_name(&self) -> Result<String> {
        Ok(self.item().await?.icon_name().await?)
    }

    /// Title and text. Tauri's tray has none on Linux, which is an error here.
    pub async fn tooltip(&self) -> Result<(String, String)> {
        let (_, _, title, text) = self.item().await?.tool_tip().await?;
        Ok((title, text))
    }

    pub async fn menu(&self) -> Result<Menu> {
        let menu = self.dbus_menu().await?;
        // A panel announces itself before it opens a menu. Not every owner implements this.
        let _ = menu.about_to_show(0).await;
        let (_revision, layout) = menu.get_layout(0, -1, &[]).await?;
        Menu::read(layout)
    }

    /// Waits until the menu is as wanted; says how it looked when it never was.
    pub async fn menu_when(
        &self,
        what: &str,
        limit: Duration,
        is_it: impl Fn(&Menu) -> bool,
    ) -> Result<Menu> {
        let mut seen = String::new();
        let look = async || {
            let menu = self.menu().await?;
            seen = menu.to_string();
            Ok(is_it(&menu).then_some(menu))
        };
        match eventually(what, limit, look).await {
            Err(DesktopError::Late { what, limit, detail }) => {
                Err(DesktopError::Late { what, limit, detail: format!("{detail}; the menu was:\n{seen}") })
            }
            outcome => outcome,
        }
    }

    /// Clicks the entry at a path of labels. A disabled or hidden entry cannot be clicked.
    pub async fn click(&self, path: &[&str]) -> Result<()> {
        let menu = self.menu().await?;
        let entry = menu.require(path)?;
        if !entry.enabled || !entry.visible {
            return Err(DesktopError::Absent {
                what: format!("menu entry `{}` that can be clicked", path.join(" > ")),
                present: format!("this menu:\n{menu}"),
            });
        }
        self.click_id(entry.id).await
    }

    /// Clicks an entry by the id an earlier reading gave: a menu that was open while its owner changed it.
    pub async fn click_id(&self, id: i32) -> Result<()> {
        Ok(self.dbus_menu().await?.event(id, "clicked", Value::from(0_i32), 0).await?)
    }

    async fn item(&self) -> Result<StatusNotifierItemProxy<'static>> {
        let builder = StatusNotifierItemProxy::builder(&self.connection)
            .destination(self.address.owner.clone())?
            .path(self.address.path.clone())?
            .cache_properties(zbus::proxy::CacheProperties::No);
        Ok(builder.build().await?)
    }

    async fn dbus_menu(&self) -> Result<DbusMenuProxy<'static>> {
        let path = self.item().await?.menu().await?;
        let builder =
            DbusMenuProxy::builder(&self.connection).destination(self.address.owner.clone())?.path(path)?;
        Ok(builder.build().await?)
    }
}
