//! What is on the screen follows what was settled since.

use errand_os::Banner;
use errand_store::{DeliveryState, StoreError};

use super::screen::TOGETHER;
use super::{Outbox, words};
use crate::settings::Attention;

impl Outbox {
    /// Takes from the screen what was settled elsewhere.
    pub(super) async fn refresh(&self) -> Result<(), StoreError> {
        let shown = self.screen().ids();
        if shown.is_empty() {
            return Ok(());
        }
        let settled = self
            .store
            .read(move |reader| {
                let mut settled = Vec::new();
                for id in shown {
                    let state = reader.deliveries().get(id)?.map(|delivery| delivery.state);
                    if state.is_none_or(DeliveryState::is_settled) {
                        settled.push(id);
                    }
                }
                Ok(settled)
            })
            .await?;
        for id in settled {
            let gone = self.screen().remove(id);
            if gone.is_some_and(|gone| !gone.together) {
                self.notifier.withdraw(&id.to_string()).await;
            }
        }
        self.refresh_together().await
    }

    /// The common banner says how many are left; the last one has its own again.
    pub(super) async fn refresh_together(&self) -> Result<(), StoreError> {
        let (before, left) = {
            let screen = self.screen();
            (screen.together.clone(), screen.together_now())
        };
        if before == left {
            return Ok(());
        }
        self.screen().together = left.clone();
        let now = self.clock.now();
        let ids = left.clone();
        let banner = self
            .store
            .read(move |reader| {
                if let [only] = ids.as_slice() {
                    let Some(delivery) = reader.deliveries().get(*only)? else { return Ok(None) };
                    let zone = Attention::from_kept(&reader.settings().all()?).zone;
                    let banner = words::banner(reader, &delivery, &zone, now)?;
                    return Ok(banner.map(|banner| Banner { replaces: Some(TOGETHER.to_owned()), ..banner }));
                }
                words::together(reader, &ids)
            })
            .await?;
        let Some(banner) = banner else {
            self.notifier.withdraw(TOGETHER).await;
            return Ok(());
        };
        if let [only] = left.as_slice() {
            let mut screen = self.screen();
            screen.alone(*only);
            screen.together.clear();
        }
        if let Err(error) = self.notifier.show(banner).await {
            tracing::debug!(%error, "a notification was not brought up to date");
        }
        Ok(())
    }
}
