//! What codes and reasons mean. Both lists are closed, and this is where they can be read.

use errand_base::{Code, Fault};
use errand_model::Reason;
use serde::Serialize;

use crate::args::Explain;
use crate::output::{self, End};
use crate::render::table::{Cell, Column, table};
use crate::render::{QUIET, paint};
use crate::session::Session;

#[derive(Debug, Serialize)]
struct Explained {
    codes: Vec<ErrorCode>,
    reasons: Vec<ReasonCode>,
}

/// Why something was turned down.
#[derive(Debug, Serialize)]
struct ErrorCode {
    code: String,
    exit: u8,
    meaning: &'static str,
    next: &'static str,
}

/// Why something changed.
#[derive(Debug, Serialize)]
struct ReasonCode {
    reason: &'static str,
    meaning: &'static str,
}

pub fn explain(session: &Session, typed: Explain) -> End {
    let wanted = typed.code.map(|code| code.trim().to_ascii_lowercase());
    let fits = |name: &str| wanted.as_deref().is_none_or(|wanted| wanted == name);
    let found = Explained {
        codes: Code::ALL.iter().map(|code| of_code(*code)).filter(|code| fits(&code.code)).collect(),
        reasons: Reason::ALL
            .iter()
            .map(|reason| of_reason(*reason))
            .filter(|reason| fits(reason.reason))
            .collect(),
    };
    if let Some(unknown) = wanted.as_deref().filter(|_| found.codes.is_empty() && found.reasons.is_empty()) {
        return Err(Fault::new(Code::BadUsage, format!("Errand has no code and no reason “{unknown}”."))
            .hint("`errand explain` lists them all.")
            .into());
    }
    match (session.json, wanted.is_some()) {
        (true, _) => output::document(&found)?,
        (false, true) => {
            for code in &found.codes {
                output::line(&format!("{} (error, exit code {})", code.code, code.exit))?;
                output::line(code.meaning)?;
                output::line(&paint(output::look(), QUIET, code.next))?;
            }
            for reason in &found.reasons {
                output::line(&format!("{} (reason)", reason.reason))?;
                output::line(reason.meaning)?;
            }
        }
        (false, false) => {
            let columns =
                ["error", "exit", "meaning"].map(|title| Column { title, flexible: title == "meaning" });
            let rows = found.codes.iter().map(|code| {
                vec![Cell::new(&code.code), Cell::new(&code.exit.to_string()), Cell::new(code.meaning)]
            });
            output::line(&table(&columns, &rows.collect::<Vec<_>>(), output::look()))?;
            let columns = ["reason", "meaning"].map(|title| Column { title, flexible: title == "meaning" });
            let rows =
                found.reasons.iter().map(|reason| vec![Cell::new(reason.reason), Cell::new(reason.meaning)]);
            output::line(&table(&columns, &rows.collect::<Vec<_>>(), output::look()))?;
        }
    }
    Ok(0)
}

fn of_code(code: Code) -> ErrorCode {
    ErrorCode { code: code.name(), exit: code.exit(), meaning: code.meaning(), next: code.hint() }
}

fn of_reason(reason: Reason) -> ReasonCode {
    ReasonCode { reason: reason.name(), meaning: reason.meaning() }
}
