//! What the person is asked, and which answers count.

mod form;
mod schema;

use std::collections::BTreeMap;
use std::fmt;

use errand_base::Timestamp;
use serde::{Deserialize, Serialize};

use crate::approval::{Approval, Decision, Verdict, What};
use crate::{Ask, Choice};
pub use form::{Field, FieldKind, TextShape};
pub use schema::{Schema, fields_of};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuestionKind {
    /// Work cannot go on by itself; the person chooses how.
    Blocker,
    /// The worker wants to know something.
    UserInput,
    /// It wants a form filled in that was written for programs.
    Elicitation,
    /// The worker wants to run something.
    CommandApproval,
    /// The worker wants to change files.
    FileApproval,
    /// The worker wants to use another tool.
    DynamicTool,
}

impl QuestionKind {
    /// Whether a worker wants to know something, and gets to read it.
    pub fn is_the_workers(self) -> bool {
        match self {
            QuestionKind::UserInput | QuestionKind::Elicitation => true,
            QuestionKind::Blocker
            | QuestionKind::CommandApproval
            | QuestionKind::FileApproval
            | QuestionKind::DynamicTool => false,
        }
    }
}

/// An open question. `n` counts up within the task and is never used again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    pub n: u32,
    pub kind: QuestionKind,
    pub text: String,
    /// Of a blocker.
    pub choices: Vec<Choice>,
    /// What a worker offers.
    pub options: Vec<String>,
    /// Any text will do, also beside the options.
    pub open: bool,
    /// It wants several things at once. Then there are no options beside.
    pub fields: Vec<Field>,
    /// Of an approval.
    pub approval: Option<Box<Approval>>,
    pub asked_at: Timestamp,
}

/// What the person says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The name of a choice or of an option, or a text.
    Text(String),
    /// By the names of the fields.
    Fields(BTreeMap<String, String>),
    /// To an approval.
    Decision(Box<Decision>),
}

impl Answer {
    pub fn text(text: impl Into<String>) -> Answer {
        Answer::Text(text.into())
    }
}

/// What is told to the worker, and to nobody else: it may hold a secret, so it has no form to be written down in.
#[derive(Clone, PartialEq, Eq)]
pub struct AnswerText(String);

impl AnswerText {
    pub fn new(text: impl Into<String>) -> AnswerText {
        AnswerText(text.into())
    }

    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AnswerText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnswerText(…)")
    }
}

/// An answer that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// As it is kept and shown. Secrets are not in it.
    pub shown: String,
    /// Whole, for whoever waits for it.
    pub told: AnswerText,
    /// Of an approval, item by item.
    pub verdicts: Vec<Verdict>,
}

/// Why an answer does not count, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadAnswer(pub String);

/// A line that goes on; the name of a field never begins with a space.
const CONTINUED: &str = "\n  ";

/// What was told when this answer was given. None of one that had a secret in it.
pub fn told_again(fields: &[Field], shown: &str) -> Option<String> {
    let mut values: BTreeMap<String, String> = BTreeMap::new();
    for line in shown.replace(CONTINUED, "\u{0}").split('\n') {
        let (name, value) = line.split_once(": ")?;
        values.insert(name.to_owned(), value.replace('\u{0}', "\n"));
    }
    let question =
        Question { fields: fields.to_vec(), ..Question::asked(0, &Ask::default(), Timestamp::default()) };
    let given = question.take_fields(&values).ok().filter(|_| !question.is_secret())?;
    Some(given.told.reveal().to_owned())
}

/// What stands for a secret wherever it would be kept.
const HIDDEN: &str = "•••";

impl Question {
    /// A worker's own question.
    pub fn asked(n: u32, ask: &Ask, asked_at: Timestamp) -> Question {
        Question {
            n,
            kind: if ask.form { QuestionKind::Elicitation } else { QuestionKind::UserInput },
            text: ask.text.clone(),
            choices: Vec::new(),
            options: ask.options.clone(),
            open: ask.fields.is_empty() && (ask.open || ask.options.is_empty()),
            fields: ask.fields.clone(),
            approval: None,
            asked_at,
        }
    }

    /// A request of a worker.
    pub fn about(n: u32, approval: Approval, asked_at: Timestamp) -> Question {
        Question {
            n,
            kind: match approval.what {
                What::Command { .. } => QuestionKind::CommandApproval,
                What::Files(_) => QuestionKind::FileApproval,
                What::Other(_) => QuestionKind::DynamicTool,
            },
            text: approval.question(),
            choices: Vec::new(),
            options: Vec::new(),
            open: false,
            fields: Vec::new(),
            approval: Some(Box::new(approval)),
            asked_at,
        }
    }

    /// Whether something in its answer must not be kept.
    pub fn is_secret(&self) -> bool {
        self.fields.iter().any(|field| field.secret)
    }

    /// The answer as it counts, or why it does not.
    pub fn take(&self, answer: &Answer) -> Result<Given, BadAnswer> {
        match (&self.approval, answer) {
            (Some(approval), Answer::Decision(decision)) => {
                let shown = approval.take(decision)?;
                let verdicts = approval.verdicts(decision);
                return Ok(Given { told: AnswerText::new(shown.clone()), shown, verdicts });
            }
            (Some(_), Answer::Text(_) | Answer::Fields(_)) => {
                let text = "it is to be approved or denied, and a text does neither";
                return Err(BadAnswer(text.to_owned()));
            }
            (None, Answer::Decision(_)) => {
                return Err(BadAnswer("it asks something and is not approved or denied".to_owned()));
            }
            (None, Answer::Text(_) | Answer::Fields(_)) => {}
        }
        match (self.fields.is_empty(), answer) {
            (_, Answer::Decision(_)) => Err(BadAnswer("it is not approved or denied".to_owned())),
            (true, Answer::Text(text)) => self.take_text(text),
            (true, Answer::Fields(_)) => Err(BadAnswer("it takes one answer and has no fields".to_owned())),
            (false, Answer::Fields(values)) => self.take_fields(values),
            // One field needs no name.
            (false, Answer::Text(text)) => match self.fields.as_slice() {
                [only] => self.take_fields(&BTreeMap::from([(only.name.clone(), text.clone())])),
                fields => {
                    let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
                    Err(BadAnswer(format!("it asks for several things: {}", names.join(", "))))
                }
            },
        }
    }

    fn take_text(&self, text: &str) -> Result<Given, BadAnswer> {
        let wanted = text.trim();
        let choice = self.choices.iter().find(|choice| {
            choice.name().eq_ignore_ascii_case(wanted) || choice.label().eq_ignore_ascii_case(wanted)
        });
        let option = self.options.iter().find(|option| option.trim().eq_ignore_ascii_case(wanted));
        let shown = match (choice, option) {
            (Some(choice), _) => choice.name().to_owned(),
            (None, Some(option)) => option.clone(),
            (None, None) if self.open && !wanted.is_empty() => wanted.to_owned(),
            (None, None) if self.open => return Err(BadAnswer("it is empty".to_owned())),
            (None, None) => {
                let names = self.choices.iter().map(|choice| choice.name());
                let names: Vec<&str> = names.chain(self.options.iter().map(String::as_str)).collect();
                return Err(BadAnswer(format!("“{wanted}” is not one of {}", names.join(", "))));
            }
        };
        Ok(Given { told: AnswerText::new(shown.clone()), shown, verdicts: Vec::new() })
    }

    fn take_fields(&self, values: &BTreeMap<String, String>) -> Result<Given, BadAnswer> {
        if let Some(unknown) =
            values.keys().find(|name| !self.fields.iter().any(|field| field.name == **name))
        {
            return Err(BadAnswer(format!("it has no field “{unknown}”")));
        }
        let mut shown = Vec::with_capacity(self.fields.len());
        let mut told = serde_json::Map::new();
        for field in &self.fields {
            let value = field.take(values.get(&field.name).map(String::as_str))?;
            let text = match &value {
                None => continue,
                Some(_) if field.secret => HIDDEN.to_owned(),
                Some(serde_json::Value::String(text)) => field.shown(text).replace('\n', CONTINUED),
                Some(other) => other.to_string(),
            };
            shown.push(format!("{}: {text}", field.name));
            told.extend(value.map(|value| (field.name.clone(), value)));
        }
        let told = AnswerText::new(serde_json::Value::Object(told).to_string());
        Ok(Given { shown: shown.join("\n"), told, verdicts: Vec::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(json: &str) -> Question {
        let ask: Ask = serde_json::from_str(json).unwrap();
        Question::asked(1, &ask, Timestamp::from_millis(0))
    }

    fn fields(pairs: &[(&str, &str)]) -> Answer {
        Answer::Fields(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn one_answer_names_an_option_or_is_a_text_where_any_will_do() {
        let question = asks(r#"{"question":"Which?","options":["Red","Dark blue"]}"#);
        assert_eq!(question.take(&Answer::text(" dark BLUE ")).unwrap().shown, "Dark blue");
        let bad = question.take(&Answer::text("green")).unwrap_err();
        assert_eq!(bad.0, "“green” is not one of Red, Dark blue");
        assert!(question.take(&fields(&[("a", "b")])).is_err());
        let open = asks(r#"{"question":"Which?","options":["Red"],"other":true}"#);
        assert_eq!(open.take(&Answer::text("green")).unwrap().shown, "green");
        assert!(open.take(&Answer::text("  ")).is_err());
    }

    #[test]
    fn several_fields_are_looked_at_one_by_one() {
        let question = asks(
            r#"{"question":"Where to?","fields":[
                {"name":"host"},{"name":"port","kind":"integer","min":1,"max":65535,"default":"22"},
                {"name":"fast","kind":"flag","required":false},{"name":"zone","options":["north","south"]}]}"#,
        );
        let good =
            question.take(&fields(&[("host", "example"), ("zone", "NORTH"), ("fast", "yes")])).unwrap();
        assert_eq!(good.shown, "host: example\nport: 22\nfast: true\nzone: north");
        assert_eq!(good.told.reveal(), r#"{"fast":true,"host":"example","port":22,"zone":"north"}"#);
        for (given, why) in [
            (fields(&[("zone", "north")]), "host is missing"),
            (fields(&[("host", "x"), ("zone", "west")]), "zone: “west” is not one of north, south"),
            (fields(&[("host", "x"), ("zone", "north"), ("port", "0")]), "port: 1 is the least"),
            (fields(&[("host", "x"), ("zone", "north"), ("port", "70000")]), "port: 65535 is the most"),
            (fields(&[("host", "x"), ("zone", "north"), ("port", "a")]), "port: “a” is no whole number"),
            (
                fields(&[("host", "x"), ("zone", "north"), ("fast", "perhaps")]),
                "fast: “perhaps” is neither yes nor no",
            ),
            (fields(&[("host", "x"), ("colour", "red")]), "it has no field “colour”"),
            (Answer::text("example"), "it asks for several things: host, port, fast, zone"),
        ] {
            assert_eq!(question.take(&given).unwrap_err().0, why);
        }
    }

    #[test]
    fn what_is_kept_of_an_answer_says_what_was_told() {
        let question = asks(
            r#"{"question":"Which?","fields":[{"name":"text"},{"name":"n","kind":"number","required":false},
                {"name":"size","options":["Small","Large"],"values":["s","l"],"required":false}]}"#,
        );
        for given in [
            fields(&[("text", "two\nlines\n  text: indented\n\nand: more"), ("n", "1.5"), ("size", "small")]),
            fields(&[("text", ": ")]),
        ] {
            let given = question.take(&given).unwrap();
            assert_eq!(told_again(&question.fields, &given.shown).unwrap(), given.told.reveal());
        }
        assert_eq!(told_again(&question.fields, "anything"), None);
        let secret = asks(r#"{"question":"Key?","fields":[{"name":"key","secret":true}]}"#);
        assert_eq!(told_again(&secret.fields, "key: •••"), None);
    }

    #[test]
    fn a_secret_is_told_and_neither_kept_nor_said() {
        let question =
            asks(r#"{"question":"Sign in","fields":[{"name":"user"},{"name":"word","secret":true}]}"#);
        let given = question.take(&fields(&[("user", "ada"), ("word", "canary")])).unwrap();
        assert_eq!(given.shown, "user: ada\nword: •••");
        assert_eq!(given.told.reveal(), r#"{"user":"ada","word":"canary"}"#);
        assert!(!format!("{given:?}").contains("canary"));
        let one = asks(r#"{"question":"The key?","fields":[{"name":"key","secret":true,"kind":"integer"}]}"#);
        assert_eq!(one.take(&Answer::text("12")).unwrap().shown, "key: •••");
        let bad = one.take(&Answer::text("canary")).unwrap_err();
        assert!(!bad.0.contains("canary"), "{}", bad.0);
    }
}
