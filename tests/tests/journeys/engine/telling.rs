//! Results reach a person through whatever notification service there is, when there is one.

use errand_testkit::desktop::wait;

use crate::world::service::Service;
use crate::world::{Home, LIMIT, audit};

/// More than are shown in one go.
const MANY: usize = 80;

#[test]
fn results_wait_for_a_service_and_are_then_all_shown() {
    let mut service = Service::absent();
    let home = Home::new().on_bus(service.bus());
    home.start_and_keep();
    let ids: Vec<String> = (0..MANY).map(|n| home.sh(&format!("--title t{n}"), "echo done")).collect();
    home.ended(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(audit::due(&home), MANY as i64);
    service.appear();
    let all = wait::until("all are shown", LIMIT, || Ok((audit::due(&home) == 0).then_some(())));
    all.unwrap_or_else(|error| panic!("{error}: {} of {MANY} are not", audit::due(&home)));
    let showings = service.showings();
    assert_eq!(showings.len(), MANY);
    assert!(showings.values().all(|times| *times == 1), "{showings:?}");
    home.quit();
}

#[test]
fn a_silent_result_is_filed_and_a_silent_failure_is_told() {
    let service = Service::start();
    let home = Home::new().on_bus(service.bus());
    home.start_and_keep();
    let good = home.sh("--notify silent --title good", "true");
    let bad = home.sh("--notify silent --title bad", "false");
    home.ended(&[&good, &bad]);
    service.wait_for("bad");
    assert_eq!(service.showings().into_keys().collect::<Vec<_>>(), ["bad"]);
    home.quit();
}
