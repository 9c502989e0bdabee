//! The files of a turn.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use errand_model::{Field, Response, StartError, Status};
use errand_os::Launch;

use crate::tools::MOST_CALLS;
use crate::{Desk, Request};

/// A longer response is not read.
const LONGEST_RESPONSE: u64 = 16 << 20;

pub(super) struct Files {
    prompt: PathBuf,
    request: PathBuf,
    response: PathBuf,
    socket: PathBuf,
}

impl Files {
    pub fn of(desk: &Desk) -> Files {
        let file = |name| desk.folder.join(name);
        Files {
            prompt: file("prompt.md"),
            request: file("request.json"),
            response: file("response.json"),
            socket: desk.socket(),
        }
    }

    /// What every program of a run is told, also one that has never heard of turns.
    pub fn variables(&self, token: &str, env: &mut Vec<(String, String)>) {
        let text = |path: &Path| path.display().to_string();
        env.push(("ERRAND_RESPONSE_FILE".to_owned(), text(&self.response)));
        env.push(("ERRAND_SOCKET".to_owned(), text(&self.socket)));
        env.push(("ERRAND_TOKEN".to_owned(), token.to_owned()));
    }

    /// What the turn has left. A file that is not there means: it does not take turns.
    pub fn response(&self) -> Option<Vec<u8>> {
        let file = match File::open(&self.response) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            // It is there, and cannot be read: a bad response, not none.
            Err(_) => return Some(Vec::new()),
        };
        let mut bytes = Vec::new();
        file.take(LONGEST_RESPONSE + 1).read_to_end(&mut bytes).ok();
        Some(bytes)
    }
}

pub(super) fn read(bytes: &[u8]) -> Result<Box<Response>, String> {
    if bytes.len() as u64 > LONGEST_RESPONSE {
        return Err(format!("it is longer than {} MB", LONGEST_RESPONSE / 1_000_000));
    }
    let response: Response = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if !response.tool_calls.is_empty() && response.status != Status::Continue {
        return Err(
            "it calls tools, but only with \"continue\" is there a turn to read the results".to_owned()
        );
    }
    if response.tool_calls.len() > MOST_CALLS {
        return Err(format!("it calls more than {MOST_CALLS} tools in one turn"));
    }
    let mut response = response;
    if let Some(question) = response.question.take() {
        let question = response.question.insert(question.expanded()?);
        Field::check(&question.fields)?;
        // Nobody waits for its answer, so it would have to be written down.
        if question.fields.iter().any(|field| field.secret) {
            return Err(
                "a secret can only be asked while a program waits for it: errand ask --secret".to_owned()
            );
        }
    }
    Ok(Box::new(response))
}

/// Lays the files of a turn out and says what to start.
pub(super) fn prepare(
    files: &Files,
    launch: &Launch,
    turn: Option<Box<Request>>,
) -> Result<Launch, StartError> {
    let mut launch = launch.clone();
    let Some(turn) = turn else { return Ok(launch) };
    let written = remove(&files.response)
        .and_then(|()| fs::write(&files.prompt, turn.prompt()))
        .and_then(|()| fs::write(&files.request, serde_json::to_vec_pretty(&turn)?));
    written.map_err(|error| StartError::Other(format!("its request could not be written: {error}")))?;
    for (name, value) in [
        ("ERRAND_TURN", turn.turn.to_string()),
        ("ERRAND_PROMPT_FILE", files.prompt.display().to_string()),
        ("ERRAND_REQUEST_FILE", files.request.display().to_string()),
    ] {
        launch.env.push((name.to_owned(), value));
    }
    Ok(launch)
}

fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}
