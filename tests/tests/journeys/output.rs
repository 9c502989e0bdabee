//! Programs that print more than anybody wants to keep.

use std::time::Duration;

use crate::world::{Engine, Home, clock, processes};

const MIB: u64 = 1 << 20;
/// What an engine may hold above what it holds at idle.
const MEMORY: u64 = 40 * MIB;
/// What a database may need for the 16 MiB that are kept of one run.
const KEPT: u64 = 18 * MIB;
/// What has been written and not yet been put in its place.
const WAL: u64 = 32 * MIB;
/// Commands that are timed.
const LOOKS: usize = 200;

struct Flood {
    home: Home,
    engine: Engine,
    idle: u64,
}

impl Flood {
    fn new() -> Flood {
        let home = Home::new();
        let engine = home.start();
        // Once through everything, so that what is loaded on first use counts as idle.
        let id = home.sh("", "echo warm");
        home.ended(&[&id]);
        let idle = processes::memory(engine.pid(), "VmRSS") * 1_024;
        Flood { home, engine, idle }
    }

    /// The highest it ever was, above idle.
    fn above_idle(&self) -> u64 {
        (processes::memory(self.engine.pid(), "VmHWM") * 1_024).saturating_sub(self.idle)
    }

    /// Runs it to its end; its id.
    fn run(&self, script: &str) -> String {
        let id = self.home.sh("", script);
        self.home.ended(&[&id]);
        assert_eq!(self.home.state(&id), "completed", "{}", self.home.report(&id));
        id
    }

    /// Memory and disk after `runs` floods.
    #[track_caller]
    fn is_bounded(&self, what: &str, runs: u64) {
        let above = self.above_idle();
        let wal = processes::size_of(&self.home.data(), "logs.db-wal");
        let logs = processes::size_of(&self.home.data(), "logs.db") - wal;
        let [above_kib, idle, logs_kib, wal_kib] = [above, self.idle, logs, wal].map(|bytes| bytes >> 10);
        println!(
            "{what}: {above_kib} KiB above {idle} KiB at idle; logs.db {logs_kib} KiB, its log {wal_kib} KiB"
        );
        assert!(above <= MEMORY, "{what}: {} KiB above idle", above >> 10);
        assert!(logs <= KEPT * runs, "{what}: logs.db has {logs_kib} KiB");
        assert!(wal <= WAL, "{what}: the log of logs.db has {wal_kib} KiB");
    }

    fn log(&self, id: &str) -> String {
        let said = self.home.run(["log", id]);
        assert_eq!(said.code, 0, "{said:?}");
        said.out
    }
}

/// The time within which 99 of 100 looks at the list came back, and the middle one.
fn looks(home: &Home) -> (Duration, Duration) {
    let mut times: Vec<Duration> = (0..LOOKS)
        .map(|_| {
            let begin = clock::now();
            home.ok("list --limit 20");
            begin.elapsed()
        })
        .collect();
    times.sort();
    (times[LOOKS * 99 / 100], times[LOOKS / 2])
}

#[test]
fn three_hundred_megabytes_are_bounded_and_disturb_nobody() {
    let flood = Flood::new();
    let idle = looks(&flood.home);
    // Numbered, so that the end can be told from the middle; never slower than the reader.
    let id = flood
        .home
        .sh("", "yes 'all work and no play makes a dull program' | head -c 300000000; echo; echo the end");
    // The flood may be over before the last look on a fast machine: then the others were in it.
    let busy = looks(&flood.home);
    flood.home.ended(&[&id]);
    println!(
        "`errand list`: p99 {:?}, middle {:?} in the flood; p99 {:?}, middle {:?} at idle",
        busy.0, busy.1, idle.0, idle.1
    );
    assert_eq!(flood.home.state(&id), "completed");
    flood.is_bounded("300 MB of lines", 1);
    let log = flood.log(&id);
    assert!(log.starts_with("all work and no play"), "the beginning is kept");
    assert!(log.ends_with("the end\n"), "the end is kept");
    let middle = log.lines().find(|line| line.contains("left out"));
    assert!(middle.is_some_and(|line| line.contains("MB") || line.contains("MiB")), "{middle:?}");
    assert!(flood.home.report(&id).ends_with("the end"));
    flood.home.quit();
}

#[test]
fn one_line_of_fifty_megabytes_is_cut_into_pieces() {
    let flood = Flood::new();
    let id = flood.run("head -c 50000000 /dev/zero | tr '\\0' 'x'; echo; echo the end");
    flood.is_bounded("one line of 50 MB", 1);
    let log = flood.log(&id);
    assert!(log.ends_with("the end\n"));
    let longest = log.lines().map(str::len).max().unwrap();
    assert!(longest <= 16 * 1_024, "a piece has {longest} bytes");
    flood.home.quit();
}

#[test]
fn bytes_that_are_no_text_and_escapes_come_out_as_plain_text() {
    let flood = Flood::new();
    let line = r"\377\376 \033[1;31mred\033[0m \033]0;title\007\302 end";
    let id = flood
        .run(&format!("yes \"$(printf '{line}')\" | head -c 60000000; printf '\\n\\033[32mlast\\033[0m\\n'"));
    flood.is_bounded("60 MB of escapes and invalid bytes", 1);
    let log = flood.log(&id);
    let report = flood.home.report(&id);
    for text in [&log, &report] {
        assert!(!text.contains(['\u{1b}', '\u{7}', '\u{9b}']), "an escape came through");
        assert!(text.trim_end().ends_with("last"));
        assert!(text.contains("\u{fffd}\u{fffd} red "), "{}", &text[text.len() - 200..]);
    }
    flood.home.quit();
}

#[test]
fn empty_lines_without_end_are_bounded_too() {
    let flood = Flood::new();
    let id = flood.run("yes '' | head -c 30000000; echo the end");
    flood.is_bounded("30 million empty lines", 1);
    assert!(flood.home.report(&id).ends_with("the end"));
    flood.home.quit();
}

#[test]
fn floods_at_the_same_time_share_the_memory() {
    let flood = Flood::new();
    let ids: Vec<String> = (0..3)
        .map(|n| {
            flood
                .home
                .sh("", &format!("yes 'flood {n} of three that print at the same time' | head -c 100000000"))
        })
        .collect();
    flood.home.ended(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    flood.is_bounded("three times 100 MB at once", 3);
    flood.home.quit();
}
