use errand_testkit::desktop::{Desktop, tray::TrayHost};

use super::LIMIT;

#[tokio::test]
async fn the_app_has_an_icon_until_it_is_asked_to_end() {
    let desktop = Desktop::start().unwrap();
    let tray = TrayHost::start(&desktop).await.unwrap();
    let mut app = desktop.spawn(desktop.command(errand_tests::errand_desktop().unwrap())).unwrap();
    let icon = tray.item_of(app.pid(), LIMIT).await.unwrap();
    icon.menu_when("the menu has entries", LIMIT, |menu| !menu.labels().is_empty()).await.unwrap();

    // As a logout does. Nothing is running, so that there is nothing to save first.
    app.terminate().unwrap();
    app.wait(LIMIT).unwrap();
    tray.is_empty(LIMIT).await.unwrap();
}
