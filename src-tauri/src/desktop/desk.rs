//! The loop of the tray process: hears the engine, the tray, the windows and the system, and passes on what each
//! wants of the others.

use std::ops::ControlFlow;
use std::pin::pin;
use std::time::Duration;

use errand_base::{Code, Fault};
use errand_os::Home;
use errand_wire::{EngineStatus, Event, Window};
use tauri::AppHandle;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::sync::watch;
use tokio::time::Instant;

use super::calls::{self, Look};
use super::signals::told_to_leave;
use crate::args::Wish;
use crate::clipboard;
use crate::helper::{Helper, News};
use crate::orders::Report;
use crate::quit_dialog;
use crate::session::Session;
use crate::shortcut;
use crate::tell::{Once, tell};
use crate::tray::{self, Action};

/// Changes within this time make one new picture.
const BREATH: Duration = Duration::from_millis(100);
/// What the system allows when it wants us to leave.
const LAST_MOMENTS: Duration = Duration::from_secs(5);

pub struct Desk {
    app: AppHandle,
    home: Home,
    session: Session,
    helper: Helper,
    status: Option<EngineStatus>,
    /// When to look at the engine again, if something has changed since the last look.
    look_at: Option<Instant>,
    looked: Instant,
    looking: bool,
    engine_quits: bool,
    inputs: Inputs,
    /// For what is clicked outside of the tray.
    clicks: UnboundedSender<Action>,
    shortcut: shortcut::Live,
    looks: UnboundedSender<Result<Look, Fault>>,
}

struct Inputs {
    clicked: UnboundedReceiver<Action>,
    news: UnboundedReceiver<News>,
    looks: UnboundedReceiver<Result<Look, Fault>>,
    host: watch::Receiver<Option<bool>>,
}

enum Heard {
    Engine(Option<Result<Event, Fault>>),
    Click(Action),
    News(News),
    Look(Result<Look, Fault>),
    LookIsDue,
    HelperIsCold,
    Host,
    System,
}

/// Why the loop has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The engine was told to quit, and we leave with it.
    EngineLeft,
    /// The engine of another process died, or the connection to ours did.
    EngineLost,
    /// The person closed the last window, and the engine is not ours.
    Detach,
    /// Logout or the like.
    System,
}

impl Desk {
    pub async fn open(
        app: AppHandle,
        home: Home,
        (clicks, clicked): (UnboundedSender<Action>, UnboundedReceiver<Action>),
        host: watch::Receiver<Option<bool>>,
    ) -> Result<Desk, Fault> {
        let session = Session::open(&home).await?;
        let (said, news) = mpsc::unbounded_channel();
        let (looks, looked) = mpsc::unbounded_channel();
        Ok(Desk {
            app,
            home,
            session,
            helper: Helper::new(said),
            status: None,
            look_at: Some(Instant::now()),
            looked: Instant::now(),
            looking: false,
            engine_quits: false,
            inputs: Inputs { clicked, news, looks: looked, host },
            clicks,
            shortcut: shortcut::Live::default(),
            looks,
        })
    }

    /// Returns when this process should leave.
    pub async fn serve(mut self, wish: Wish) -> Result<(), Fault> {
        let mut leave = pin!(told_to_leave());
        if let Some(window) = wish {
            self.show(window).await;
        }
        loop {
            let heard = self.hear(leave.as_mut()).await;
            let ControlFlow::Break(end) = self.handle(heard).await else { continue };
            tracing::info!(?end, "the tray's loop has ended");
            match end {
                End::EngineLost => {
                    tray::show(&self.app, tray::starting());
                    let own = self.session.own.take();
                    self.session = tokio::select! {
                        session = Session::again(&self.home, own) => session?,
                        () = leave.as_mut() => return self.leave(End::System).await,
                    };
                    self.want_look();
                }
                End::EngineLeft | End::Detach | End::System => return self.leave(end).await,
            }
        }
    }

    async fn hear(&mut self, leave: impl Future<Output = ()>) -> Heard {
        let look_at = self.look_at.filter(|_| !self.looking);
        let cold_at = self.helper.cold_at();
        tokio::select! {
            event = self.session.changes.next() => Heard::Engine(event),
            Some(action) = self.inputs.clicked.recv() => Heard::Click(action),
            Some(news) = self.inputs.news.recv() => Heard::News(news),
            Some(look) = self.inputs.looks.recv() => Heard::Look(look),
            Ok(()) = self.inputs.host.changed() => Heard::Host,
            () = at(look_at) => Heard::LookIsDue,
            () = at(cold_at) => Heard::HelperIsCold,
            () = leave => Heard::System,
        }
    }

    async fn handle(&mut self, heard: Heard) -> ControlFlow<End> {
        match heard {
            Heard::Engine(Some(Ok(event))) => self.event(event).await,
            Heard::Engine(Some(Err(_)) | None) => return ControlFlow::Break(self.connection_lost().await),
            Heard::Click(action) => self.click(action).await,
            Heard::News(News::Said(Report::Copied(text))) => clipboard::set(&self.app, text),
            Heard::News(News::Said(report)) => {
                if self.helper.heard(report) {
                    return self.closed_last_window();
                }
            }
            Heard::News(News::Gone(number)) => {
                if self.helper.gone(number).await {
                    tell("Errand's windows have crashed", "Nothing is lost. Open them again from the tray.");
                }
            }
            Heard::Look(look) => self.looked(look),
            Heard::LookIsDue => self.look(),
            Heard::HelperIsCold => self.helper.send_away().await,
            Heard::Host => tracing::info!(host = ?*self.inputs.host.borrow(), "tray host"),
            Heard::System => return ControlFlow::Break(End::System),
        }
        ControlFlow::Continue(())
    }

    /// The engine's last word may have been lost with the connection, but ours can be asked.
    async fn connection_lost(&mut self) -> End {
        if self.engine_quits {
            return End::EngineLeft;
        }
        let Some(own) = &mut self.session.own else { return End::EngineLost };
        match tokio::time::timeout(LAST_MOMENTS, own.left()).await {
            Ok(()) => End::EngineLeft,
            Err(_) => End::EngineLost,
        }
    }

    async fn event(&mut self, event: Event) {
        match event {
            Event::Open { window } => self.show(window).await,
            Event::Quitting => self.engine_quits = true,
            Event::Changed { .. } | Event::UpToDate { .. } | Event::Gap { .. } => self.want_look(),
            Event::Log { .. } | Event::LogEnd => {}
        }
    }

    async fn click(&mut self, action: Action) {
        match action {
            Action::New => self.show(Window::quick()).await,
            Action::Open(task) => self.show(Window::task(task.to_string())).await,
            Action::AnswerInWindow { task, question } => {
                self.show(Window::answer(task.to_string(), &question)).await;
            }
            Action::Inbox => self.show(Window::inbox()).await,
            Action::AskQuit => self.ask_quit(),
            other => self.act(other),
        }
    }

    /// Beside the loop, like all that needs an answer.
    fn ask_quit(&self) {
        let (app, client, clicks) = (self.app.clone(), self.session.client.clone(), self.clicks.clone());
        tokio::spawn(async move {
            match calls::at_work(&client).await {
                Ok(at_work) if at_work.is_empty() => drop(clicks.send(Action::Quit)),
                Ok(at_work) => quit_dialog::ask(&app, at_work, clicks),
                Err(fault) => crate::tell::tell_fault("Errand did not quit", &fault),
            }
        });
    }

    fn act(&self, action: Action) {
        let (client, looks) = (self.session.client.clone(), self.looks.clone());
        tokio::spawn(async move {
            calls::act(&client, action).await;
            // A setting changes without a change of any task.
            drop(looks.send(calls::look(&client).await));
        });
    }

    async fn show(&mut self, window: Window) {
        if let Err(error) = self.helper.open(window).await {
            let fault = Fault::new(Code::Internal, format!("The windows' process did not start: {error}."));
            crate::tell::tell_fault("The window could not be opened", &fault);
        }
    }

    fn want_look(&mut self) {
        self.look_at.get_or_insert(self.looked + BREATH);
    }

    /// Beside the loop: the loop must go on reading changes, or the reply could not get past them.
    fn look(&mut self) {
        self.look_at = None;
        self.looked = Instant::now();
        self.looking = true;
        let (client, looks) = (self.session.client.clone(), self.looks.clone());
        tokio::spawn(async move { drop(looks.send(calls::look(&client).await)) });
    }

    fn looked(&mut self, look: Result<Look, Fault>) {
        self.looking = false;
        match look {
            Ok(Look { status, questions, shortcut }) => {
                if let Some(problem) = self.shortcut.follow(&shortcut, &self.clicks) {
                    tell("The shortcut does not work", &problem);
                }
                tray::show(&self.app, tray::picture(&status, &questions));
                self.status = Some(status);
            }
            // The loop hears of that itself.
            Err(fault) if fault.code == Code::EngineUnreachable => {}
            Err(fault) => tracing::warn!(code = %fault.code.name(), "the tray shows what was: {fault}"),
        }
    }

    fn closed_last_window(&mut self) -> ControlFlow<End> {
        let host = *self.inputs.host.borrow() == Some(true);
        let busy = self.status.as_ref().is_none_or(|now| now.running + now.queued + now.waiting > 0);
        match after_last_window(host, busy, self.session.own.is_some()) {
            AfterLast::Stay(once) => once.tell(&self.home),
            AfterLast::Quit => self.act(Action::Quit),
            AfterLast::Detach => return ControlFlow::Break(End::Detach),
        }
        ControlFlow::Continue(())
    }

    async fn leave(mut self, end: End) -> Result<(), Fault> {
        let own = self.session.own.take();
        let engine = async {
            match (own, end) {
                (Some(own), End::System) => own.shut_down().await,
                (Some(mut own), _) => own.left().await,
                (None, _) => {}
            }
        };
        let gone = async { tokio::join!(engine, self.helper.send_away()) };
        if tokio::time::timeout(LAST_MOMENTS, gone).await.is_err() {
            tracing::warn!("left before everything was in order");
        }
        Ok(())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AfterLast {
    Stay(Once),
    Quit,
    Detach,
}

/// Closing hides only where there is a way back, and ends nothing that works.
fn after_last_window(host: bool, busy: bool, own_engine: bool) -> AfterLast {
    match (host, busy, own_engine) {
        (true, _, _) => AfterLast::Stay(Once::ClosedToTray),
        (false, true, _) => AfterLast::Stay(Once::GoesOnWithoutTray),
        (false, false, true) => AfterLast::Quit,
        (false, false, false) => AfterLast::Detach,
    }
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_the_last_window_ends_nothing_that_works() {
        for own in [true, false] {
            for busy in [true, false] {
                assert_eq!(after_last_window(true, busy, own), AfterLast::Stay(Once::ClosedToTray));
            }
            assert_eq!(after_last_window(false, true, own), AfterLast::Stay(Once::GoesOnWithoutTray));
        }
        assert_eq!(after_last_window(false, false, true), AfterLast::Quit);
        assert_eq!(after_last_window(false, false, false), AfterLast::Detach);
    }
}
