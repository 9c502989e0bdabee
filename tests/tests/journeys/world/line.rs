//! A connection to an engine, spoken by hand.

use std::io::{BufRead, BufReader, Error, ErrorKind, Result, Write};
use std::os::unix::net::UnixStream;

use serde_json::{Value, json};

use super::Home;

pub struct Line {
    stream: UnixStream,
    lines: BufReader<UnixStream>,
    calls: u64,
}

impl Line {
    /// `role`: `terminal`, `windows` or `desktop`.
    pub fn open(home: &Home, role: &str) -> Result<Line> {
        let socket = errand_os::Home::at(home.root())?.socket()?;
        let stream = UnixStream::connect(socket)?;
        let mut line = Line { lines: BufReader::new(stream.try_clone()?), stream, calls: 0 };
        let protocol = errand_wire::PROTOCOL;
        let hello = line.say(&json!({ "protocol": protocol, "version": "test", "role": role }))?;
        assert_eq!(hello["protocol"], protocol);
        Ok(line)
    }

    /// The outer error: the engine is gone. The inner one: it refused.
    pub fn call(&mut self, command: &str, params: &Value) -> Result<std::result::Result<Value, Value>> {
        self.calls += 1;
        let reply =
            self.say(&json!({ "call": { "id": self.calls, "command": command, "params": params } }))?;
        Ok(match reply.get("ok") {
            Some(ok) => Ok(ok["value"].clone()),
            None => Err(reply),
        })
    }

    fn say(&mut self, line: &Value) -> Result<Value> {
        self.stream.write_all(format!("{line}\n").as_bytes())?;
        let mut reply = String::new();
        if self.lines.read_line(&mut reply)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        serde_json::from_str(&reply).map_err(Error::other)
    }
}
