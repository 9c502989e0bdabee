//! The windows of the app, driven through tauri-driver and WebKitWebDriver as a person would use them.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    time::Duration,
};

use fantoccini::{
    Client, ClientBuilder, Locator, elements::Element, error::CmdError, wd::Capabilities,
    wd::WebDriverCompatibleCommand, wd::WindowHandle,
};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::{net::TcpStream, task::JoinHandle, time::timeout};

use super::{
    Desktop, Running,
    error::{DesktopError, Result},
    wait::eventually,
};

/// No answer of a live page takes this long; without a limit a dead one would never be noticed.
const ANSWER: Duration = Duration::from_secs(15);
const START: Duration = Duration::from_secs(20);
/// A port that was free may be taken before the driver asks for it.
const ATTEMPTS: usize = 5;

/// A running tauri-driver. The apps it starts end with the desktop at the latest.
#[derive(Debug)]
pub struct Driver {
    // Killed when dropped.
    _program: Running,
    url: String,
}

impl Driver {
    /// `extra` is added to the environment of the driver, and thereby of every app it starts.
    pub async fn start(desktop: &Desktop, extra: &[(&str, &str)]) -> Result<Self> {
        let mut outcome = Self::attempt(desktop, extra).await;
        for _ in 1..ATTEMPTS {
            if outcome.is_ok() {
                break;
            }
            outcome = Self::attempt(desktop, extra).await;
        }
        outcome
    }

    async fn attempt(desktop: &Desktop, extra: &[(&str, &str)]) -> Result<Self> {
        let [port, native_port] = free_ports()?;
        let log =
            fs::File::options().create(true).append(true).open(desktop.scratch().join("tauri-driver.log"))?;
        let mut command = desktop.command(tauri_driver());
        command.arg("--port").arg(port.to_string()).arg("--native-port").arg(native_port.to_string());
        command.envs(extra.iter().copied()).stdout(log.try_clone()?).stderr(log);
        let mut program = desktop.spawn(command)?;
        eventually("tauri-driver listens", START, async || {
            if !program.is_running()? {
                let detail = "it ended at once; its words are in tauri-driver.log".to_owned();
                return Ok(Some(Err(DesktopError::Failed { program: "tauri-driver".into(), detail })));
            }
            // The native driver too: tauri-driver passes requests on from the start and drops them when nobody is there.
            for port in [port, native_port] {
                if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err() {
                    return Ok(None);
                }
            }
            Ok(Some(Ok(())))
        })
        .await??;
        Ok(Self { _program: program, url: format!("http://127.0.0.1:{port}") })
    }

    /// Starts the app. WebDriver answers only when the app has its first window, which may need a click in the
    /// tray: click it, and then ask for the `page`.
    pub fn open(&self, application: &Path, arguments: &[&str]) -> Opening {
        let url = self.url.clone();
        let options = json!({ "application": application, "args": arguments });
        let capabilities = Capabilities::from_iter([("tauri:options".to_owned(), options)]);
        Opening(tokio::spawn(async move {
            let mut builder = ClientBuilder::new(HttpConnector::new());
            builder.capabilities(capabilities).connect(&url).await.map_err(|error| error.to_string())
        }))
    }
}

/// An app that has been asked to start and may not have a window yet.
#[derive(Debug)]
pub struct Opening(JoinHandle<Result<Client, String>>);

impl Opening {
    pub async fn page(mut self, limit: Duration) -> Result<Page> {
        let Ok(joined) = timeout(limit, &mut self.0).await else {
            self.0.abort();
            let what = "the app has a window".to_owned();
            return Err(DesktopError::Late { what, limit, detail: String::new() });
        };
        let client = joined.map_err(|error| DesktopError::WebDriver(error.to_string()))?;
        Ok(Page { client: client.map_err(DesktopError::WebDriver)? })
    }
}

/// The window that has the attention. Elements are named by CSS selectors.
#[derive(Debug, Clone)]
pub struct Page {
    client: Client,
}

impl Page {
    pub async fn find(&self, css: &str) -> Result<Element> {
        answer(css, self.client.find(Locator::Css(css))).await
    }

    pub async fn count(&self, css: &str) -> Result<usize> {
        Ok(answer(css, self.client.find_all(Locator::Css(css))).await?.len())
    }

    /// Waits until there is such an element and it is visible.
    pub async fn wait_for(&self, css: &str, limit: Duration) -> Result<Element> {
        let look = async || {
            let element = self.find(css).await?;
            Ok(answer(css, element.is_displayed()).await?.then_some(element))
        };
        eventually(&format!("`{css}` is on the page"), limit, look).await
    }

    /// Waits until there is no such element.
    pub async fn wait_gone(&self, css: &str, limit: Duration) -> Result<()> {
        let look = async || Ok((self.count(css).await? == 0).then_some(()));
        eventually(&format!("`{css}` is gone from the page"), limit, look).await
    }

    /// Waits until the text of an element is as wanted, and returns it.
    pub async fn wait_text(
        &self,
        css: &str,
        limit: Duration,
        is_it: impl Fn(&str) -> bool,
    ) -> Result<String> {
        let mut seen = String::new();
        let look = async || {
            seen = self.text(css).await?;
            Ok(is_it(&seen).then(|| seen.clone()))
        };
        let outcome = eventually(&format!("`{css}` has the wanted text"), limit, look).await;
        outcome.map_err(|error| match error {
            DesktopError::Late { what, limit, detail } => {
                DesktopError::Late { what, limit, detail: format!("{detail}; it was {seen:?}") }
            }
            error => error,
        })
    }

    pub async fn text(&self, css: &str) -> Result<String> {
        let element = self.find(css).await?;
        answer(css, element.text()).await
    }

    /// What assistive technology is told about an element: its role and its name.
    pub async fn accessible(&self, css: &str) -> Result<(String, String)> {
        let element = self.find(css).await?.element_id();
        let ask = async |what| {
            let command = Computed { element: element.as_ref().to_owned(), what };
            let said = answer(css, self.client.issue_cmd(command)).await?;
            Ok::<_, DesktopError>(said.as_str().unwrap_or_default().to_owned())
        };
        Ok((ask("computedrole").await?, ask("computedlabel").await?))
    }

    /// The value of an input, as it is now.
    pub async fn value(&self, css: &str) -> Result<String> {
        let element = self.find(css).await?;
        Ok(answer(css, element.prop("value")).await?.unwrap_or_default())
    }

    pub async fn attribute(&self, css: &str, name: &str) -> Result<Option<String>> {
        let element = self.find(css).await?;
        answer(css, element.attr(name)).await
    }

    pub async fn click(&self, css: &str) -> Result<()> {
        let element = self.find(css).await?;
        answer(css, element.click()).await
    }

    /// Keys into an element; `fantoccini::key::Key` has those without a letter.
    pub async fn type_into(&self, css: &str, text: &str) -> Result<()> {
        let element = self.find(css).await?;
        answer(css, element.send_keys(text)).await
    }

    /// The body of a function that may `return` something; `arguments[0]` is the first argument.
    pub async fn script(&self, body: &str, arguments: Vec<Value>) -> Result<Value> {
        answer("script", self.client.execute(body, arguments)).await
    }

    pub async fn title(&self) -> Result<String> {
        answer("title", self.client.title()).await
    }

    pub async fn address(&self) -> Result<String> {
        Ok(answer("address", self.client.current_url()).await?.to_string())
    }

    /// The window alone, without what lies above it on the screen. Creates the folder of `file`.
    pub async fn screenshot(&self, file: &Path) -> Result<()> {
        let png = answer("screenshot", self.client.screenshot()).await?;
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        Ok(fs::write(file, png)?)
    }

    pub async fn windows(&self) -> Result<Vec<WindowHandle>> {
        answer("windows", self.client.windows()).await
    }

    pub async fn switch_to(&self, window: WindowHandle) -> Result<()> {
        answer("switch to window", self.client.switch_to_window(window)).await
    }

    /// Waits for a window whose title contains `title`, and gives it the attention.
    pub async fn switch_to_titled(&self, title: &str, limit: Duration) -> Result<()> {
        let look = async || {
            for window in self.windows().await? {
                self.switch_to(window).await?;
                if self.title().await?.contains(title) {
                    return Ok(Some(()));
                }
            }
            Ok(None)
        };
        eventually(&format!("a window is titled `{title}`"), limit, look).await
    }

    /// Ends the session, and with it the app. Windows are closed in the app or by keys, never through WebDriver,
    /// which ends everything with the last one.
    pub async fn end(self) -> Result<()> {
        answer("end of session", self.client.close()).await
    }
}

#[derive(Debug)]
struct Computed {
    element: String,
    what: &'static str,
}

impl WebDriverCompatibleCommand for Computed {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        let session = session.unwrap_or_default();
        base.join(&format!("session/{session}/element/{}/{}", self.element, self.what))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::GET, None)
    }
}

async fn answer<T>(what: &str, command: impl Future<Output = Result<T, CmdError>>) -> Result<T> {
    let late = |_| DesktopError::Late { what: what.into(), limit: ANSWER, detail: "; no answer".into() };
    let outcome = timeout(ANSWER, command).await.map_err(late)?;
    outcome.map_err(|error| DesktopError::WebDriver(format!("{what}: {error}")))
}

/// Both at once: one after the other could give the same port twice.
fn free_ports() -> Result<[u16; 2]> {
    let listeners =
        [TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?, TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?];
    Ok([listeners[0].local_addr()?.port(), listeners[1].local_addr()?.port()])
}

fn tauri_driver() -> PathBuf {
    std::env::var_os("ERRAND_TEST_TAURI_DRIVER").map_or_else(|| "tauri-driver".into(), PathBuf::from)
}
