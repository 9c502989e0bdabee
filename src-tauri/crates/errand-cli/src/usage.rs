//! Clap's refusals in our own form: a code, a sentence, a next step.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use errand_base::{Code, Fault};

/// `None` for what is no error: help and version, whose text clap has made.
pub fn fault(error: &clap::Error) -> Option<Fault> {
    let get = |kind| error.get(kind).map(said);
    let argument = get(ContextKind::InvalidArg).unwrap_or_default();
    let value = get(ContextKind::InvalidValue).unwrap_or_default();
    let message = match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => return None,
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand => {
            "A command is missing.".to_owned()
        }
        ErrorKind::InvalidSubcommand => {
            format!("There is no command “{}”.", get(ContextKind::InvalidSubcommand).unwrap_or_default())
        }
        ErrorKind::UnknownArgument if argument.starts_with('-') => {
            format!("There is no flag “{argument}” here.")
        }
        ErrorKind::UnknownArgument => format!("“{argument}” is more than this command takes."),
        ErrorKind::MissingRequiredArgument => format!("This is missing: {argument}."),
        ErrorKind::ArgumentConflict => {
            format!("{argument} and {} do not go together.", get(ContextKind::PriorArg).unwrap_or_default())
        }
        ErrorKind::InvalidValue if value.is_empty() => format!("{argument} needs a value."),
        ErrorKind::ValueValidation => match std::error::Error::source(error) {
            Some(source) => sentence(&argument, &source.to_string()),
            None => format!("{argument} does not accept “{value}”."),
        },
        ErrorKind::InvalidUtf8 => "An argument is not valid UTF-8 and cannot be sent.".to_owned(),
        _ => first_line(error),
    };
    let fault = Fault::new(Code::BadUsage, message);
    Some(match suggestion(error) {
        Some(hint) => fault.hint(hint),
        None => fault,
    })
}

fn sentence(argument: &str, source: &str) -> String {
    format!("{argument}: {}.", source.trim_end_matches('.'))
}

fn first_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let line = text.lines().next().unwrap_or_default().trim_start_matches("error: ").trim_end_matches('.');
    let mut letters = line.chars();
    match letters.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), letters.as_str()),
        None => "The command line cannot be read.".to_owned(),
    }
}

fn suggestion(error: &clap::Error) -> Option<String> {
    let near = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue];
    if let Some(near) = near.into_iter().find_map(|kind| error.get(kind)) {
        return Some(format!("Did you mean `{}`?", said(near)));
    }
    match error.kind() {
        // Somebody who types the errand itself is told where it goes.
        ErrorKind::InvalidSubcommand => Some(
            "`errand help` shows the commands. A program is handed over with `errand run -- PROGRAM ARGS`."
                .to_owned(),
        ),
        _ => None,
    }
}

fn said(value: &ContextValue) -> String {
    match value {
        ContextValue::String(text) => text.clone(),
        ContextValue::Strings(texts) => texts.join(", "),
        ContextValue::StyledStr(text) => text.to_string(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::Line;

    fn refusal(line: &str) -> Fault {
        let error = Line::try_parse_from(line.split(' ')).expect_err(line);
        fault(&error).expect(line)
    }

    #[test]
    fn every_refusal_is_bad_usage_in_one_sentence_with_a_next_step() {
        let lines = [
            "errand frobnicate",
            "errand lst",
            "errand list --stat x",
            "errand list --state resting",
            "errand list --limit 0",
            "errand list --limit many",
            "errand list extra",
            "errand show",
            "errand show a b",
            "errand wait",
            "errand wait a --timeout soon",
            "errand log a --from -1",
            "errand run --at yesterday -- true",
            "errand run --priority top -- true",
            "errand run --retries -3 -- true",
            "errand run --title",
            "errand run words --turns 3",
            "errand ask",
            "errand message a",
            "errand message a hello --now --replace",
            "errand finish",
            "errand progress --percent 101 note",
            "errand wake --why x",
            "errand wake --after 5m --at 08:00 --why x",
            "errand wake --after 5m",
            "errand subtask --list paint",
            "errand subtask --cancel a --key b",
            "errand list --all --parent a",
            "errand run --managed --cwd / -- true",
            "errand run --attach",
            "errand answer a",
            "errand answer a yes --choose no",
            "errand set a",
            "errand pause",
            "errand archive",
            "errand pause a --all",
            "errand settings",
            "errand settings get",
            "errand start --hidden --headless",
            "errand quit --now --finish",
            "errand backup",
        ];
        for line in lines {
            let fault = refusal(line);
            assert_eq!(fault.code, Code::BadUsage, "{line}");
            assert!(
                fault.message.ends_with('.') && !fault.message.contains('\n'),
                "{line}: {}",
                fault.message
            );
            assert!(!fault.message.contains("error:") && !fault.hint.is_empty(), "{line}: {}", fault.message);
        }
    }

    #[test]
    fn the_sentence_names_what_was_wrong() {
        assert_eq!(refusal("errand frobnicate").message, "There is no command “frobnicate”.");
        assert_eq!(refusal("errand lst").hint, "Did you mean `list`?");
        assert_eq!(refusal("errand list --stat x").message, "There is no flag “--stat” here.");
        assert_eq!(refusal("errand list --stat x").hint, "Did you mean `--state`?");
        assert_eq!(refusal("errand show").message, "This is missing: <TASK>.");
        assert_eq!(
            refusal("errand run --priority top -- true").message,
            "--priority <PRIORITY>: “top” is none of low, normal, high, urgent."
        );
        let at = refusal("errand run --at yesterday -- true");
        assert!(at.message.contains("“yesterday” is not a time"), "{}", at.message);
    }

    #[test]
    fn help_and_version_are_no_errors() {
        for line in
            ["errand --help", "errand --version", "errand run --help", "errand help", "errand help run"]
        {
            let error = Line::try_parse_from(line.split(' ')).expect_err(line);
            assert_eq!(fault(&error), None, "{line}");
        }
    }
}
