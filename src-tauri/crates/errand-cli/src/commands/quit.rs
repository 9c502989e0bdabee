use std::time::Duration;

use errand_os::ProcessIdentity;
use errand_wire::{self as wire, QuitMode, QuitReply, command};

use crate::args::Quit;
use crate::output::{self, End};
use crate::session::{Session, ask};

/// The connection closes a moment before the process is gone.
const LAST_MOMENT: Duration = Duration::from_secs(5);

pub async fn quit(session: &Session, typed: &Quit) -> End {
    let mode = match (typed.now, typed.finish) {
        (true, _) => QuitMode::Now,
        (_, true) => QuitMode::Finish,
        (false, false) => QuitMode::Pause,
    };
    let client = session.connect().await?;
    let engine = ProcessIdentity::read(client.hello().pid);
    let (raw, reply) = ask::<command::Quit>(&client, wire::Quit { mode }).await?;
    if session.json {
        output::document(&raw)?;
    } else if let Some(note) = waits_for(mode, &reply) {
        output::note(&note);
    }
    client.closed().await;
    drop(client);
    let _ = tokio::time::timeout(LAST_MOMENT, async {
        while engine.as_ref().is_ok_and(ProcessIdentity::is_alive) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    if !session.json {
        output::line("Errand has left.")?;
    }
    Ok(0)
}

fn waits_for(mode: QuitMode, reply: &QuitReply) -> Option<String> {
    let names: Vec<&str> = reply.finishing.iter().map(|id| id.as_str()).collect();
    let said = match mode {
        QuitMode::Finish => "Leaves when these have ended",
        QuitMode::Pause => "Leaves after their current turn; they go on at the next start",
        QuitMode::Now => return None,
    };
    (!names.is_empty()).then(|| format!("{said}: {}", names.join(", ")))
}
