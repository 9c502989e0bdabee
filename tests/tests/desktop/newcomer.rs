//! Somebody who has just installed it and has read nothing.

use std::time::Duration;

use errand_testkit::desktop::tray::TrayHost;
use errand_testkit::desktop::webdriver::Driver;
use errand_testkit::desktop::{Desktop, Result};

/// What a newcomer is promised, from the start of the app to the first result on the screen.
const A_MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_reads_a_first_result_within_a_minute_of_the_start() -> Result<()> {
    let desktop = Desktop::start()?;
    let _tray = TrayHost::start(&desktop).await?;
    let home = desktop.errand_home().to_string_lossy().into_owned();
    let driver = Driver::start(&desktop, &[("ERRAND_HOME", &home)]).await?;
    let first_minute = async {
        let page = driver.open(&errand_tests::errand_desktop().unwrap(), &[]).page(A_MINUTE).await?;
        page.wait_for(".first button", A_MINUTE).await?;
        page.screenshot(&super::pictures().join("newcomer.png")).await?;
        page.click(".first button").await?;
        page.wait_for("button[data-row]", A_MINUTE).await?;
        page.click("button[data-row]").await?;
        page.switch_to_titled("uname", A_MINUTE).await?;
        page.wait_text("body", A_MINUTE, |text| text.contains("Completed")).await?;
        page.screenshot(&super::pictures().join("first-result.png")).await
    };
    tokio::time::timeout(A_MINUTE, first_minute).await.unwrap()
}
