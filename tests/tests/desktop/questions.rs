//! The Inbox and the Answer window, worked by hand.

use std::process::{Output, Stdio};

use errand_testkit::desktop::notifyd::Notifyd;
use errand_testkit::desktop::tray::TrayHost;
use errand_testkit::desktop::wait::eventually;
use errand_testkit::desktop::webdriver::{Driver, Page};
use errand_testkit::desktop::{Desktop, Result};
use serde_json::Value;

use super::{LIMIT, pictures};

/// The app with one window.
struct Scene {
    page: Page,
    _driver: Driver,
    tray: TrayHost,
    desktop: Desktop,
}

const CHOICE: &str =
    r#"c=$("$ERRAND_PROGRAM" ask "Which colour?" --option Red --option Blue); echo "painted $c""#;
const WORDS: &str = r#"n=$("$ERRAND_PROGRAM" ask "What is its name?"); echo "called $n""#;

async fn driver_of(desktop: &Desktop) -> Result<Driver> {
    let home = desktop.errand_home().to_string_lossy().into_owned();
    Driver::start(desktop, &[("ERRAND_HOME", &home)]).await
}

fn errand(desktop: &Desktop, args: &[&str]) -> Output {
    let mut command = desktop.command(errand_tests::errand().unwrap());
    command.args(args).current_dir(desktop.scratch()).stdin(Stdio::null()).output().unwrap()
}

impl Scene {
    async fn open(first: &str) -> Result<Scene> {
        let desktop = Desktop::start()?;
        let tray = TrayHost::start(&desktop).await?;
        let driver = driver_of(&desktop).await?;
        let page = driver.open(&errand_tests::errand_desktop().unwrap(), &[first]).page(LIMIT).await?;
        Ok(Scene { page, _driver: driver, tray, desktop })
    }

    fn errand(&self, args: &[&str]) -> Value {
        serde_json::from_slice(&errand(&self.desktop, &[args, &["--json"]].concat()).stdout).unwrap()
    }

    /// A task that asks; returns once it does.
    async fn asks(&self, title: &str, script: &str) -> Result<String> {
        let id = self.errand_run(&["--title", title, "--", "sh", "-c", script]);
        self.until_state(&id, "needs_you").await?;
        Ok(id)
    }

    fn errand_run(&self, args: &[&str]) -> String {
        let output = errand(&self.desktop, &[&["run"], args].concat());
        assert!(output.status.success(), "{args:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    async fn until_state(&self, id: &str, state: &str) -> Result<Value> {
        let look = async || {
            let task = self.errand(&["show", id]);
            Ok((task["state"] == state).then_some(task))
        };
        eventually(&format!("{id} is {state}"), LIMIT, look).await
    }

    /// A key of the real keyboard, to the window in front.
    fn key(&self, key: &str) {
        self.desktop.xdotool(&["key", key]).unwrap();
    }

    /// Until the real keyboard is at this window; on a busy machine that comes after its page is there.
    async fn in_front(&self, title: &str) -> Result<()> {
        let look = async || {
            let name = self.desktop.xdotool(&["getwindowfocus", "getwindowname"]).unwrap_or_default();
            Ok(name.contains(title).then_some(()))
        };
        eventually(&format!("{title} is in front"), LIMIT, look).await
    }

    /// By the clock of the page: a card takes no key in its first moments.
    async fn reads(&self) -> Result<()> {
        let now = async || -> Result<f64> {
            Ok(self.page.script("return performance.now()", vec![]).await?.as_f64().unwrap())
        };
        let then = now().await? + 450.0;
        let look = async || Ok((now().await? > then).then_some(()));
        eventually("a person has read the card", LIMIT, look).await
    }

    /// Once what stands in the page is painted, too.
    async fn picture(&self, name: &str) -> Result<()> {
        self.reads().await?;
        self.page.screenshot(&pictures().join(name)).await
    }

    async fn until_row(&self, title: &str) -> Result<()> {
        self.in_front("Inbox").await?;
        self.page.wait_text("[role=option][aria-selected=true]", LIMIT, |row| row.contains(title)).await?;
        self.reads().await
    }

    async fn until_focus(&self, what: &str) -> Result<()> {
        let look = async || {
            let script = "const e = document.activeElement; return `${e.tagName} ${e.ariaLabel ?? ''} ${e.textContent}`";
            let focus = self.page.script(script, vec![]).await?;
            Ok(focus.as_str().unwrap_or_default().contains(what).then_some(()))
        };
        eventually(&format!("the keyboard is at {what}"), LIMIT, look).await
    }

    /// Processes that draw a page for this desktop.
    fn pages(&self) -> usize {
        let scratch = self.desktop.scratch().to_string_lossy().into_owned();
        let all = std::fs::read_dir("/proc").unwrap().flatten();
        let is_ours = |process: &std::fs::DirEntry| {
            let name = std::fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            let environment = std::fs::read(process.path().join("environ")).unwrap_or_default();
            name.starts_with("WebKitWebProces") && String::from_utf8_lossy(&environment).contains(&scratch)
        };
        all.filter(is_ours).count()
    }

    async fn until_windows(&self, count: usize) -> Result<()> {
        let look = async || Ok((self.page.windows().await?.len() == count).then_some(()));
        eventually(&format!("there are {count} windows"), LIMIT, look).await?;
        let look = async || Ok((self.pages() == count).then_some(()));
        eventually(&format!("{count} processes draw pages"), LIMIT, look).await
    }

    async fn quit(self) -> Result<()> {
        self.errand(&["quit", "--now"]);
        self.tray.is_empty(LIMIT).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_inbox_is_worked_through_by_keys_alone() -> Result<()> {
    let scene = Scene::open("--inbox").await?;
    let page = &scene.page;
    page.wait_text("h1", LIMIT, |text| text == "Nothing needs you").await?;
    scene.picture("inbox-empty.png").await?;

    let fails = scene.errand_run(&["--title", "Fails", "--", "false"]);
    let fence = scene.asks("Paint the fence", CHOICE).await?;
    let dog = scene.asks("Name the dog", WORDS).await?;
    scene.until_state(&fails, "failed").await?;
    let after = scene.errand_run(&["--title", "Goes on", "--after", &fails, "--", "true"]);
    scene.until_state(&after, "needs_you").await?;
    page.switch_to_titled("Inbox (3)", LIMIT).await?;
    scene.picture("inbox.png").await?;

    let list = page.accessible("[role=listbox]").await?;
    assert_eq!(list, ("listbox".into(), "Open questions, oldest first".into()));
    let (role, name) = page.accessible("[role=option]").await?;
    assert_eq!(role, "option");
    assert!(
        name.contains("Paint the fence") && name.contains("waits") && name.contains("Which colour?"),
        "{name}"
    );
    let (role, name) = page.accessible(".choices button").await?;
    assert_eq!((role.as_str(), name.as_str()), ("button", "Red"));

    scene.until_row("Paint the fence").await?;
    // When a key went down is known here, or the first moments of a card could not be told from the rest.
    let note = "addEventListener('keydown', (e) => (window.late ??= performance.now() - e.timeStamp), true)";
    page.script(note, vec![]).await?;
    scene.key("2");
    scene.until_row("Name the dog").await?;
    let late = page.script("return window.late", vec![]).await?.as_f64().unwrap();
    // The X server rounds it, so it may lie a little ahead.
    assert!((-100.0..30_000.0).contains(&late), "{late}");
    scene.key("Return");
    scene.until_focus("TEXTAREA").await?;
    assert_eq!(page.accessible("textarea").await?, ("textbox".into(), "Your answer".into()));
    scene.reads().await?;
    // Letters, where one types.
    scene.desktop.xdotool(&["type", "jada"])?;
    let typed = async || Ok((page.value("textarea").await? == "jada").then_some(()));
    eventually("it is typed", LIMIT, typed).await?;
    scene.key("Return");
    scene.until_row("Goes on").await?;
    scene.until_focus("Open questions").await?;
    scene.key("1");
    page.wait_text("h1", LIMIT, |text| text == "Nothing needs you").await?;

    for (id, report) in [(&fence, "painted Blue"), (&dog, "called jada"), (&after, "")] {
        let task = scene.until_state(id, "completed").await?;
        assert_eq!(task["questions"][0]["answered"]["surface"], "window", "{task}");
        assert!(task["artifact"]["report"].as_str().unwrap().contains(report), "{task}");
    }
    scene.quit().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_from_elsewhere_is_told_where_one_looks() -> Result<()> {
    let scene = Scene::open("--inbox").await?;
    let fence = scene.asks("Paint the fence", CHOICE).await?;
    let dog = scene.asks("Name the dog", WORDS).await?;
    scene.page.switch_to_titled("Inbox (2)", LIMIT).await?;
    scene.until_row("Paint the fence").await?;
    scene.errand(&["answer", &fence, "--choose", "Red"]);
    let told = scene.page.wait_text("article", LIMIT, |text| text.contains("Answered")).await?;
    assert!(told.contains("Answered “Red” by you in the terminal"), "{told}");
    scene.page.switch_to_titled("Inbox (1)", LIMIT).await?;
    scene.key("j");
    scene.until_row("Name the dog").await?;
    assert_eq!(scene.page.count("[role=option]").await?, 1);
    scene.errand(&["cancel", &dog]);
    scene.page.wait_text("article", LIMIT, |text| text.contains("No answer is needed any more.")).await?;
    scene.quit().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_window_closes_itself_and_leaves_nothing() -> Result<()> {
    let scene = Scene::open("--inbox").await?;
    let page = &scene.page;
    let fence = scene.asks("Paint the fence", CHOICE).await?;
    scene.until_windows(1).await?;
    let open = || {
        let mut command = scene.desktop.command(errand_tests::errand_desktop().unwrap());
        assert!(command.args(["--answer", &format!("{fence}/q1")]).status().unwrap().success());
    };
    open();
    page.switch_to_titled("Paint the fence asks", LIMIT).await?;
    scene.until_focus("Red").await?;
    scene.until_windows(2).await?;
    scene.in_front("Paint the fence asks").await?;
    scene.picture("answer.png").await?;
    assert_eq!(page.accessible(".choices").await?, ("group".into(), "Answers".into()));
    assert_eq!(page.accessible("h1").await?, ("heading".into(), "Paint the fence".into()));
    assert_eq!(page.accessible("footer button").await?, ("button".into(), "Open the task".into()));
    scene.reads().await?;
    scene.key("Return");
    scene.until_state(&fence, "completed").await?;
    page.switch_to_titled("Inbox", LIMIT).await?;
    scene.until_windows(1).await?;

    // The button of an old banner.
    open();
    page.switch_to_titled("Paint the fence asks", LIMIT).await?;
    page.wait_text("main", LIMIT, |text| text.contains("Answered “Red” by you in a window")).await?;
    scene.in_front("Paint the fence asks").await?;
    scene.key("Escape");
    page.switch_to_titled("Inbox", LIMIT).await?;
    scene.until_windows(1).await?;
    scene.quit().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_inbox_comes_back_where_it_was() -> Result<()> {
    let scene = Scene::open("--inbox").await?;
    scene.page.wait_text("h1", LIMIT, |text| text == "Nothing needs you").await?;
    let window = async || {
        let look = async || Ok(scene.desktop.xdotool(&["search", "--onlyvisible", "--name", "^Inbox"]).ok());
        eventually("the Inbox is on the screen", LIMIT, look).await
    };
    let place = |id: &str| scene.desktop.xdotool(&["getwindowgeometry", "--shell", id]);
    let of = |said: &str| -> Vec<i64> {
        let value = |name: &str| said.lines().find_map(|line| line.strip_prefix(name)?.parse().ok());
        ["X=", "Y=", "WIDTH=", "HEIGHT="].iter().filter_map(|name| value(name)).collect()
    };
    let first = window().await?;
    scene.desktop.xdotool(&["windowsize", "--sync", &first, "800", "500"])?;
    scene.desktop.xdotool(&["windowmove", "--sync", &first, "130", "90"])?;
    let size = async || {
        let size = scene.page.script("return [innerWidth, innerHeight]", vec![]).await?;
        Ok((size == serde_json::json!([800, 500])).then_some(()))
    };
    eventually("the page has its size", LIMIT, size).await?;
    let was = of(&place(&first)?);
    scene.key("Escape");
    let gone = async || {
        Ok(scene.desktop.xdotool(&["search", "--onlyvisible", "--name", "^Inbox"]).is_err().then_some(()))
    };
    eventually("the Inbox is closed", LIMIT, gone).await?;
    let mut command = scene.desktop.command(errand_tests::errand_desktop().unwrap());
    assert!(command.arg("--inbox").status().unwrap().success());
    let is = of(&place(&window().await?)?);
    let near = was.iter().zip(&is).all(|(was, is)| (was - is).abs() <= 2);
    assert!(was.len() == 4 && near, "{was:?} became {is:?}");
    scene.quit().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_button_leads_to_the_question_and_the_tray_to_all() -> Result<()> {
    let desktop = Desktop::start()?;
    let tray = TrayHost::start(&desktop).await?;
    let bubbles = Notifyd::start(&desktop).await?;
    let driver = driver_of(&desktop).await?;
    let opening = driver.open(&errand_tests::errand_desktop().unwrap(), &["--hidden"]);
    let icon = tray.item(LIMIT).await?;
    icon.menu_when("it offers the Inbox", LIMIT, |menu| menu.labels().contains(&"Inbox")).await?;

    let asked = errand(&desktop, &["run", "--title", "Name the dog", "--", "sh", "-c", WORDS]);
    assert!(asked.status.success(), "{asked:?}");
    // Its one button says "Answer".
    bubbles.wait_for(1, LIMIT).await?.remove(0).press(0, 1, LIMIT).await?;
    let page = opening.page(LIMIT).await?;
    page.switch_to_titled("Name the dog asks", LIMIT).await?;
    page.wait_for("textarea", LIMIT).await?;
    icon.click(&["Inbox"]).await?;
    page.switch_to_titled("Inbox (1)", LIMIT).await?;
    page.wait_text("[role=option]", LIMIT, |row| row.contains("What is its name?")).await?;
    assert!(errand(&desktop, &["quit", "--now"]).status.success());
    tray.is_empty(LIMIT).await
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_meant_for_one_question_do_not_answer_the_next() -> Result<()> {
    let scene = Scene::open("--inbox").await?;
    let fence = scene.asks("Paint the fence", CHOICE).await?;
    let door = scene.asks("Paint the door", CHOICE).await?;
    scene.page.switch_to_titled("Inbox (2)", LIMIT).await?;
    scene.until_row("Paint the fence").await?;
    // An impatient hand, within a few milliseconds.
    scene.desktop.xdotool(&["key", "--delay", "2", "2", "1", "1", "2", "1"])?;
    let task = scene.until_state(&fence, "completed").await?;
    assert_eq!(task["questions"][0]["answered"]["choice"], "Blue", "{task}");
    scene.until_row("Paint the door").await?;
    assert_eq!(scene.errand(&["show", &door])["state"], "needs_you");
    scene.key("1");
    let task = scene.until_state(&door, "completed").await?;
    assert_eq!(task["questions"][0]["answered"]["choice"], "Red", "{task}");
    scene.quit().await
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_decided_by_keys_and_so_is_a_question_in_the_window_of_its_task() -> Result<()> {
    let scene = Scene::open("--inbox").await?;
    let page = &scene.page;
    page.wait_text("h1", LIMIT, |text| text == "Nothing needs you").await?;
    let worker = r#"case $ERRAND_TURN in
        1) call='{"id":"1","name":"write_file","arguments":{"path":"note","text":"new\n"}}' ;;
        2) call='{"id":"2","name":"run_command","arguments":{"argv":["touch","done"]}}' ;;
        *) cp "$ERRAND_REQUEST_FILE" last; echo '{"status":"done","report":"It is done."}' > "$ERRAND_RESPONSE_FILE"; exit ;;
        esac
        printf '{"status":"continue","tool_calls":[%s]}' "$call" > "$ERRAND_RESPONSE_FILE""#;
    let id =
        scene.errand_run(&["Touch it", "--title", "Touch it", "--ask", "always", "--", "sh", "-c", worker]);
    scene.until_row("Touch it").await?;
    page.wait_text("article", LIMIT, |text| text.contains("note") && text.contains("new")).await?;
    scene.picture("inbox-files.png").await?;
    scene.key("a");
    page.wait_text("article", LIMIT, |text| text.contains("touch done")).await?;
    scene.picture("inbox-command.png").await?;
    scene.key("d");
    let task = scene.until_state(&id, "completed").await?;
    for (question, choice) in [(0, "approved"), (1, "denied")] {
        let answered = &task["questions"][question]["answered"];
        assert_eq!((&answered["choice"], &answered["surface"]), (&choice.into(), &"window".into()), "{task}");
    }
    assert!(scene.desktop.scratch().join("note").exists() && !scene.desktop.scratch().join("done").exists());

    let fence = scene.asks("Paint the fence", CHOICE).await?;
    scene.until_row("Paint the fence").await?;
    scene.key("o");
    page.switch_to_titled("Paint the fence", LIMIT).await?;
    page.wait_for(".choices button", LIMIT).await?;
    assert_eq!(page.accessible("h1").await?, ("heading".into(), "Paint the fence".into()));
    assert_eq!(page.accessible(".choices").await?, ("group".into(), "Answers".into()));
    assert_eq!(page.accessible(".choices button").await?, ("button".into(), "Red".into()));
    scene.in_front("Paint the fence · Errand").await?;
    scene.reads().await?;
    scene.key("2");
    let task = scene.until_state(&fence, "completed").await?;
    assert_eq!(task["questions"][0]["answered"]["choice"], "Blue", "{task}");
    page.wait_text("main", LIMIT, |text| text.contains("painted Blue")).await?;
    scene.quit().await
}
