use errand_base::{Code, Fault};
use errand_engine::settings::PAUSED;
use errand_engine::{Counts, Leave};
use errand_model::State;
use errand_wire::{
    Empty, EngineStatus, Quit, QuitMode, QuitReply, Raise, RaiseReply, TaskRow, WireError, command,
};

use super::sleep;
use super::tasks::list;
use crate::host::open_window;
use crate::router::{Api, Body};

/// How many ended tasks the tray shows.
const RECENT: u32 = 8;
const LISTED: u32 = 20;

impl Body for command::Status {
    async fn run(api: &Api, _params: Empty) -> Result<EngineStatus, Fault> {
        let mut counts = api.engine.counts().await?;
        // Whoever hears of the change asks at once, and may be faster than the dispatcher.
        let kept = api.store.read(|reader| reader.settings().get(PAUSED)).await?;
        counts.paused = kept.as_deref() == Some("true");
        // Counted as they are listed: what is asked below a task is asked of its person under its name.
        let needing_tasks = in_states(api, &[State::NeedsYou], LISTED).await?;
        if needing_tasks.len() < LISTED as usize {
            counts.needs_you = u32::try_from(needing_tasks.len()).unwrap_or(LISTED);
        }
        let problem = counts.disk_full.then(|| {
            WireError::from(Fault::new(Code::DiskFull, "The disk is full; nothing new is accepted."))
        });
        Ok(EngineStatus {
            version: api.version.to_owned(),
            pid: std::process::id(),
            home: api.home.root().display().to_string(),
            headless: api.headless,
            paused: counts.paused,
            quitting: counts.quitting,
            slots: counts.slots,
            running: counts.running,
            queued: counts.queued,
            waiting: counts.waiting,
            needs_you: counts.needs_you,
            sentence: sentence(&counts),
            keeping_awake: sleep::keeping_awake(&counts, api.engine.power()),
            problem,
            running_tasks: in_states(api, &[State::Running], LISTED).await?,
            needing_tasks,
            recent: in_states(
                api,
                &[State::Completed, State::Failed, State::TimedOut, State::Cancelled, State::Unknown],
                RECENT,
            )
            .await?,
        })
    }
}

async fn in_states(api: &Api, states: &[State], limit: u32) -> Result<Vec<TaskRow>, Fault> {
    list(api, states.to_vec(), limit).await
}

/// "1 needs you, 2 running, 5 queued": the state in words, the most pressing first.
fn sentence(counts: &Counts) -> String {
    if counts.disk_full {
        return "The disk is full".to_owned();
    }
    let mut parts = Vec::new();
    match counts.needs_you {
        0 => {}
        1 => parts.push("1 task needs you".to_owned()),
        n => parts.push(format!("{n} tasks need you")),
    }
    for (count, word) in [(counts.running, "running"), (counts.queued, "queued"), (counts.waiting, "waiting")]
    {
        if count > 0 {
            parts.push(format!("{count} {word}"));
        }
    }
    let mut text = if parts.is_empty() { "Nothing to do".to_owned() } else { parts.join(", ") };
    if counts.quitting {
        text.push_str(" · about to quit");
    } else if counts.paused {
        text = format!("Paused · {}", text.to_lowercase());
    }
    text
}

impl Body for command::Raise {
    async fn run(api: &Api, params: Raise) -> Result<RaiseReply, Fault> {
        Ok(RaiseReply { reached: open_window(&api.signals, &api.desktops, params.window) })
    }
}

impl Body for command::Quit {
    async fn run(api: &Api, params: Quit) -> Result<QuitReply, Fault> {
        let how = match params.mode {
            QuitMode::Pause => Leave::Pause,
            QuitMode::Finish => Leave::Finish,
            QuitMode::Now => Leave::Now,
        };
        Ok(QuitReply { finishing: api.engine.quit(how).await? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_names_the_most_pressing_first() {
        let counts = Counts { needs_you: 1, running: 2, queued: 5, ..Counts::default() };
        assert_eq!(sentence(&counts), "1 task needs you, 2 running, 5 queued");
        assert_eq!(sentence(&Counts::default()), "Nothing to do");
        assert_eq!(sentence(&Counts { paused: true, queued: 1, ..Counts::default() }), "Paused · 1 queued");
        assert_eq!(
            sentence(&Counts { disk_full: true, running: 1, ..Counts::default() }),
            "The disk is full"
        );
    }
}
