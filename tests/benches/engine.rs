//! How fast the engine is beside the bare system, in one run on the same disk. Prints; judges nothing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench prints, and stops when it cannot go on"
)]
#![allow(clippy::disallowed_methods, reason = "a bench reads the clock")]

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

const TASKS: usize = 3_000;
const AT_ONCE: usize = 3;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let bare_runs = spawn_and_wait();
    println!("bare spawn-and-wait of /bin/true, {AT_ONCE} at once   {bare_runs:>8.0} /s");
    let bare_commits = commits(&folder.path().join("bare.db"));
    println!("bare commits, one row each, WAL and FULL      {bare_commits:>8.0} /s");
    let engine = Engine::start(&folder.path().join("home"));
    let (accepted, tasks) = engine.drain(TASKS);
    println!(
        "tasks handed over, each synced                {accepted:>8.0} /s   {:.2} of bare commits",
        accepted / bare_commits
    );
    println!(
        "whole tasks with /bin/true, {AT_ONCE} at once          {tasks:>8.0} /s   {:.2} of bare spawns",
        tasks / bare_runs
    );
    let start = engine.enqueue_to_start(200);
    println!("from handing over to running, idle, median    {:>8.2} ms", start.as_secs_f64() * 1e3);
    let list = time_of(engine.errand().arg("list"));
    let nothing = time_of(&mut Command::new("true"));
    println!(
        "`errand list` beside `true`, median           {:>8.2} ms   {:.1} times",
        list.as_secs_f64() * 1e3,
        list.as_secs_f64() / nothing.as_secs_f64()
    );
}

fn spawn_and_wait() -> f64 {
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                for _ in 0..TASKS / AT_ONCE {
                    Command::new("/bin/true").stdin(Stdio::null()).status().unwrap();
                }
            });
        }
    });
    TASKS as f64 / start.elapsed().as_secs_f64()
}

fn commits(file: &Path) -> f64 {
    let conn = rusqlite::Connection::open(file).unwrap();
    conn.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE row (n INTEGER, text TEXT)",
    )
    .unwrap();
    let start = Instant::now();
    for n in 0..TASKS {
        conn.prepare_cached("INSERT INTO row VALUES (?1, 'bold-falcon-427')")
            .unwrap()
            .execute([n as i64])
            .unwrap();
    }
    TASKS as f64 / start.elapsed().as_secs_f64()
}

fn time_of(command: &mut Command) -> Duration {
    let mut times: Vec<Duration> = (0..60)
        .map(|_| {
            let start = Instant::now();
            command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
            start.elapsed()
        })
        .collect();
    times.sort();
    times[times.len() / 2]
}

struct Engine {
    home: std::path::PathBuf,
    child: Child,
}

impl Engine {
    fn start(home: &Path) -> Engine {
        let mut child = Command::new(errand_tests::errand().unwrap())
            .args(["start", "--headless"])
            .env("ERRAND_HOME", home)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        Engine { home: home.to_owned(), child }
    }

    fn errand(&self) -> Command {
        let mut command = Command::new(errand_tests::errand().unwrap());
        command.env("ERRAND_HOME", &self.home);
        command
    }

    fn connect(&self) -> Line {
        let stream = UnixStream::connect(self.home.join("run/person.sock")).unwrap();
        let mut line = Line { read: BufReader::new(stream.try_clone().unwrap()), write: stream };
        line.send(&json!({"protocol": 1, "version": "0.1.0", "role": "terminal"}));
        line.receive();
        line
    }

    /// Tasks accepted per second while paused, then whole tasks per second.
    fn drain(&self, count: usize) -> (f64, f64) {
        let mut line = self.connect();
        line.call("pause", json!({"all": true}));
        let start = Instant::now();
        let mut writer = line.write.try_clone().unwrap();
        let feeder = std::thread::spawn(move || {
            for id in 0..count {
                let params = json!({"argv": ["/bin/true"], "cwd": "/", "notify": "silent"});
                let call = json!({"call": {"id": id, "command": "run", "params": params}});
                writeln!(writer, "{call}").unwrap();
            }
        });
        for _ in 0..count {
            assert!(line.receive().get("ok").is_some());
        }
        feeder.join().unwrap();
        let accepted = count as f64 / start.elapsed().as_secs_f64();
        let mut feed = self.connect();
        feed.send(&json!({"subscribe": {"id": 1, "feed": {"feed": "changes"}}}));
        feed.receive();
        line.call("resume", json!({"all": true}));
        let start = Instant::now();
        let mut done = 0;
        let mut text = String::new();
        while done < count {
            text.clear();
            feed.read.read_line(&mut text).unwrap();
            if text.contains("\"subject\":\"task\"") {
                // A program that does nothing ends in one way only.
                let other = ["failed", "unknown", "timed_out", "cancelled"];
                assert!(!other.iter().any(|state| text.contains(&format!("\"to\":\"{state}\""))), "{text}");
                done += usize::from(text.contains("\"to\":\"completed\""));
            }
        }
        (accepted, count as f64 / start.elapsed().as_secs_f64())
    }

    fn enqueue_to_start(&self, count: usize) -> Duration {
        let mut line = self.connect();
        let mut feed = self.connect();
        feed.send(&json!({"subscribe": {"id": 1, "feed": {"feed": "changes"}}}));
        feed.receive();
        let mut times: Vec<Duration> = (0..count)
            .map(|_| {
                let start = Instant::now();
                line.call("run", json!({"argv": ["/bin/true"], "cwd": "/", "notify": "silent"}));
                feed.until("\"to\":\"running\"");
                let time = start.elapsed();
                feed.until("\"to\":\"completed\"");
                time
            })
            .collect();
        times.sort();
        times[times.len() / 2]
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        drop(self.errand().args(["quit", "--now"]).stdout(Stdio::null()).stderr(Stdio::null()).status());
        drop(self.child.wait());
    }
}

struct Line {
    read: BufReader<UnixStream>,
    write: UnixStream,
}

impl Line {
    fn send(&mut self, frame: &Value) {
        writeln!(self.write, "{frame}").unwrap();
    }

    fn receive(&mut self) -> Value {
        let mut text = String::new();
        self.read.read_line(&mut text).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    fn call(&mut self, command: &str, params: Value) {
        self.send(&json!({"call": {"id": 0, "command": command, "params": params}}));
        assert!(self.receive().get("ok").is_some());
    }

    fn until(&mut self, wanted: &str) {
        let mut text = String::new();
        while !text.contains(wanted) {
            text.clear();
            self.read.read_line(&mut text).unwrap();
        }
    }
}
