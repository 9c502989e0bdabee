//! The tray's side of the process that holds the windows: started when a window is wanted, kept warm for a while
//! after the last was closed, sent away by closing its input.

mod adopted;

use std::io;
use std::process::Stdio;
use std::time::Duration;

use errand_wire::Window;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

use crate::orders::{self, Order, Report};

/// A window opened again within this time comes at once.
pub const WARM: Duration = Duration::from_secs(20);
/// How long a helper may take to leave before it is ended.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the helper lets the tray know.
#[derive(Debug)]
pub enum News {
    Said(Report),
    /// Its process has ended; it was the one of this number.
    Gone(u64),
}

#[derive(Debug)]
pub struct Helper {
    running: Option<Running>,
    started: u64,
    news: UnboundedSender<News>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    input: ChildStdin,
    windows: usize,
    /// Since when it has no window.
    idle: Option<Instant>,
    asked: Instant,
}

impl Helper {
    pub fn new(news: UnboundedSender<News>) -> Helper {
        Helper { running: None, started: 0, news }
    }

    pub async fn open(&mut self, window: Window) -> io::Result<()> {
        let line = orders::write(&Order::Open(window));
        if let Some(running) = &mut self.running {
            running.asked = Instant::now();
            running.idle = None;
            if running.input.write_all(&line).await.is_ok() {
                return Ok(());
            }
        }
        // None yet, or it has just died and the news of that are on their way.
        let mut running = self.start()?;
        running.input.write_all(&line).await?;
        self.running = Some(running);
        Ok(())
    }

    fn start(&mut self) -> io::Result<Running> {
        let asked = Instant::now();
        let mut child = Command::new(std::env::current_exe()?)
            .arg("--windows")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("the helper has no pipes"));
        };
        self.started += 1;
        tokio::spawn(listen(output, self.started, self.news.clone()));
        Ok(Running { child, input, windows: 0, idle: None, asked })
    }

    /// Says whether the last window was closed just now.
    pub fn heard(&mut self, report: Report) -> bool {
        let Some(running) = &mut self.running else { return false };
        match report {
            Report::Windows(windows) => {
                let closed_last = running.windows > 0 && windows == 0;
                running.windows = windows;
                running.idle = (windows == 0).then(Instant::now);
                closed_last
            }
            Report::Ready(label) => {
                let ms = running.asked.elapsed().as_millis();
                tracing::debug!(label, ms = u64::try_from(ms).unwrap_or(0), "window ready");
                false
            }
            Report::Copied(_) => false,
        }
    }

    /// Says whether windows were lost with it.
    pub async fn gone(&mut self, number: u64) -> bool {
        if number != self.started {
            // Another one has taken its place already.
            adopted::see_out().await;
            return false;
        }
        let Some(mut running) = self.running.take() else { return false };
        let lost = running.windows > 0;
        match running.child.wait().await {
            Ok(status) if lost || !status.success() => {
                tracing::warn!(%status, "the windows' process has ended")
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "the windows' process has ended"),
        }
        adopted::see_out().await;
        lost
    }

    /// When it should be sent away.
    pub fn cold_at(&self) -> Option<Instant> {
        self.running.as_ref()?.idle.map(|idle| idle + WARM)
    }

    /// Closes its input and with that its windows, and sees it out.
    pub async fn send_away(&mut self) {
        let Some(Running { mut child, input, .. }) = self.running.take() else { return };
        drop(input);
        if tokio::time::timeout(PATIENCE, child.wait()).await.is_err() {
            tracing::warn!("the windows' process did not leave and is ended");
            drop(child.kill().await);
        }
        adopted::see_out().await;
    }
}

async fn listen(output: ChildStdout, number: u64, news: UnboundedSender<News>) {
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(report) = orders::read(&line) {
            drop(news.send(News::Said(report)));
        }
    }
    drop(news.send(News::Gone(number)));
}
