//! One file for each family of commands. Each takes what was typed, asks the engine, and prints the reply: as it
//! came with `--json`, as text for a person without.

pub mod change;
pub mod credential;
pub mod data;
pub mod explain;
pub mod folder;
pub mod grants;
pub mod look;
pub mod quit;
pub mod settings;
pub mod stream;
pub mod wait;
pub mod worker;

use crate::args::Command;
use crate::output::End;
use crate::session::Session;
use crate::{run, start};

/// Whatever needs the connection. What must not have a runtime is handled before this.
pub async fn perform(session: &Session, command: Command) -> End {
    match command {
        Command::Start(typed) => start::app(session, typed.hidden).await,
        Command::Run(typed) => run::run(session, *typed).await,
        Command::List(typed) => look::list(session, typed).await,
        Command::Show(typed) => look::show(session, typed).await,
        Command::History(typed) => look::history(session, typed).await,
        Command::Deliveries(typed) => look::deliveries(session, typed).await,
        Command::Inbox => look::inbox(session).await,
        Command::Mute(typed) => settings::mute(session, typed).await,
        Command::Log(typed) => stream::log(session, typed).await,
        Command::Watch(typed) => stream::watch(session, typed).await,
        Command::Wait(typed) => wait::wait(session, typed).await,
        Command::Answer(typed) => change::answer(session, typed).await,
        Command::Message(typed) => change::message(session, typed).await,
        Command::Archive(typed) => change::archive(session, typed).await,
        Command::Delete(typed) => change::delete(session, typed).await,
        Command::Cancel(typed) => change::cancel(session, typed).await,
        Command::Retry(typed) => change::retry(session, typed).await,
        Command::Set(typed) => change::set(session, typed).await,
        Command::Pause(typed) => change::pause(session, typed).await,
        Command::Resume(typed) => change::resume(session, typed).await,
        Command::Backup(typed) => data::backup(session, typed).await,
        Command::Restore(typed) => data::restore(session, &typed),
        Command::Folder { command } => folder::folder(session, command).await,
        Command::Credential { command } => credential::credential(session, command).await,
        Command::Grants { command } => grants::grants(session, command).await,
        Command::Settings { command } => settings::settings(session, command).await,
        Command::Explain(typed) => explain::explain(session, typed),
        Command::Doctor(typed) => data::doctor(session, &typed).await,
        Command::InTask(verb) => worker::perform(verb, session.json).await,
        Command::Quit(typed) => quit::quit(session, &typed).await,
    }
}
