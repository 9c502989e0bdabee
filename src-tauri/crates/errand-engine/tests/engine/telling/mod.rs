//! What the person is told, and when.

mod banners;
mod nobody_came;
mod waiting;

use std::time::Duration;

use errand_base::TaskId;
use errand_model::{By, Event, Exit, State, Surface};

use crate::world::{World, exited};

pub const MINUTE: Duration = Duration::from_secs(60);
pub const HOUR: Duration = Duration::from_secs(3_600);
/// Nobody is taken to wait for a result any more.
pub const NOT_BY_HAND: Duration = Duration::from_secs(31 * 60);

pub fn answer(choice: &str) -> Event {
    Event::Answer { question: 1, choice: choice.into(), by: By::at(Surface::Terminal) }
}

impl World {
    /// Tasks that were handed over so long ago that nobody waits for them, and still run.
    pub async fn old_tasks(&self, titles: &[&str]) -> Vec<TaskId> {
        self.set("slots", "16").await;
        let mut ids = Vec::new();
        for title in titles {
            ids.push(self.hand_over(title).await);
        }
        for id in &ids {
            self.run_of(id).await;
        }
        self.later(NOT_BY_HAND).await;
        ids
    }

    pub async fn ends(&self, id: &TaskId, code: i32) {
        self.run_of(id).await.emit(exited(Exit::Code(code)));
        self.until(id, if code == 0 { State::Completed } else { State::Failed }).await;
    }
}

/// The titles of banners, in their order.
pub async fn titles(world: &World, count: usize) -> Vec<String> {
    world.shown(count).await.into_iter().map(|banner| banner.title).collect()
}
