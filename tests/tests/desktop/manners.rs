//! How it behaves beside others: in the tray, with keys and links, and when it leaves.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use errand_testkit::desktop::notifications::NotificationService;
use errand_testkit::desktop::notifyd::Notifyd;
use errand_testkit::desktop::tray::{TrayHost, TrayItem};
use errand_testkit::desktop::webdriver::Driver;
use errand_testkit::desktop::{Desktop, Result, Running, wait};
use serde_json::Value;

use super::{LIMIT, pictures};

const LOGOUT: Duration = Duration::from_secs(5);

/// An app that was started hidden, and a terminal beside it.
struct App {
    desktop: Desktop,
    tray: TrayHost,
    running: Running,
}

impl App {
    async fn hidden() -> Result<App> {
        let desktop = Desktop::start()?;
        let tray = TrayHost::start(&desktop).await?;
        let mut command = desktop.command(errand_tests::errand_desktop().unwrap());
        command.arg("--hidden").stdin(Stdio::null());
        let running = desktop.spawn(command)?;
        let app = App { desktop, tray, running };
        app.icon()
            .await?
            .menu_when("it is there", LIMIT, |menu| menu.labels().contains(&"New task…"))
            .await?;
        Ok(app)
    }

    async fn icon(&self) -> Result<TrayItem> {
        self.tray.item_of(self.running.pid(), LIMIT).await
    }

    fn errand(&self, args: &[&str]) -> Command {
        let mut command = self.desktop.command(errand_tests::errand().unwrap());
        command.args(args).current_dir(self.desktop.scratch()).stdin(Stdio::null());
        command
    }

    fn ok(&self, args: &[&str]) -> Value {
        let output = self.errand(&[&["--json"], args].concat()).output().unwrap();
        assert!(output.status.success(), "{args:?}: {output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn sh(&self, title: &str, script: &str) -> String {
        let said = self.ok(&["run", "--title", title, "--", "sh", "-c", script]);
        said["id"].as_str().unwrap().to_owned()
    }

    fn ask(&self, title: &str) -> String {
        self.sh(title, r#"echo "got $($ERRAND_PROGRAM ask 'Which colour?' --option Red --option Blue)""#)
    }

    fn state(&self, task: &str) -> String {
        self.ok(&["show", task])["state"].as_str().unwrap().to_owned()
    }

    fn until_state(&self, task: &str, state: &str) {
        let what = format!("{task} is {state}");
        wait::until(&what, LIMIT, || Ok((self.state(task) == state).then_some(()))).unwrap();
    }

    fn fifo(&self, name: &str) -> PathBuf {
        let fifo = self.desktop.scratch().join(name);
        rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::RWXU).unwrap();
        fifo
    }

    /// The windows on the screen with this title.
    fn windows(&self, title: &str) -> Vec<String> {
        let found = self.desktop.xdotool(&["search", "--onlyvisible", "--name", title]).unwrap_or_default();
        found.lines().map(str::to_owned).collect()
    }

    fn until_window(&self, title: &str) -> String {
        let what = format!("the window {title} is there");
        wait::until(&what, LIMIT, || Ok(self.windows(title).pop())).unwrap()
    }

    fn until_no_window(&self, title: &str) {
        let what = format!("the window {title} is gone");
        wait::until(&what, LIMIT, || Ok(self.windows(title).is_empty().then_some(()))).unwrap();
    }

    /// What runs in this desktop beside the desktop itself.
    fn processes(&self) -> Vec<String> {
        let mark = format!("ERRAND_HOME={}", self.desktop.errand_home().display());
        let folders = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
        let lines = folders.filter_map(|folder| {
            let read = |file| std::fs::read(folder.join(file)).unwrap_or_default();
            let environ = read("environ");
            let is_ours = environ.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes());
            is_ours.then(|| String::from_utf8_lossy(&read("cmdline")).replace('\0', " "))
        });
        let desktop = ["Xvfb", "openbox", "dbus-daemon"];
        lines.filter(|line| !desktop.iter().any(|program| line.starts_with(program))).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_answered_from_the_tray_and_an_old_menu_answers_no_other() -> Result<()> {
    let app = App::hidden().await?;
    let icon = app.icon().await?;
    let first = app.ask("fence");
    let entry = ["Needs you", "fence: Which colour?", "Red"];
    icon.menu_when("it asks", LIMIT, |menu| menu.find(&entry).is_some()).await?;
    icon.click(&entry).await?;
    app.until_state(&first, "completed");
    let answered = &app.ok(&["show", &first])["questions"][0]["answered"];
    assert_eq!((&answered["surface"], &answered["choice"]), (&"tray".into(), &"Red".into()));

    // A menu that was opened before, while somebody else answers and another task asks the same.
    let second = app.ask("door");
    let door = ["Needs you", "door: Which colour?", "Red"];
    let open = icon.menu_when("it asks", LIMIT, |menu| menu.find(&door).is_some()).await?;
    let old = open.find(&door).unwrap().id;
    app.ok(&["answer", &second, "Blue"]);
    app.until_state(&second, "completed");
    let third = app.ask("wall");
    let wall = ["Needs you", "wall: Which colour?"];
    icon.menu_when("the other asks", LIMIT, |menu| menu.find(&wall).is_some()).await?;
    // Whether the entry is still there is up to the toolkit; that it means the first one, is up to us.
    let _gone = icon.click_id(old).await;
    icon.click(&["Pause all"]).await?;
    icon.menu_when("the clicks were heard", LIMIT, |menu| menu.labels().contains(&"Resume all")).await?;
    assert_eq!(app.state(&third), "needs_you");
    assert_eq!(app.ok(&["show", &second])["questions"][0]["answered"]["choice"], "Blue");

    // Free text is for the window.
    let open = app.sh("open", "$ERRAND_PROGRAM ask 'Which branch?'; true");
    app.ok(&["resume", "--all"]);
    let answer = ["Needs you", "open: Which branch?", "Answer…"];
    icon.menu_when("it asks", LIMIT, |menu| menu.find(&answer).is_some()).await?;
    icon.click(&answer).await?;
    app.until_window("open");
    for task in [&third, &open] {
        app.ok(&["cancel", task]);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_button_of_a_real_service_answers_a_question() -> Result<()> {
    let app = App::hidden().await?;
    let bubbles = Notifyd::start(&app.desktop).await?;
    let task = app.ask("fence");
    let bubble = bubbles.wait_for(1, LIMIT).await?.remove(0);
    // Red and Blue; a click on the banner itself has no button there.
    bubble.press(1, 2, LIMIT).await?;
    app.until_state(&task, "completed");
    let answered = &app.ok(&["show", &task])["questions"][0]["answered"];
    assert_eq!((&answered["surface"], &answered["choice"]), (&"notification".into(), &"Blue".into()));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_icon_follows_a_tray_that_goes_and_comes_back() -> Result<()> {
    let mut app = App::hidden().await?;
    for paused in [true, false, true] {
        app.tray.stop().await?;
        app.tray = TrayHost::start(&app.desktop).await?;
        let icon = app.icon().await?;
        let (click, then) = if paused { ("Pause all", "Resume all") } else { ("Resume all", "Pause all") };
        icon.menu_when("the menu is whole", LIMIT, |menu| menu.labels().contains(&click)).await?;
        icon.click(&[click]).await?;
        icon.menu_when("the click was heard", LIMIT, |menu| menu.labels().contains(&then)).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn quitting_asks_how_while_something_is_at_work() -> Result<()> {
    let mut app = App::hidden().await?;
    let icon = app.icon().await?;
    let gate = app.fifo("gate");
    let task = app.sh("long work", &format!("read -r _ < {}; echo through", gate.display()));
    icon.menu_when("it is at work", LIMIT, |menu| menu.labels().contains(&"Quit…")).await?;
    icon.click(&["Quit…"]).await?;
    let dialog = app.until_window("Quit Errand");
    app.desktop.xdotool(&["windowactivate", "--sync", &dialog])?;
    app.desktop.screenshot(&pictures().join("quit.png"))?;
    app.desktop.xdotool(&["key", "Escape"])?;
    app.until_no_window("Quit Errand");
    assert_eq!(app.state(&task), "running");

    icon.click(&["Quit…"]).await?;
    let dialog = app.until_window("Quit Errand");
    app.desktop.xdotool(&["windowactivate", "--sync", &dialog])?;
    app.desktop.xdotool(&["key", "alt+f"])?;
    icon.menu_when("it is about to quit", LIMIT, |menu| menu.labels().contains(&"Stop now and quit")).await?;
    std::fs::write(&gate, "go\n").unwrap();
    app.running.wait(LIMIT)?;
    app.tray.is_empty(LIMIT).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_is_over_in_time_and_leaves_nothing() -> Result<()> {
    let mut app = App::hidden().await?;
    // With a window, which has processes of its own.
    app.icon().await?.click(&["New task…"]).await?;
    app.until_window("New task");
    let stubborn = app.sh("stubborn", "trap '' TERM; echo begun; while :; do sleep 1; done");
    let printed = || Ok(app.ok(&["show", &stubborn])["run"]["last_output_at"].is_string().then_some(()));
    wait::until("it has printed", LIMIT, printed).unwrap();
    #[expect(clippy::disallowed_methods, reason = "how long it really takes is what is asked")]
    let begin = Instant::now();
    app.running.terminate()?;
    app.running.wait(LIMIT)?;
    let took = begin.elapsed();
    assert!(took < LOGOUT, "it took {took:?}");
    assert_eq!(app.processes(), [""; 0]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_brings_the_first_window_and_a_taken_one_is_said() -> Result<()> {
    let app = App::hidden().await?;
    let banners = NotificationService::start(&app.desktop).await?;
    let shown = |key: &str, wanted: bool| {
        wait::until("the key is followed", LIMIT, || {
            app.desktop.xdotool(&["key", key])?;
            Ok((app.windows("New task").is_empty() != wanted).then_some(()))
        })
        .unwrap();
    };
    let close = || {
        let window = app.until_window("New task");
        app.desktop.xdotool(&["windowactivate", "--sync", &window]).unwrap();
        app.desktop.xdotool(&["key", "Escape"]).unwrap();
        app.until_no_window("New task");
    };
    app.ok(&["settings", "set", "shortcut", "Ctrl+Alt+E"]);
    shown("ctrl+alt+e", true);
    close();
    app.ok(&["settings", "set", "shortcut", "F9"]);
    shown("F9", true);
    close();
    // The window manager has this one.
    app.ok(&["settings", "set", "shortcut", "Alt+F4"]);
    let told = banners.wait_for("it is said", LIMIT, |shown| shown.body.contains("Alt+F4")).await?;
    assert_eq!(told.summary, "The shortcut does not work");
    assert!(told.body.contains("Another program has Alt+F4 already"), "{}", told.body);
    for old in ["ctrl+alt+e", "F9"] {
        app.desktop.xdotool(&["key", old])?;
    }
    // Whatever these keys had done came before this.
    app.ok(&["settings", "set", "shortcut", "F10"]);
    shown("F10", true);
    close();
    app.ok(&["settings", "set", "shortcut", "off"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_fills_in_the_first_window_and_starts_nothing() -> Result<()> {
    let desktop = Desktop::start()?;
    let _tray = TrayHost::start(&desktop).await?;
    let home = desktop.errand_home().to_string_lossy().into_owned();
    let binary = errand_tests::errand_desktop().unwrap();
    let refused = desktop.command(&binary).arg("errand://new?brief=x&program=/bin/sh").output()?;
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    assert!(!desktop.errand_home().join("data").exists());

    let driver = Driver::start(&desktop, &[("ERRAND_HOME", &home)]).await?;
    let link = "errand://new?brief=Tidy%20up%0Arm%20-rf%20~&folder=/tmp";
    let page = driver.open(&binary, &[link]).page(LIMIT).await?;
    page.wait_for("#brief", LIMIT).await?;
    assert_eq!(page.value("#brief").await?, "Tidy up\nrm -rf ~");
    assert_eq!((page.value("#folder").await?, page.value("#program").await?), ("/tmp".into(), "".into()));
    page.screenshot(&pictures().join("link.png")).await?;
    // A second one, while the window is open and something is typed.
    page.type_into("#program", "sh -c true").await?;
    let again = desktop.command(&binary).arg("errand://new?brief=Water%20the%20plants").status()?;
    assert!(again.success());
    let filled = async || Ok((page.value("#brief").await? == "Water the plants").then_some(()));
    wait::eventually("the second link is there", LIMIT, filled).await?;
    assert_eq!(page.value("#program").await?, "sh -c true");
    let listed = desktop.output(errand_tests::errand().unwrap().to_str().unwrap(), &["list", "--json"])?;
    let listed: Value = serde_json::from_slice(&listed).unwrap();
    assert_eq!(listed["tasks"], Value::Array(Vec::new()));
    let quit = desktop.output(errand_tests::errand().unwrap().to_str().unwrap(), &["quit"])?;
    assert!(String::from_utf8_lossy(&quit).contains("left"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn it_starts_at_login_only_if_asked_and_as_long_as_the_entry_stands() -> Result<()> {
    let app = App::hidden().await?;
    let value = || app.ok(&["settings", "get", "autostart"])["value"].clone();
    let folder = app.desktop.home().join(".config/autostart");
    assert_eq!((value(), folder.exists()), ("off".into(), false));
    app.ok(&["settings", "set", "autostart", "on"]);
    let entry = std::fs::read_dir(&folder)?.next().unwrap()?.path();
    let text = std::fs::read_to_string(&entry)?;
    let exec = text.lines().find_map(|line| line.strip_prefix("Exec=")).unwrap();
    assert!(exec.ends_with("errand-desktop --hidden"), "{exec}");
    app.ok(&["settings", "set", "autostart", "on"]);
    assert_eq!(value(), "on");
    // Removed by hand, or by the desktop's settings.
    std::fs::remove_file(&entry)?;
    assert_eq!(value(), "off");
    app.ok(&["settings", "set", "autostart", "on"]);
    assert_eq!((value(), entry.exists()), ("on".into(), true));
    app.ok(&["settings", "set", "autostart", "off"]);
    assert_eq!((value(), entry.exists()), ("off".into(), false));
    Ok(())
}
