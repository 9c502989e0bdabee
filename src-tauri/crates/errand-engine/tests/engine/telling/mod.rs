//! What the person is told, and when.

mod banners;
mod nobody_came;
mod replies;
mod waiting;

use std::time::Duration;

use errand_base::{Clock, TaskId, Timestamp};
use errand_model::{Answer, By, Event, Exit, Policy, State, Surface};
use errand_store::{Delivery, DeliveryState};

use crate::world::{PATIENCE, World, exited, turn};

pub const MINUTE: Duration = Duration::from_secs(60);
pub const HOUR: Duration = Duration::from_secs(3_600);
/// Nobody is taken to wait for a result any more.
pub const NOT_BY_HAND: Duration = Duration::from_secs(31 * 60);

pub fn answer(choice: &str) -> Event {
    Event::Answer { question: 1, answer: Answer::text(choice), by: By::at(Surface::Terminal) }
}

impl World {
    /// A setting is changed while the engine runs.
    pub async fn set(&self, name: &'static str, value: &str) {
        let setting = errand_engine::settings::Setting::find(name).unwrap();
        let kept = self.store.read(|reader| reader.settings().all()).await.unwrap();
        let value = setting.read_at(value, self.clock.now(), &kept).unwrap();
        self.store.write(move |tx| tx.settings().set(name, &value)).await.unwrap();
        self.engine.reread_settings().await.unwrap();
    }

    /// Time goes by, and the alarm of the outbox rings if it was set for that.
    pub async fn later(&self, by: Duration) {
        self.pass(by).await;
        self.engine.outbox().look();
    }

    /// Waits until the outbox will look again by itself at this moment.
    pub async fn until_alarm(&self, at: &str) {
        let at = Timestamp::parse_rfc3339(at);
        assert!(at.is_some());
        let mut alarm = self.engine.outbox().next_alarm();
        tokio::time::timeout(PATIENCE, alarm.wait_for(|alarm| *alarm == at)).await.unwrap().unwrap();
    }

    /// The deliveries about a task, oldest first.
    pub async fn deliveries(&self, id: &TaskId) -> Vec<Delivery> {
        let id = id.clone();
        let read = self.store.read(move |reader| {
            let seq = reader.tasks().seq(&id)?;
            seq.map_or(Ok(Vec::new()), |seq| reader.deliveries().of_task(seq))
        });
        read.await.unwrap()
    }

    /// The latest delivery about a task, once it is in this state for this reason.
    pub async fn until_delivery(&self, id: &TaskId, state: DeliveryState, why: &str) -> Delivery {
        let wait = async {
            loop {
                let last = self.deliveries(id).await.pop();
                if let Some(last) = last.filter(|last| last.state == state && last.why == why) {
                    return last;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        match tokio::time::timeout(PATIENCE, wait).await {
            Ok(found) => found,
            Err(_) => panic!("{:?}", self.deliveries(id).await),
        }
    }

    /// A worker that has asked this, and waits.
    pub async fn ask(&self, brief: &str, question: &str, options: &[&str]) -> TaskId {
        let id = self.hand_over_brief(brief, Policy::default()).await;
        let question = serde_json::json!({ "question": question, "options": options });
        let response = serde_json::json!({ "status": "continue", "question": question });
        self.run_of(&id).await.emit(turn(&response.to_string()));
        self.until(&id, State::NeedsYou).await;
        id
    }

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
