//! What holds in every case, and over days.

use std::time::Duration;

use errand_base::Timestamp;
use errand_model::gate::{
    Asking, Candidate, Kind, Quiet, Retimed, Settings, Standing, TimeOfDay, Verdict, Why, World, digest_due,
    gate, retime,
};
use errand_model::{Notify, Priority};
use jiff::tz::{AmbiguousOffset, TimeZone};
use proptest::prelude::*;

use crate::{other, own};

const HOUR: i64 = 3_600_000;
const ZONES: [&str; 8] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/St_Johns",
    "Africa/Casablanca",
    "Pacific/Kiritimati",
];

fn zone() -> impl Strategy<Value = TimeZone> {
    prop::sample::select(ZONES.to_vec()).prop_map(|name| TimeZone::get(name).unwrap())
}

/// Anywhere within three years, and often around a clock change in Europe or America.
fn now() -> impl Strategy<Value = Timestamp> {
    let changes =
        ["2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z", "2026-03-08T07:00:00Z", "2026-11-01T06:00:00Z"];
    let changes = changes.map(|text| Timestamp::parse_rfc3339(text).unwrap().as_millis()).to_vec();
    prop_oneof![
        (0..3 * 365 * 24 * 60_i64)
            .prop_map(|minute| Timestamp::from_millis(1_767_225_600_000 + minute * 60_000)),
        (prop::sample::select(changes), -30 * HOUR..30 * HOUR)
            .prop_map(|(change, off)| Timestamp::from_millis(change + off / 60_000 * 60_000)),
    ]
}

fn time_of_day() -> impl Strategy<Value = TimeOfDay> {
    (0..24_i8, 0..60_i8).prop_map(|(hour, minute)| TimeOfDay::new(hour, minute).unwrap())
}

fn quiet() -> impl Strategy<Value = Quiet> {
    (time_of_day(), time_of_day())
        .prop_filter_map("long enough awake", |(from, to)| Quiet::parse(&format!("{from}-{to}")).ok())
}

fn settings() -> impl Strategy<Value = Settings> {
    (prop::option::weighted(0.8, quiet()), 0..5_u32, 0..15_u32, time_of_day()).prop_map(
        |(quiet, per_hour, per_day, day_starts)| Settings {
            quiet,
            per_hour,
            per_day,
            day_starts,
            ..Settings::default()
        },
    )
}

fn kind() -> impl Strategy<Value = Kind> {
    prop::sample::select(vec![
        Kind::Question,
        Kind::Approval,
        Kind::Result,
        Kind::Result,
        Kind::Failure,
        Kind::Reminder,
        Kind::Digest,
        Kind::Notice,
    ])
}

/// `hand` is how many minutes ago a person started it.
fn candidate(now: Timestamp) -> impl Strategy<Value = Candidate> {
    let standing = prop::sample::select(vec![
        Standing::Pending,
        Standing::Pending,
        Standing::Held,
        Standing::Showing,
        Standing::Shown,
        Standing::Settled,
    ]);
    let notify =
        prop::sample::select(vec![Notify::Always, Notify::Always, Notify::Significant, Notify::Silent]);
    let priority =
        prop::sample::select(vec![Priority::Low, Priority::Normal, Priority::Normal, Priority::Urgent]);
    let flags = (
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.5),
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.1),
        prop::option::weighted(0.4, -5..70_i64),
    );
    (kind(), standing, 0..5_u32, notify, priority, flags).prop_map(
        move |(kind, standing, attempts, notify, priority, (sub, significant, escalated, security, hand))| {
            Candidate {
                standing,
                attempts,
                task: (kind != Kind::Digest).then(own),
                is_sub_task: sub,
                by_hand: hand.map(|minutes| Timestamp::from_millis(now.as_millis() - minutes * 60_000)),
                notify,
                significant,
                priority,
                escalated,
                security,
                ..Candidate::new(kind)
            }
        },
    )
}

fn told(now: Timestamp) -> impl Strategy<Value = Vec<Timestamp>> {
    prop::collection::vec(
        (-2 * HOUR..40 * HOUR).prop_map(move |ago| Timestamp::from_millis(now.as_millis() - ago)),
        0..16,
    )
}

fn asking(now: Timestamp) -> impl Strategy<Value = Vec<Asking>> {
    let one = (prop::sample::select(vec!["same", "a", "b"]), 0..200_000_i64, prop::bool::weighted(0.2));
    prop::collection::vec(
        one.prop_map(move |(task, ago, together)| Asking {
            task: other(task),
            since: Timestamp::from_millis(now.as_millis() - ago),
            together,
        }),
        0..4,
    )
}

type Scene = (Timestamp, Candidate, Settings, TimeZone, Vec<Timestamp>, Vec<Asking>, bool);

fn scenes() -> impl Strategy<Value = Scene> {
    now().prop_flat_map(|now| {
        (Just(now), candidate(now), settings(), zone(), told(now), asking(now), prop::bool::weighted(0.1))
    })
}

/// Whether the clock on the wall is within quiet hours, and far enough from a clock change for that to be all.
fn shows_quiet(quiet: &str, now: Timestamp, zone: &TimeZone) -> bool {
    let moment = jiff::Timestamp::from_millisecond(now.as_millis()).unwrap();
    let clock = zone.to_datetime(moment).time().strftime("%H:%M").to_string();
    let (from, to) = quiet.split_once('-').unwrap();
    let clock = clock.as_str();
    if from < to { from <= clock && clock < to } else { from <= clock || clock < to }
}

fn changes_within(hours: i64, now: Timestamp, zone: &TimeZone) -> bool {
    let at = |millis: i64| zone.to_offset(jiff::Timestamp::from_millisecond(millis).unwrap());
    (-hours..=hours).any(|hour| at(now.as_millis() + hour * HOUR) != at(now.as_millis()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_decided_fits_what_is_known(
        (now, candidate, settings, zone, told, asking, focused) in scenes(),
        inhibited in any::<bool>(),
    ) {
        let own = own();
        let world =
            World { settings: &settings, zone: &zone, inhibited, focused: focused.then_some(&own), asking: &asking, told: &told };
        let verdict = gate(&candidate, &world, now);
        prop_assert_eq!(verdict, gate(&candidate, &world, now));
        let quiet = settings.quiet.and_then(|quiet| quiet.end(now, &zone));
        let asks = matches!(candidate.kind, Kind::Question | Kind::Approval);
        match verdict {
            Verdict::Drop { why } => prop_assert!(matches!(why, Why::Settled | Why::SubTask)),
            Verdict::NoBanner { why } => prop_assert!(focused && why == Why::WindowFocused),
            Verdict::Show { why } => {
                let any_time = matches!(why, Why::Security | Why::Urgent | Why::ByHand);
                prop_assert!(quiet.is_none() || any_time, "{why:?} in quiet hours");
                prop_assert!(!inhibited || matches!(why, Why::Security | Why::Urgent), "{why:?} is a disturbance");
                prop_assert!(!why.counts() || !asks);
            }
            Verdict::Together { tasks, why } => {
                prop_assert!(asks && quiet.is_none() && tasks >= 2 && why == Why::QuestionsTogether);
                prop_assert!(tasks <= asking.len() + 1);
            }
            Verdict::Hold { until, why } => {
                prop_assert_eq!((Some(until), why), (quiet, Why::QuietHours));
                prop_assert!(now < until && until <= now.plus(Duration::from_secs(23 * 3_600)));
                prop_assert_eq!(retime(until, &candidate, &world, now), Retimed::Stays);
                prop_assert!(!candidate.security && candidate.priority != Priority::Urgent && !candidate.escalated);
            }
            Verdict::Wait { why } => {
                prop_assert!(inhibited && why == Why::DoNotDisturb);
                prop_assert!(!candidate.security && candidate.priority != Priority::Urgent && !candidate.escalated);
            }
            Verdict::Digest { why } => {
                prop_assert!(!asks && candidate.kind != Kind::Digest && !candidate.security);
                let due = digest_due(why, &world, now).unwrap();
                prop_assert!(now < due && due <= now.plus(Duration::from_secs(50 * 3_600)));
                prop_assert!(settings.quiet.and_then(|quiet| quiet.end(due, &zone)).is_none(), "a digest at night");
            }
        }
        if candidate.standing == Standing::Settled {
            prop_assert_eq!(verdict, Verdict::Drop { why: Why::Settled });
        } else if asks {
            prop_assert!(!matches!(verdict, Verdict::Drop { .. } | Verdict::Digest { .. }), "a question is told");
        }
    }

    #[test]
    fn quiet_hours_are_those_of_the_clock_on_the_wall(
        (now, quiet, zone) in (now(), quiet(), zone())
    ) {
        let end = quiet.end(now, &zone);
        if let Some(end) = end {
            prop_assert!(now < end);
            prop_assert!(quiet.end(end, &zone).is_none(), "they are over when they end");
            // All the way to their end it is quiet, with the same end.
            let halfway = Timestamp::from_millis((now.as_millis() + end.as_millis()) / 2);
            prop_assert_eq!(quiet.end(halfway, &zone), Some(end));
        }
        if !changes_within(26, now, &zone) {
            prop_assert_eq!(end.is_some(), shows_quiet(&quiet.to_string(), now, &zone));
        } else if shows_quiet(&quiet.to_string(), now, &zone) {
            prop_assert!(end.is_some(), "a clock change never makes quiet hours shorter than the clock says");
        }
    }

    #[test]
    fn a_digest_for_the_hour_comes_when_there_is_room(
        (now, told, per_hour) in now().prop_flat_map(|now| (Just(now), told(now), 1..4_u32))
    ) {
        let settings = Settings { per_hour, per_day: 1_000, ..Settings::default() };
        let world = World { settings: &settings, zone: &TimeZone::UTC, inhibited: false, focused: None, asking: &[], told: &told };
        let result = Candidate::new(Kind::Result);
        if gate(&result, &world, now) == (Verdict::Digest { why: Why::HourLimit }) {
            let due = digest_due(Why::HourLimit, &world, now).unwrap();
            let before: Vec<Timestamp> = told.iter().copied().filter(|told| *told <= now).collect();
            if before.len() == told.len() {
                let then = gate(&result, &world, due);
                let day = due.as_millis() % (24 * HOUR) == 4 * HOUR;
                let shown = then == Verdict::Show { why: Why::WithinLimit };
                prop_assert!(day || shown);
            }
        }
    }

    /// Deliveries come at any time of three days; the outbox does what its documentation says.
    #[test]
    fn the_limits_hold_over_days_and_nothing_is_forgotten(
        start in now(),
        zone in zone(),
        settings in settings(),
        arrivals in prop::collection::vec((0..90_i64, kind(), prop::bool::weighted(0.1)), 1..120),
    ) {
        let mut outbox = Outbox {
            settings, zone, told: Vec::new(), asking: Vec::new(), shown: Vec::new(), waits: Vec::new(), digested: 0
        };
        let mut now = start;
        let mut arrived = 0;
        for (minutes, kind, urgent) in arrivals {
            now = now.plus(Duration::from_secs(minutes.unsigned_abs() * 60));
            outbox.release(now);
            let kind = if kind == Kind::Digest { Kind::Result } else { kind };
            let priority = if urgent { Priority::Urgent } else { Priority::Normal };
            outbox.take(Candidate { priority, task: Some(own()), ..Candidate::new(kind) }, now);
            arrived += 1;
        }
        for _ in 0..3 * arrived + 3 {
            let Some(next) = outbox.waits.iter().map(|(due, _)| *due).min() else { break };
            now = now.max(next);
            outbox.release(now);
        }
        prop_assert!(outbox.waits.is_empty());
        prop_assert_eq!(outbox.shown.len() + outbox.digested, arrived, "each is shown or in a digest");
        let limited: Vec<Timestamp> =
            outbox.shown.iter().filter(|(_, why)| *why == Why::WithinLimit).map(|(at, _)| *at).collect();
        for at in &limited {
            let hour = limited.iter().filter(|other| *other <= at && at.since(**other) < Duration::from_secs(3_600));
            prop_assert!(hour.count() <= settings.per_hour as usize);
            let day = limited.iter().filter(|other| person_day(&outbox, **other) == person_day(&outbox, *at));
            prop_assert!(day.count() <= settings.per_day as usize);
        }
    }
}

/// The date of the day that the person counts it to: it has begun once the clock has shown that time.
fn person_day(outbox: &Outbox, at: Timestamp) -> jiff::civil::Date {
    let at = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap();
    let local = outbox.zone.to_datetime(at);
    let starts = outbox.settings.day_starts.to_string();
    let shown = local.strftime("%H:%M").to_string() >= starts;
    let first = local.date().to_datetime(starts.parse().unwrap());
    // The clock was set back since: it has shown that time once already.
    let shown_before = match outbox.zone.to_ambiguous_timestamp(first).offset() {
        AmbiguousOffset::Fold { before, .. } => before.to_timestamp(first).unwrap() <= at,
        AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Gap { .. } => false,
    };
    if shown || shown_before { local.date() } else { local.date().yesterday().unwrap() }
}

struct Outbox {
    settings: Settings,
    zone: TimeZone,
    told: Vec<Timestamp>,
    asking: Vec<Asking>,
    shown: Vec<(Timestamp, Why)>,
    /// Held until then; `None` is in the digest of that time.
    waits: Vec<(Timestamp, Option<Candidate>)>,
    digested: usize,
}

impl Outbox {
    fn take(&mut self, candidate: Candidate, now: Timestamp) {
        let world = World {
            inhibited: false,
            settings: &self.settings,
            zone: &self.zone,
            focused: None,
            asking: &self.asking,
            told: &self.told,
        };
        let verdict = gate(&candidate, &world, now);
        match verdict {
            Verdict::Show { why } | Verdict::Together { why, .. } => {
                if why.counts() {
                    self.told.push(now);
                }
                if why == Why::Question {
                    self.asking.push(Asking { task: own(), since: now, together: false });
                }
                self.shown.push((now, why));
            }
            Verdict::Hold { until, .. } => self.waits.push((until, Some(candidate))),
            Verdict::Digest { why } => {
                let due = digest_due(why, &world, now).unwrap();
                self.waits.push((due, None));
            }
            Verdict::Drop { .. } | Verdict::NoBanner { .. } | Verdict::Wait { .. } => panic!("{verdict:?}"),
        }
    }

    fn release(&mut self, now: Timestamp) {
        let (due, waits) = std::mem::take(&mut self.waits).into_iter().partition(|(due, _)| *due <= now);
        self.waits = waits;
        let due: Vec<(Timestamp, Option<Candidate>)> = due;
        let digest: usize = due.iter().filter(|(_, candidate)| candidate.is_none()).count();
        // A digest is one banner, and waits for the end of quiet hours like any other.
        match self.settings.quiet.and_then(|quiet| quiet.end(now, &self.zone)) {
            Some(until) => self.waits.extend((0..digest).map(|_| (until, None))),
            None if digest > 0 => {
                self.told.push(now);
                self.digested += digest;
            }
            None => {}
        }
        for candidate in due.into_iter().filter_map(|(_, candidate)| candidate) {
            self.take(candidate, now);
        }
    }
}
