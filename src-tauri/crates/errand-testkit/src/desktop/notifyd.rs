//! The notification service of Xfce, as installed, and a hand that clicks on what it shows.

use std::{fs, path::PathBuf, time::Duration};

use zbus::{fdo, names::BusName};

use super::{
    Desktop, Running,
    error::{DesktopError, Result},
    screenshot::Picture,
    wait::eventually,
};

const NAME: &str = "org.freedesktop.Notifications";
const LIMIT: Duration = Duration::from_secs(20);

/// A running xfce4-notifyd. Dropping it kills it.
#[derive(Debug)]
pub struct Notifyd<'d> {
    desktop: &'d Desktop,
    _program: Running,
}

impl<'d> Notifyd<'d> {
    pub async fn start(desktop: &'d Desktop) -> Result<Self> {
        let mut command = desktop.command(program()?);
        let log = fs::File::create(desktop.scratch().join("xfce4-notifyd.log"))?;
        command.stdout(log.try_clone()?).stderr(log);
        let program = desktop.spawn(command)?;
        let connection = desktop.connect().await?;
        let bus = fdo::DBusProxy::new(&connection).await?;
        let owned = async || {
            let name = BusName::from_static_str(NAME).map_err(zbus::Error::from)?;
            Ok(bus.name_has_owner(name).await?.then_some(()))
        };
        eventually("xfce4-notifyd serves notifications", LIMIT, owned).await?;
        Ok(Self { desktop, _program: program })
    }

    /// The notifications on the screen, oldest first.
    pub fn bubbles(&self) -> Result<Vec<Bubble<'d>>> {
        let found = match self.desktop.xdotool(&["search", "--onlyvisible", "--class", "xfce4-notifyd"]) {
            Ok(found) => found,
            // xdotool fails when it finds nothing.
            Err(DesktopError::Failed { .. }) => String::new(),
            Err(error) => return Err(error),
        };
        let mut windows: Vec<u64> = found.lines().filter_map(|line| line.trim().parse().ok()).collect();
        // The X server numbers the windows of one program upwards.
        windows.sort_unstable();
        let bubble = |window: u64| Bubble { desktop: self.desktop, window: window.to_string() };
        Ok(windows.into_iter().map(bubble).collect())
    }

    /// Waits until exactly `count` notifications are on the screen.
    pub async fn wait_for(&self, count: usize, limit: Duration) -> Result<Vec<Bubble<'d>>> {
        let look = async || Ok(Some(self.bubbles()?).filter(|bubbles| bubbles.len() == count));
        eventually(&format!("{count} notifications are on the screen"), limit, look).await
    }
}

/// One notification on the screen.
#[derive(Debug, Clone)]
pub struct Bubble<'d> {
    desktop: &'d Desktop,
    window: String,
}

impl Bubble<'_> {
    pub fn picture(&self) -> Result<Picture> {
        self.desktop.picture_of(&self.window)
    }

    /// Clicks a button; they stand in the order of the actions. `of` is how many there must be: a picture taken
    /// before the last one is painted would put the others elsewhere.
    pub async fn press(&self, button: usize, of: usize, limit: Duration) -> Result<()> {
        let what = format!("the notification has {of} buttons");
        let look = async || Ok(Some(buttons(&self.picture()?)).filter(|found| found.len() == of));
        let found = eventually(&what, limit, look).await?;
        let &(x, y) = found.get(button).ok_or_else(|| DesktopError::Absent {
            what: format!("button {button}"),
            present: format!("{of} buttons, counted from 0"),
        })?;
        self.click(x, y)
    }

    /// Clicks the text, which dismisses the notification or calls its default action.
    pub fn press_text(&self) -> Result<()> {
        self.click(MARGIN * 3, MARGIN * 3)
    }

    fn click(&self, x: usize, y: usize) -> Result<()> {
        let (x, y) = (x.to_string(), y.to_string());
        self.desktop.xdotool(&["mousemove", "--window", &self.window, &x, &y, "click", "1"]).map(drop)
    }
}

/// The frame of the bubble, which is no content.
const MARGIN: usize = 6;
/// Letters are narrower.
const NARROWEST_BUTTON: usize = 24;

/// The centres of the buttons, from left to right. They are the lowest thing in a bubble, they stand in one row,
/// and their faces have another colour than the bubble, which has one colour only.
fn buttons(picture: &Picture) -> Vec<(usize, usize)> {
    let background = picture.pixel(MARGIN, MARGIN);
    let columns = MARGIN..picture.width.saturating_sub(MARGIN);
    let painted = |x, y| picture.pixel(x, y) != background;
    let has_paint = |y: &usize| columns.clone().any(|x| painted(x, *y));
    let mut rows = (MARGIN..picture.height.saturating_sub(MARGIN)).rev();
    let Some(bottom) = rows.by_ref().find(has_paint) else { return Vec::new() };
    let top = rows.take_while(has_paint).last().unwrap_or(bottom);
    let middle = usize::midpoint(top, bottom);
    let faces: Vec<usize> = columns.filter(|&x| painted(x, middle)).collect();
    faces
        .chunk_by(|left, right| left + 1 == *right)
        .filter(|face| face.len() >= NARROWEST_BUTTON)
        .map(|face| (face[face.len() / 2], middle))
        .collect()
}

/// Debian keeps it off the PATH, in a folder named for the machine's architecture.
fn program() -> Result<PathBuf> {
    let folders = fs::read_dir("/usr/lib")?.flatten().map(|entry| entry.path());
    let found = folders.map(|folder| folder.join("xfce4/notifyd/xfce4-notifyd")).find(|file| file.exists());
    found.ok_or_else(|| DesktopError::Absent {
        what: "xfce4-notifyd".into(),
        present: "`cargo xtask test`, which installs it".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bubble: `.` is its colour, `#` a letter or a button; each sign is 4 by 4 pixels.
    fn bubble(rows: &[&str]) -> Picture {
        let scale = 4;
        let (width, height) = (rows[0].len() * scale, rows.len() * scale);
        let mut bytes = format!("P6\n{width} {height}\n255\n").into_bytes();
        for y in 0..height {
            for x in 0..width {
                let ink = rows[y / scale].as_bytes()[x / scale] == b'#';
                bytes.extend([if ink { 200 } else { 255 }; 3]);
            }
        }
        Picture::parse(&bytes).unwrap()
    }

    #[test]
    fn buttons_are_found_below_the_text() {
        let two = bubble(&[
            "....................................",
            "....................................",
            "..#.#.##.#.#.##.....................",
            "....................................",
            "..##############....##########......",
            "..##############....##########......",
            "..##############....##########......",
            "....................................",
            "....................................",
        ]);
        assert_eq!(buttons(&two), [(36, 21), (100, 21)]);
    }

    #[test]
    fn text_is_no_button() {
        let none = bubble(&[
            "....................................",
            "....................................",
            "..#.#.##.#.#.##.....................",
            "....................................",
            "....................................",
        ]);
        assert_eq!(buttons(&none), []);
    }
}
