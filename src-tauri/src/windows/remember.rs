//! Where windows were when they were closed, so that the next of their kind comes up there.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use errand_os::Home;
use serde::{Deserialize, Serialize};
use tauri::{AppHandle, Manager, PhysicalPosition, PhysicalSize, Window, WindowEvent, Wry};

type Builder<'a> = tauri::WebviewWindowBuilder<'a, Wry, AppHandle>;

/// So much of a window must lie on a screen for a hand to reach it.
const REACH: i32 = 64;

/// Where the open windows are, by their labels.
#[derive(Debug, Default)]
pub struct Spots(Mutex<BTreeMap<String, Spot>>);

/// In pixels of the desktop's own measure, the same on every screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spot {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

impl Spot {
    pub fn given_to(self, builder: Builder<'_>) -> Builder<'_> {
        builder.position(self.x, self.y).inner_size(self.width, self.height)
    }

    /// Its upper edge, which is what one drags, can be reached on this screen.
    fn is_on(self, position: PhysicalPosition<i32>, size: PhysicalSize<u32>, scale: f64) -> bool {
        let reach = f64::from(REACH);
        let (at, size) = (position.to_logical::<f64>(scale), size.to_logical::<f64>(scale));
        let across = self.x + self.width >= at.x + reach && self.x <= at.x + size.width - reach;
        across && self.y >= at.y && self.y <= at.y + size.height - reach
    }
}

/// Where the last window of this kind was; `None` if that is nowhere now, or if another one stands there.
pub fn spot(app: &AppHandle, kind: &str, label: &str) -> Option<Spot> {
    let taken = app.webview_windows().keys().any(|other| other != label && kind_of(other) == kind);
    let spot = read(app).remove(kind).filter(|spot| !taken && spot.width > 0.0 && spot.height > 0.0)?;
    let screens = app.available_monitors().ok()?;
    let reachable = screens.iter().any(|it| spot.is_on(*it.position(), *it.size(), it.scale_factor()));
    reachable.then_some(spot)
}

/// Follows a window through its life.
pub fn follow(window: &Window, event: &WindowEvent) {
    let Some(spots) = window.try_state::<Spots>() else { return };
    let scale = window.scale_factor().unwrap_or(1.0);
    match event {
        WindowEvent::Moved(to) => change(window, &spots, |spot| {
            let at = to.to_logical::<f64>(scale);
            (spot.x, spot.y) = (at.x, at.y);
        }),
        WindowEvent::Resized(to) => change(window, &spots, |spot| {
            let size = to.to_logical::<f64>(scale);
            (spot.width, spot.height) = (size.width, size.height);
        }),
        WindowEvent::Destroyed => {
            let last = lock(&spots).remove(window.label());
            if let Some(spot) = last {
                write(window.app_handle(), kind_of(window.label()), spot);
            }
        }
        _ => {}
    }
}

/// What fills the screen says nothing about where it was before.
fn change(window: &Window, spots: &Spots, with: impl FnOnce(&mut Spot)) {
    if !window.is_maximized().unwrap_or(false) && !window.is_minimized().unwrap_or(false) {
        with(lock(spots).entry(window.label().to_owned()).or_default());
    }
}

fn lock(spots: &Spots) -> MutexGuard<'_, BTreeMap<String, Spot>> {
    spots.0.lock().unwrap_or_else(PoisonError::into_inner)
}

fn kind_of(label: &str) -> &str {
    label.split_once('-').map_or(label, |(kind, _)| kind)
}

fn file(app: &AppHandle) -> Option<PathBuf> {
    Some(app.try_state::<Home>()?.data().join("windows").join("places.json"))
}

fn read(app: &AppHandle) -> BTreeMap<String, Spot> {
    let text = file(app).and_then(|file| std::fs::read(file).ok()).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

/// Lost if it cannot be written: then the window is in the middle again.
fn write(app: &AppHandle, kind: &str, spot: Spot) {
    let mut all = read(app);
    all.insert(kind.to_owned(), spot);
    let (Some(file), Ok(text)) = (file(app), serde_json::to_vec(&all)) else { return };
    if let Err(error) = std::fs::write(file, text) {
        tracing::debug!(%error, "where a window was is not remembered");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_comes_back_only_where_a_hand_can_reach_it() {
        let screen = |spot: Spot| spot.is_on((0, 0).into(), (1280, 800).into(), 1.0);
        let spot = Spot { x: 100.0, y: 50.0, width: 600.0, height: 400.0 };
        assert!(screen(spot));
        assert!(screen(Spot { x: -500.0, ..spot }));
        for lost in [
            Spot { x: -590.0, ..spot },
            Spot { x: 1270.0, ..spot },
            Spot { y: -20.0, ..spot },
            Spot { y: 790.0, ..spot },
        ] {
            assert!(!screen(lost), "{lost:?}");
        }
        // On a screen with twice the pixels the same spot is half as far.
        assert!(!spot.is_on((0, 0).into(), (200, 200).into(), 2.0));
    }

    #[test]
    fn kinds_are_told_by_their_labels() {
        assert_eq!(["inbox", "answer-bold-falcon-427-q1"].map(kind_of), ["inbox", "answer"]);
    }
}
