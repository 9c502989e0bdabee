use errand_base::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::BadAnswer;

/// More a person does not fill in.
const MOST_FIELDS: usize = 30;
/// Of a text that is typed into a field.
const LONGEST: usize = 64 * 1024;

/// One thing of several that are asked at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// By it the answer is given and told.
    pub name: String,
    /// What the person reads; the name if there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    #[serde(default)]
    pub kind: FieldKind,
    /// To choose from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// What each option stands for, if that is not the option itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// Any text will do, also beside the options.
    #[serde(default, alias = "other", skip_serializing_if = "is_false")]
    pub open: bool,
    #[serde(default = "yes")]
    pub required: bool,
    /// What is typed is not shown, and not kept.
    #[serde(default, skip_serializing_if = "is_false")]
    pub secret: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// Of a number; of a text, how many characters it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// What a text has to look like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<TextShape>,
}

// The numbers come from JSON, which knows no NaN.
impl Eq for Field {}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    #[default]
    Text,
    Integer,
    Number,
    /// Yes or no.
    Flag,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TextShape {
    Email,
    Uri,
    Date,
    DateTime,
}

impl TextShape {
    pub fn named(name: &str) -> Option<TextShape> {
        Some(match name {
            "email" => TextShape::Email,
            "uri" => TextShape::Uri,
            "date" => TextShape::Date,
            "date-time" => TextShape::DateTime,
            _ => return None,
        })
    }

    /// With an example where it needs one.
    pub fn like(self) -> &'static str {
        match self {
            TextShape::Email => "an e-mail address",
            TextShape::Uri => "an address like https://example.org",
            TextShape::Date => "a date like 2026-12-31",
            TextShape::DateTime => "a time like 2026-12-31T18:00:00Z",
        }
    }

    /// What is plainly something else is noticed; whether it exists, nobody here can say.
    fn fits(self, text: &str) -> bool {
        let plain = !text.contains(|c: char| c.is_whitespace() || c.is_control());
        match self {
            TextShape::Email => {
                let parts = text.rsplit_once('@');
                plain && parts.is_some_and(|(who, whose)| !who.is_empty() && !whose.is_empty())
            }
            TextShape::Uri => {
                let parts = text.split_once(':');
                let scheme = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
                let begins = |name: &str| name.starts_with(|c: char| c.is_ascii_alphabetic());
                let named =
                    |(name, rest): (&str, &str)| begins(name) && name.chars().all(scheme) && !rest.is_empty();
                plain && parts.is_some_and(named)
            }
            TextShape::Date => {
                text.len() == 10 && Timestamp::parse_rfc3339(&format!("{text}T00:00:00Z")).is_some()
            }
            TextShape::DateTime => Timestamp::parse_rfc3339(text).is_some(),
        }
    }
}

impl Field {
    /// What is wrong with the question itself, if something is.
    pub fn check(fields: &[Field]) -> Result<(), String> {
        if fields.len() > MOST_FIELDS {
            return Err(format!("A question has at most {MOST_FIELDS} fields."));
        }
        for (n, field) in fields.iter().enumerate() {
            let name = field.name.trim();
            if name.is_empty() || name != field.name || name.contains(['=', '\n']) {
                return Err(format!("“{}” cannot be the name of a field.", field.name));
            }
            if fields[..n].iter().any(|other| other.name == field.name) {
                return Err(format!("Two fields are called “{name}”."));
            }
            if field.secret && (!field.options.is_empty() || field.default.is_some()) {
                return Err(format!("“{name}” is a secret, and those have no options and no default."));
            }
            if let Some(default) = &field.default
                && let Err(BadAnswer(why)) = field.take(Some(default))
            {
                return Err(format!("The default does not fit: {why}."));
            }
        }
        Ok(())
    }

    pub fn label(&self) -> &str {
        if self.label.trim().is_empty() { &self.name } else { &self.label }
    }

    /// The value that counts; none where nothing was said and nothing need be.
    pub(super) fn take(&self, given: Option<&str>) -> Result<Option<Value>, BadAnswer> {
        let given = given.map(str::trim).filter(|text| !text.is_empty());
        let Some(text) = given.or(self.default.as_deref()) else {
            return match self.required {
                true => Err(BadAnswer(format!("{} is missing", self.name))),
                false => Ok(None),
            };
        };
        // What was typed into a secret field is not repeated anywhere.
        let said = if self.secret { "what was given".to_owned() } else { format!("“{text}”") };
        let bad = |why: String| Err(BadAnswer(format!("{}: {why}", self.name)));
        if text.len() > LONGEST {
            return bad("it is too long".to_owned());
        }
        if !self.options.is_empty() {
            let found = self.options.iter().find(|option| option.trim().eq_ignore_ascii_case(text));
            let place = self.options.iter().position(|option| Some(option) == found);
            return match place.and_then(|place| self.values.get(place)).or(found) {
                Some(option) => self.typed(option).map(Some),
                None if self.open => self.typed(text).map(Some),
                None => bad(format!("{said} is not one of {}", self.options.join(", "))),
            };
        }
        self.typed(text).map(Some)
    }

    /// The option that a value stands for, or the value.
    pub(super) fn shown<'a>(&'a self, value: &'a str) -> &'a str {
        let place = self.values.iter().position(|known| known == value);
        place.and_then(|place| self.options.get(place)).map_or(value, String::as_str)
    }

    fn typed(&self, text: &str) -> Result<Value, BadAnswer> {
        let said = if self.secret { "what was given".to_owned() } else { format!("“{text}”") };
        let bad = |why: String| Err(BadAnswer(format!("{}: {why}", self.name)));
        match self.kind {
            FieldKind::Text if !self.options.is_empty() => Ok(Value::from(text)),
            FieldKind::Text => {
                let length = text.chars().count() as f64;
                match (self.min, self.max, self.format) {
                    (Some(min), _, _) if length < min => bad(format!("it has fewer than {min} characters")),
                    (_, Some(max), _) if length > max => bad(format!("it has more than {max} characters")),
                    (_, _, Some(format)) if !format.fits(text) => {
                        let like = format.like();
                        let like = like.strip_prefix("an ").or(like.strip_prefix("a ")).unwrap_or(like);
                        bad(format!("{said} is no {like}"))
                    }
                    _ => Ok(Value::from(text)),
                }
            }
            FieldKind::Flag => match text.to_ascii_lowercase().as_str() {
                "yes" | "true" | "on" | "1" => Ok(Value::from(true)),
                "no" | "false" | "off" | "0" => Ok(Value::from(false)),
                _ => bad(format!("{said} is neither yes nor no")),
            },
            FieldKind::Integer => match text.parse::<i64>() {
                Ok(number) => self.in_range(number as f64).map(|()| Value::from(number)),
                Err(_) => bad(format!("{said} is no whole number")),
            },
            FieldKind::Number => match text.parse::<f64>().ok().filter(|number| number.is_finite()) {
                Some(number) => self.in_range(number).map(|()| Value::from(number)),
                None => bad(format!("{said} is no number")),
            },
        }
    }

    fn in_range(&self, number: f64) -> Result<(), BadAnswer> {
        match (self.min, self.max) {
            (Some(min), _) if number < min => Err(BadAnswer(format!("{}: {min} is the least", self.name))),
            (_, Some(max)) if number > max => Err(BadAnswer(format!("{}: {max} is the most", self.name))),
            _ => Ok(()),
        }
    }
}

fn yes() -> bool {
    true
}

fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(json: &str) -> Result<(), String> {
        Field::check(&serde_json::from_str::<Vec<Field>>(json).unwrap())
    }

    #[test]
    fn a_form_that_cannot_be_filled_in_is_refused() {
        assert_eq!(checked(r#"[{"name":"a"},{"name":"b","kind":"flag","default":"no"}]"#), Ok(()));
        for (form, why) in [
            (r#"[{"name":""}]"#, "cannot be the name"),
            (r#"[{"name":" a"}]"#, "cannot be the name"),
            (r#"[{"name":"a=b"}]"#, "cannot be the name"),
            (r#"[{"name":"a"},{"name":"a"}]"#, "Two fields"),
            (r#"[{"name":"a","secret":true,"options":["b"]}]"#, "no options"),
            (r#"[{"name":"a","kind":"integer","default":"many"}]"#, "no whole number"),
            (r#"[{"name":"a","options":["b"],"default":"c"}]"#, "not one of b"),
        ] {
            let said = checked(form).unwrap_err();
            assert!(said.contains(why), "{form}: {said}");
        }
        let many: Vec<String> = (0..=MOST_FIELDS).map(|n| format!(r#"{{"name":"f{n}"}}"#)).collect();
        assert!(checked(&format!("[{}]", many.join(","))).is_err());
    }
}
