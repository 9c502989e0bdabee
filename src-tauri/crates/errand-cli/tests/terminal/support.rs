//! An engine that plays a script, and a way to run the real binary against it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

pub type Answer = Box<dyn Fn(&Value) -> Result<Value, Value> + Send + Sync>;

/// What the fake answers by command, and what it sends to a subscription.
#[derive(Default)]
pub struct Script {
    pub answers: BTreeMap<&'static str, Answer>,
    pub events: Vec<Value>,
    pub version: Option<&'static str>,
    /// Closes the connection after this command was answered.
    pub leave_after: Option<&'static str>,
    /// Closes the connection instead of answering this command, the first two times.
    pub hang_up_on: Option<&'static str>,
}

impl Script {
    pub fn on(
        mut self,
        command: &'static str,
        answer: impl Fn(&Value) -> Result<Value, Value> + Send + Sync + 'static,
    ) -> Script {
        self.answers.insert(command, Box::new(answer));
        self
    }

    pub fn reply(self, command: &'static str, value: Value) -> Script {
        self.on(command, move |_| Ok(value.clone()))
    }
}

pub struct World {
    pub home: tempfile::TempDir,
    pub heard: Arc<Mutex<Vec<(String, Value)>>>,
}

impl World {
    pub fn empty() -> World {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("run")).unwrap();
        World { home, heard: Arc::default() }
    }

    pub fn with(script: Script) -> World {
        let world = World::empty();
        world.serve(script);
        world
    }

    pub fn socket(&self) -> PathBuf {
        self.home.path().join("run/person.sock")
    }

    pub fn serve(&self, script: Script) {
        let listener = UnixListener::bind(self.socket()).unwrap();
        let (script, heard) = (Arc::new(script), self.heard.clone());
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (script, heard) = (script.clone(), heard.clone());
                // A client that leaves in the middle of a word is its own business.
                thread::spawn(move || drop(talk(&stream.unwrap(), &script, &heard)));
            }
        });
    }

    pub fn command(&self, args: &[&str]) -> Command {
        self.command_of(Path::new(env!("CARGO_BIN_EXE_errand")), args)
    }

    pub fn command_of(&self, program: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(args)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("TZ", "UTC")
            .env("ERRAND_HOME", self.home.path())
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, args: &[&str]) -> Said {
        said(self.command(args).output().unwrap())
    }

    /// The parameters of the last call of that name.
    pub fn last(&self, command: &str) -> Value {
        let heard = self.heard.lock().unwrap();
        heard.iter().rev().find(|(name, _)| name == command).map(|(_, params)| params.clone()).unwrap()
    }
}

#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

pub fn said(output: Output) -> Said {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

fn talk(stream: &UnixStream, script: &Script, heard: &Mutex<Vec<(String, Value)>>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    let mut writer = stream;
    let mut say = |value: Value| writer.write_all(format!("{value}\n").as_bytes());
    lines.next();
    let version = script.version.unwrap_or(env!("CARGO_PKG_VERSION"));
    say(json!({"protocol": errand_wire::PROTOCOL, "version": version, "pid": 4242, "headless": false}))?;
    while let Some(Ok(line)) = lines.next() {
        let frame: Value = serde_json::from_str(&line).unwrap();
        if let Some(subscribe) = frame.get("subscribe") {
            heard.lock().unwrap().push(("subscribe".into(), subscribe["feed"].clone()));
            let id = &subscribe["id"];
            for event in &script.events {
                say(json!({"event": {"id": id, "event": event}}))?;
            }
            if script.events.iter().any(|event| event["event"] == "log_end") {
                say(json!({"end": {"id": id}}))?;
            }
        }
        let Some(call) = frame.get("call") else { continue };
        let name = call["command"].as_str().unwrap();
        heard.lock().unwrap().push((name.into(), call["params"].clone()));
        let id = &call["id"];
        let times = heard.lock().unwrap().iter().filter(|(heard, _)| heard == name).count();
        if script.hang_up_on == Some(name) && times <= 2 {
            return stream.shutdown(std::net::Shutdown::Both);
        }
        let answer = match script.answers.get(name) {
            Some(answer) => answer(&call["params"]),
            None => Err(fault("internal", "not in the script")),
        };
        match answer {
            Ok(value) => say(json!({"ok": {"id": id, "value": value}}))?,
            Err(error) => say(json!({"error": {"id": id, "error": error}}))?,
        }
        if script.leave_after == Some(name) {
            return stream.shutdown(std::net::Shutdown::Both);
        }
    }
    Ok(())
}

pub fn fault(code: &str, message: &str) -> Value {
    json!({"code": code, "message": message, "hint": "Do this."})
}

pub fn task(id: &str, state: &str) -> Value {
    json!({
        "id": id, "title": "Build", "state": state, "holds": [], "reason": {"code": "r", "text": "because"},
        "with_gaps": false, "generation": 1, "created_at": "2026-11-18T11:00:00.000Z",
        "updated_at": "2026-11-18T11:00:00.000Z", "ended_at": null, "archived_at": null, "agent": "script", "profile": null,
        "argv": ["make"], "command": "make", "cwd": "/", "labels": [], "priority": "normal", "notify": "always",
        "origin": "person", "parent": null, "after": [], "start_at": null, "timeout_ms": null, "retries": 0,
        "isolation": {
            "kind": "none", "workspace": "rw", "network": "on", "memory_bytes": null, "cpu_ms": null,
            "processes": null,
            "together": { "cpu": false, "memory": false, "processes": false }, "text": "none, it runs as you"
        },
        "exclusive": false, "own_folder": null,
        "run": null, "questions": [], "artifact": null, "deliveries": [], "why_waiting": null,
        "added_by_a_newer_engine": 7,
    })
}

pub fn with_report(id: &str, state: &str, report: &str, outcome: &str) -> Value {
    let mut task = task(id, state);
    task["artifact"] = json!({
        "run": 1, "report": report, "html": "", "format": "text", "outcome": outcome, "notify": true,
        "at": "2026-11-18T11:00:00.000Z",
    });
    task
}

pub fn asking(id: &str) -> Value {
    let mut task = task(id, "needs_you");
    task["questions"] = json!([{
        "id": "q1", "kind": "blocker", "text": "What now?", "options": [{"name": "keep", "label": "Keep waiting"}],
        "state": "open", "asked_at": "2026-11-18T11:00:00.000Z", "answered": null,
    }]);
    task
}
