use errand_testkit::desktop::notifyd::Notifyd;
use errand_testkit::desktop::tray::TrayHost;
use errand_testkit::desktop::webdriver::Driver;
use errand_testkit::desktop::{Desktop, Result};

use super::{LIMIT, pictures};

#[tokio::test(flavor = "multi_thread")]
async fn from_the_tray_through_the_quick_window_and_a_notification_to_the_result() -> Result<()> {
    let desktop = Desktop::start()?;
    let tray = TrayHost::start(&desktop).await?;
    let bubbles = Notifyd::start(&desktop).await?;
    let home = desktop.errand_home().to_string_lossy().into_owned();
    let driver = Driver::start(&desktop, &[("ERRAND_HOME", &home)]).await?;

    // A click in the tray brings the first window; only then does WebDriver have something to talk to.
    let opening = driver.open(&errand_tests::errand_desktop().unwrap(), &["--hidden"]);
    let icon = tray.item(LIMIT).await?;
    icon.menu_when("it offers a new task", LIMIT, |menu| menu.labels().contains(&"New task…")).await?;
    icon.click(&["New task…"]).await?;
    let page = opening.page(LIMIT).await?;
    page.wait_for("#program", LIMIT).await?;
    page.type_into("#program", "sh -c 'echo first; echo the-result-of-it'").await?;
    page.wait_for("ol[aria-label='Program and arguments'] li", LIMIT).await?;
    page.screenshot(&pictures().join("quick.png")).await?;
    page.type_into("#program", "\u{e007}").await?;

    // The real service shows the result with a button; pressing it opens the task.
    let bubble = bubbles.wait_for(1, LIMIT).await?.remove(0);
    // Painted whole, with its one button.
    desktop.screenshot(&pictures().join("notification.png"))?;
    bubble.press(0, 1, LIMIT).await?;
    page.switch_to_titled("the-result-of-it", LIMIT).await?;
    page.wait_text("body", LIMIT, |text| text.contains("Completed") && text.contains("the-result-of-it"))
        .await?;
    page.screenshot(&pictures().join("task.png")).await?;
    desktop.screenshot(&pictures().join("desktop.png"))?;

    icon.click(&["Quit"]).await?;
    tray.is_empty(LIMIT).await
}
