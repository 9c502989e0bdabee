//! The checked-in table `gate.table`, and what holds in every case.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "gate/properties.rs"]
mod properties;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use errand_base::{TaskId, Timestamp, parse_duration};
use errand_model::gate::{
    Asking, Candidate, Kind, Origin, Quiet, Retimed, Settings, Standing, TimeOfDay, Verdict, Why, World,
    digest_due, gate, gather, lost, need_you, retime,
};
use errand_model::{DeliveryKind, Notify, Priority};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

const TABLE: &str = include_str!("gate.table");

fn own() -> TaskId {
    TaskId::try_from("calm-owl-100".to_owned()).unwrap()
}

/// What a letter of the table stands for.
fn other(name: &str) -> TaskId {
    match name {
        "same" => own(),
        "a" => TaskId::try_from("bold-falcon-427".to_owned()).unwrap(),
        "b" => TaskId::try_from("bold-falcon-428".to_owned()).unwrap(),
        name => panic!("{name}"),
    }
}

/// `2026-03-10T12:00`, with an offset where the clock shows it twice.
fn moment(text: &str, zone: &TimeZone) -> Timestamp {
    let millis = match text.parse::<jiff::Timestamp>() {
        Ok(moment) => moment.as_millisecond(),
        Err(_) => {
            let local: DateTime = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            let moment = zone.to_ambiguous_timestamp(local).unambiguous();
            moment.unwrap_or_else(|error| panic!("{text}: {error}")).as_millisecond()
        }
    };
    Timestamp::from_millis(millis)
}

/// The way the table writes it: without the offset where it is the one of `now`.
fn local(moment: Timestamp, zone: &TimeZone) -> String {
    let moment = jiff::Timestamp::from_millisecond(moment.as_millis()).unwrap().to_zoned(zone.clone());
    moment.strftime("%Y-%m-%dT%H:%M%:z").to_string()
}

/// What is said about a delivery and its surroundings.
struct Case {
    candidate: Candidate,
    inhibited: bool,
    focused: bool,
    asking: Vec<Asking>,
    told: Vec<Timestamp>,
}

fn age(text: &str) -> Duration {
    if text == "0s" { Duration::ZERO } else { parse_duration(text).unwrap() }
}

fn case(words: &[&str], now: Timestamp) -> Case {
    let kind = match words[0] {
        "question" => Kind::Question,
        "approval" => Kind::Approval,
        "result" => Kind::Result,
        "failure" => Kind::Failure,
        "reminder" => Kind::Reminder,
        "digest" => Kind::Digest,
        "notice" => Kind::Notice,
        kind => panic!("{kind}"),
    };
    let mut candidate = Candidate::new(kind);
    candidate.task = (kind != Kind::Digest).then(own);
    let mut case = Case { candidate, inhibited: false, focused: false, asking: Vec::new(), told: Vec::new() };
    for word in &words[1..] {
        let (key, value) = word.split_once('=').unwrap_or((word, ""));
        let named = || serde_json::Value::String(value.to_owned());
        let candidate = &mut case.candidate;
        match key {
            "by" => candidate.origin = origin(value),
            "hand" => candidate.by_hand = Some(now.minus(age(value))),
            "notify" => candidate.notify = serde_json::from_value::<Notify>(named()).unwrap(),
            "priority" => candidate.priority = serde_json::from_value::<Priority>(named()).unwrap(),
            "significant" => candidate.significant = true,
            "escalated" => candidate.escalated = true,
            "security" => candidate.security = true,
            "sub" => candidate.is_sub_task = true,
            "dnd" => case.inhibited = true,
            "focused" => case.focused = true,
            "told" => case.told = value.split(',').map(|ago| now.minus(age(ago))).collect(),
            "asking" => {
                let asking = |one: &str| {
                    let (task, ago) = one.split_once(':').unwrap();
                    let together = ago.ends_with('*');
                    Asking { task: other(task), since: now.minus(age(ago.trim_end_matches('*'))), together }
                };
                case.asking = value.split(',').map(asking).collect();
            }
            name => candidate.standing = standing(name),
        }
    }
    case
}

fn standing(name: &str) -> Standing {
    match name {
        "pending" => Standing::Pending,
        "held" => Standing::Held,
        "showing" => Standing::Showing,
        "shown" => Standing::Shown,
        "settled" => Standing::Settled,
        name => panic!("{name}"),
    }
}

fn origin(text: &str) -> Origin {
    let (kind, name) = text.split_once(':').unwrap_or((text, ""));
    match kind {
        "person" => Origin::Person,
        "schedule" => Origin::Schedule(name.to_owned()),
        "trigger" => Origin::Trigger(name.to_owned()),
        "task" => Origin::Task(name.to_owned()),
        "client" => Origin::Client(name.to_owned()),
        kind => panic!("{kind}"),
    }
}

struct Surroundings {
    settings: Settings,
    zone: TimeZone,
}

impl Surroundings {
    fn new() -> Surroundings {
        Surroundings { settings: Settings::default(), zone: TimeZone::UTC }
    }

    fn take(&mut self, words: &[&str]) -> bool {
        match words {
            ["zone", name] => self.zone = TimeZone::get(name).unwrap(),
            ["quiet", "off"] => self.settings.quiet = None,
            ["mute", "off"] => self.settings.muted_until = None,
            ["mute", until] => self.settings.muted_until = Some(moment(until, &self.zone)),
            ["quiet", hours] => self.settings.quiet = Some(Quiet::parse(hours).unwrap()),
            ["limits", hour, day] => {
                self.settings.per_hour = hour.parse().unwrap();
                self.settings.per_day = day.parse().unwrap();
            }
            ["day", time] => self.settings.day_starts = TimeOfDay::parse(time).unwrap(),
            [..] => return false,
        }
        true
    }

    fn world<'a>(&'a self, case: &'a Case, focused: &'a TaskId) -> World<'a> {
        World {
            settings: &self.settings,
            zone: &self.zone,
            inhibited: case.inhibited,
            focused: case.focused.then_some(focused),
            asking: &case.asking,
            told: &case.told,
        }
    }

    /// What the table says on the right, made from what is on the left.
    fn answer(&self, words: &[&str]) -> String {
        match words {
            ["lost", words @ ..] => said_lost(words),
            ["retime", now, until, words @ ..] => {
                let (now, until) = (moment(now, &self.zone), moment(until, &self.zone));
                let (case, own) = (case(words, now), own());
                match retime(until, &case.candidate, &self.world(&case, &own), now) {
                    Retimed::Stays => "stays".to_owned(),
                    Retimed::Due => "due".to_owned(),
                    Retimed::Until(until) => format!("until {}", local(until, &self.zone)),
                }
            }
            [now, words @ ..] => {
                let now = moment(now, &self.zone);
                let (case, own) = (case(words, now), own());
                let world = self.world(&case, &own);
                let verdict = gate(&case.candidate, &world, now);
                let why = verdict.why();
                let time = |moment: Timestamp| local(moment, &self.zone);
                match verdict {
                    Verdict::Drop { .. } => format!("drop {}", why.name()),
                    Verdict::NoBanner { .. } => format!("no_banner {}", why.name()),
                    Verdict::Show { .. } => format!("show {}", why.name()),
                    Verdict::Together { tasks, .. } => format!("together {tasks} {}", why.name()),
                    Verdict::Hold { until, .. } => format!("hold {} {}", why.name(), time(until)),
                    Verdict::Wait { .. } => format!("wait {}", why.name()),
                    Verdict::Digest { .. } => {
                        format!("digest {} {}", why.name(), time(digest_due(why, &world, now).unwrap()))
                    }
                }
            }
            [] => panic!("an empty case"),
        }
    }

    /// The table leaves out an offset that is the usual one.
    fn completed(&self, expected: &str) -> String {
        let words = expected.split(' ').map(|word| {
            let is_local = word.len() == 16 && word.contains('T');
            if is_local { local(moment(word, &self.zone), &self.zone) } else { word.to_owned() }
        });
        words.collect::<Vec<_>>().join(" ")
    }
}

fn said_lost(words: &[&str]) -> String {
    let mut candidate = Candidate::new(Kind::Result);
    candidate.standing = standing(words[0]);
    let mut service = None;
    for word in &words[1..] {
        let (key, value) = word.split_once('=').unwrap();
        match key {
            "attempts" => candidate.attempts = value.parse().unwrap(),
            "on" => candidate.shown_on = Some(value.to_owned()),
            "now" => service = Some(value),
            key => panic!("{key}"),
        }
    }
    lost(&candidate, service).map_or_else(|why| why.name().to_owned(), |()| "due".to_owned())
}

fn lines() -> impl Iterator<Item = (usize, &'static str)> {
    let lines = TABLE.lines().enumerate().map(|(n, line)| (n + 1, line));
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

#[test]
fn every_case_is_decided_as_the_table_says() {
    let mut surroundings = Surroundings::new();
    let (mut wrong, mut seen) = (Vec::new(), BTreeMap::new());
    for (number, line) in lines() {
        let Some((left, expected)) = line.split_once(" -> ") else {
            let words: Vec<&str> = line.split(' ').collect();
            assert!(surroundings.take(&words), "line {number}: {line}");
            continue;
        };
        let words: Vec<&str> = left.split(' ').collect();
        let answer = surroundings.answer(&words);
        if answer != surroundings.completed(expected) {
            wrong.push(format!("{number}: {line}\n     {answer}"));
        }
        for word in expected.split(' ') {
            *seen.entry(word.to_owned()).or_insert(0_u32) += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for why in Why::ALL {
        assert!(seen.contains_key(why.name()), "no case has {}", why.name());
    }
    assert!(lines().filter(|(_, line)| line.contains(" -> ")).count() >= 200);
}

#[test]
fn every_why_has_a_name_that_reads_back_and_a_sentence() {
    let names: BTreeSet<&str> = Why::ALL.iter().map(|why| why.name()).collect();
    let sentences: BTreeSet<&str> = Why::ALL.iter().map(|why| why.sentence()).collect();
    assert_eq!((names.len(), sentences.len()), (Why::ALL.len(), Why::ALL.len()));
    for why in Why::ALL {
        assert_eq!(Why::from_name(why.name()), Some(why));
        assert_eq!(serde_json::to_value(why).unwrap(), why.name());
        assert!(why.sentence().ends_with('.'));
    }
    assert_eq!(Why::from_name("Settled"), None);
}

#[test]
fn hours_are_read_strictly_and_written_as_they_are_read() {
    for good in ["22:00-07:00", "00:00-22:00", "09:00-07:00", "13:00-14:30"] {
        assert_eq!(Quiet::parse(good).unwrap().to_string(), good);
    }
    for bad in [
        "",
        "22:00",
        "22-7",
        "22:00-22:00",
        "00:00-22:01",
        "09:00-07:01",
        "24:00-07:00",
        "22:00-7:00",
        "22:60-07:00",
        "-1:00-07:00",
        "22:00–07:00",
    ] {
        let error = Quiet::parse(bad).unwrap_err().to_string();
        assert!(!error.is_empty(), "{bad}");
    }
    assert_eq!(TimeOfDay::parse("04:00"), Ok(TimeOfDay::FOUR));
    for bad in ["4:00", "04:00:00", "+4:00", "0400", "04:-1"] {
        assert!(TimeOfDay::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_digest_has_one_line_for_each_origin() {
    let of = |kind, text: &str| Candidate { origin: origin(text), ..Candidate::new(kind) };
    let all = [
        of(Kind::Result, "schedule:news"),
        of(Kind::Result, "person"),
        of(Kind::Failure, "schedule:news"),
        of(Kind::Result, "schedule:news"),
        of(Kind::Notice, "client:editor"),
        of(Kind::Result, "schedule:backup"),
    ];
    let lines: Vec<_> = gather(&all)
        .into_iter()
        .map(|bundle| (bundle.origin, bundle.results, bundle.failures, bundle.others))
        .collect();
    assert_eq!(
        lines,
        [
            (origin("schedule:news"), 2, 1, 0),
            (origin("person"), 1, 0, 0),
            (origin("client:editor"), 0, 0, 1),
            (origin("schedule:backup"), 1, 0, 0)
        ]
    );
    assert_eq!([need_you(1), need_you(3)], ["1 task needs you", "3 tasks need you"]);
}

#[test]
fn every_kind_of_row_has_its_kind_here() {
    let kinds = DeliveryKind::ALL.map(Kind::from);
    assert_eq!(kinds, [Kind::Question, Kind::Result, Kind::Failure, Kind::Notice, Kind::Digest]);
    assert_eq!(Origin::from(errand_model::Origin::Person), Origin::Person);
}
