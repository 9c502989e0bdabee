//! Forms that are written as a JSON schema, as other programs' protocols have them: an object whose properties are
//! texts, numbers, flags and choices. What is beyond that is refused with its name, since an answer could not be held
//! to it.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::form::{Field, FieldKind, TextShape};

/// A form, with its properties in the order in which they were written: so they are asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema {
    properties: Option<Vec<(String, Value)>>,
    rest: Map<String, Value>,
}

impl<'de> Deserialize<'de> for Schema {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Schema, D::Error> {
        let mut schema = Schema::default();
        for (key, value) in InOrder::<PropertyOrMore>::deserialize(deserializer)?.0 {
            match (key.as_str(), value) {
                ("properties", PropertyOrMore::Object(properties)) => schema.properties = Some(properties),
                (_, PropertyOrMore::Object(object)) => {
                    schema.rest.insert(key, Value::Object(object.into_iter().collect()));
                }
                (_, PropertyOrMore::Other(value)) => drop(schema.rest.insert(key, value)),
            }
        }
        Ok(schema)
    }
}

#[derive(serde::Deserialize)]
#[serde(untagged)]
enum PropertyOrMore {
    #[serde(deserialize_with = "in_order")]
    Object(Vec<(String, Value)>),
    Other(Value),
}

fn in_order<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(String, Value)>, D::Error> {
    InOrder::deserialize(deserializer).map(|read| read.0)
}

/// An object as it was written.
struct InOrder<T>(Vec<(String, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for InOrder<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<InOrder<T>, D::Error> {
        deserializer.deserialize_map(Entries(std::marker::PhantomData)).map(InOrder)
    }
}

struct Entries<T>(std::marker::PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
    type Value = Vec<(String, T)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(entries)
    }
}

/// The fields of a form. An error is a sentence.
pub fn fields_of(form: &Schema) -> Result<Vec<Field>, String> {
    known(&form.rest, "The form", &["type", "required", "title", "description", "$schema"])?;
    if form.rest.get("type").is_some_and(|kind| kind != "object") {
        return Err("A form's schema is of the type “object”.".to_owned());
    }
    let Some(properties) = &form.properties else {
        return Err("A form's schema needs “properties”.".to_owned());
    };
    if properties.is_empty() {
        return Err("A form without properties asks for nothing.".to_owned());
    }
    let required = texts(form.rest.get("required"), "required")?;
    if let Some(unknown) = required.iter().find(|name| !properties.iter().any(|(known, _)| known == *name)) {
        return Err(format!("The form requires “{unknown}”, which it does not have."));
    }
    let fields: Vec<Field> = properties
        .iter()
        .map(|(name, property)| field(name, property, required.contains(name)))
        .collect::<Result<_, _>>()?;
    Field::check(&fields)?;
    Ok(fields)
}

/// What every property may have, and what those of one type may have beside it.
const ANY: [&str; 4] = ["type", "title", "description", "default"];

fn field(name: &str, property: &Value, required: bool) -> Result<Field, String> {
    let whose = format!("“{name}”");
    let Value::Object(property) = property else { return Err(format!("{whose} is no schema.")) };
    let choices = choices(property, &whose)?;
    let kind = match property.get("type").and_then(Value::as_str) {
        Some("string") => FieldKind::Text,
        Some("integer") => FieldKind::Integer,
        Some("number") => FieldKind::Number,
        Some("boolean") => FieldKind::Flag,
        None if choices.is_some() => FieldKind::Text,
        Some(other) => return Err(format!("{whose} is of the type “{other}”, which no field can hold.")),
        None => return Err(format!("{whose} has no type.")),
    };
    let more: &[&str] = match (kind, &choices) {
        (FieldKind::Text, Some(_)) => &["enum", "enumNames", "oneOf"],
        (_, Some(_)) => return Err(format!("{whose} has choices, and only texts can.")),
        (FieldKind::Text, None) => &["minLength", "maxLength", "format"],
        (FieldKind::Integer | FieldKind::Number, None) => &["minimum", "maximum"],
        (FieldKind::Flag, None) => &[],
    };
    known(property, &whose, &[&ANY, more].concat())?;
    let (min, max) = match kind {
        FieldKind::Text => ("minLength", "maxLength"),
        FieldKind::Integer | FieldKind::Number | FieldKind::Flag => ("minimum", "maximum"),
    };
    let (options, values) = choices.unwrap_or_default();
    let default = property.get("default").filter(|value| !value.is_null()).map(|value| match value {
        // What is chosen is the name, not the value behind it.
        Value::String(text) => {
            let place = values.iter().position(|value| value == text);
            place.and_then(|place| options.get(place)).unwrap_or(text).clone()
        }
        other => other.to_string(),
    });
    let format = property.get("format").map(|format| {
        let named = format.as_str().and_then(TextShape::named);
        named.ok_or_else(|| format!("{whose} has the format {format}, which is not known here."))
    });
    let format = format.transpose()?;
    Ok(Field {
        name: name.to_owned(),
        label: label(name, property, format),
        kind,
        options,
        values,
        open: false,
        required,
        secret: false,
        default,
        min: number(property.get(min), min)?,
        max: number(property.get(max), max)?,
        format,
    })
}

fn label(name: &str, property: &Map<String, Value>, format: Option<TextShape>) -> String {
    let text = |key| property.get(key).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let title = text("title").unwrap_or(name);
    let label = match text("description") {
        Some(description) => format!("{title}: {description}"),
        None => title.to_owned(),
    };
    match format {
        Some(format) => format!("{label} ({})", format.like()),
        None => label,
    }
}

/// What is shown, and what each stands for where that is something else.
type Choices = (Vec<String>, Vec<String>);

fn choices(property: &Map<String, Value>, whose: &str) -> Result<Option<Choices>, String> {
    if let Some(choices) = property.get("oneOf") {
        let bad = || format!("{whose} has choices that are not each a “const” with a “title”.");
        let choices = choices.as_array().filter(|choices| !choices.is_empty()).ok_or_else(bad)?;
        let pair = |choice: &Value| {
            let text = |key| choice.get(key).and_then(Value::as_str).map(str::to_owned);
            let value = text("const")?;
            Some((text("title").unwrap_or_else(|| value.clone()), value))
        };
        let pairs: Option<Vec<(String, String)>> = choices.iter().map(pair).collect();
        return distinct(pairs.ok_or_else(bad)?.into_iter().unzip(), whose).map(Some);
    }
    if !property.contains_key("enum") {
        return Ok(None);
    }
    let values = texts(property.get("enum"), "enum")?;
    let names = texts(property.get("enumNames"), "enumNames")?;
    if values.is_empty() {
        return Err(format!("{whose} has nothing to choose from."));
    }
    if names.is_empty() {
        return distinct((values, Vec::new()), whose).map(Some);
    }
    if names.len() != values.len() {
        return Err(format!("{whose} has {} choices and {} names for them.", values.len(), names.len()));
    }
    distinct((names, values), whose).map(Some)
}

/// A choice is named by what is shown of it, whatever its case.
fn distinct(choices: Choices, whose: &str) -> Result<Choices, String> {
    let mut seen: Vec<String> = choices.0.iter().map(|shown| shown.trim().to_lowercase()).collect();
    seen.sort_unstable();
    seen.dedup();
    if seen.len() < choices.0.len() || seen.iter().any(String::is_empty) {
        return Err(format!("{whose} has choices that nobody can tell from one another."));
    }
    Ok(choices)
}

fn known(schema: &Map<String, Value>, whose: &str, keys: &[&str]) -> Result<(), String> {
    match schema.keys().find(|key| !keys.contains(&key.as_str())) {
        Some(unknown) => Err(format!("{whose} has “{unknown}”, which a form here cannot hold an answer to.")),
        None => Ok(()),
    }
}

fn texts(value: Option<&Value>, what: &str) -> Result<Vec<String>, String> {
    let Some(value) = value else { return Ok(Vec::new()) };
    let texts = value.as_array().and_then(|values| {
        values.iter().map(|value| value.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
    });
    texts.ok_or_else(|| format!("“{what}” is a list of texts."))
}

fn number(value: Option<&Value>, what: &str) -> Result<Option<f64>, String> {
    match value.map(Value::as_f64) {
        None => Ok(None),
        Some(Some(number)) => Ok(Some(number)),
        Some(None) => Err(format!("“{what}” is a number.")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use errand_base::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::{Answer, Ask, Question, QuestionKind};

    fn read(schema: Value) -> Result<Schema, String> {
        serde_json::from_value(schema).map_err(|error| error.to_string())
    }

    fn asks(schema: Value) -> Question {
        let schema = read(schema).unwrap();
        let ask = Ask { text: "Sign up".to_owned(), schema: Some(schema), ..Ask::default() };
        Question::asked(1, &ask.expanded().unwrap(), Timestamp::from_millis(0))
    }

    fn told(question: &Question, given: &[(&str, &str)]) -> Result<Value, String> {
        let given: BTreeMap<String, String> =
            given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let told = question.take(&Answer::Fields(given)).map_err(|bad| bad.0)?;
        Ok(serde_json::from_str(told.told.reveal()).unwrap())
    }

    #[test]
    fn a_form_is_filled_in_and_its_answer_fits_the_schema() {
        let question = asks(json!({
            "type": "object",
            "properties": {
                "name": { "type": "string", "title": "Your name", "minLength": 2, "maxLength": 5 },
                "mail": { "type": "string", "format": "email" },
                "day": { "type": "string", "format": "date", "description": "when it begins" },
                "age": { "type": "integer", "minimum": 18 },
                "size": { "type": "string", "enum": ["s", "l"], "enumNames": ["Small", "Large"], "default": "l" },
                "zone": { "oneOf": [{ "const": "n", "title": "North" }, { "const": "s" }] },
                "news": { "type": "boolean", "default": false }
            },
            "required": ["name"]
        }));
        assert_eq!(question.kind, QuestionKind::Elicitation);
        let labels: Vec<&str> = question.fields.iter().map(Field::label).collect();
        assert!(labels.contains(&"Your name"), "{labels:?}");
        assert!(labels.contains(&"day: when it begins (a date like 2026-12-31)"), "{labels:?}");
        let whole = [
            ("name", "Ada"),
            ("mail", "ada@example.org"),
            ("day", "2026-02-28"),
            ("age", "36"),
            ("size", "small"),
            ("zone", "North"),
            ("news", "yes"),
        ];
        assert_eq!(
            told(&question, &whole).unwrap(),
            json!({ "name": "Ada", "mail": "ada@example.org", "day": "2026-02-28", "age": 36, "size": "s",
                    "zone": "n", "news": true })
        );
        let least = told(&question, &[("name", "Ada")]).unwrap();
        assert_eq!(least, json!({ "name": "Ada", "size": "l", "news": false }), "what has a default is said");
        for (name, value, why) in [
            ("name", "A", "name: it has fewer than 2 characters"),
            ("name", "Augusta", "name: it has more than 5 characters"),
            ("age", "17", "age: 18 is the least"),
            ("mail", "ada", "mail: “ada” is no e-mail address"),
            ("day", "2026-02-30", "day: “2026-02-30” is no date like 2026-12-31"),
            ("size", "m", "size: “m” is not one of Small, Large"),
        ] {
            let given: Vec<_> =
                whole.iter().map(|pair| if pair.0 == name { (name, value) } else { *pair }).collect();
            assert_eq!(told(&question, &given).unwrap_err(), why);
        }
        assert_eq!(told(&question, &[("age", "36")]).unwrap_err(), "name is missing");
    }

    #[test]
    fn what_an_answer_could_not_be_held_to_is_refused() {
        let one = |property: Value| json!({ "type": "object", "properties": { "a": property } });
        for (schema, why) in [
            (json!([]), "expected a JSON object"),
            (json!({ "properties": [] }), "has “properties”"),
            (json!({}), "needs “properties”"),
            (json!({ "properties": {} }), "asks for nothing"),
            (json!({ "type": "array", "properties": { "a": { "type": "string" } } }), "of the type “object”"),
            (json!({ "properties": { "a": { "type": "string" } }, "required": ["b"] }), "does not have"),
            (json!({ "properties": { "a": { "type": "string" } }, "required": "a" }), "is a list of texts"),
            (json!({ "properties": { "a": { "type": "string" } }, "allOf": [] }), "The form has “allOf”"),
            (one(json!("string")), "is no schema"),
            (one(json!({})), "has no type"),
            (one(json!({ "type": "object" })), "type “object”, which no field"),
            (one(json!({ "type": ["string", "null"] })), "has no type"),
            (one(json!({ "type": "string", "pattern": "a+" })), "“a” has “pattern”"),
            (one(json!({ "type": "string", "minimum": 3 })), "“a” has “minimum”"),
            (one(json!({ "type": "string", "format": "ipv4" })), "is not known here"),
            (one(json!({ "type": "integer", "enum": ["1"] })), "only texts can"),
            (one(json!({ "type": "string", "enum": [] })), "nothing to choose from"),
            (one(json!({ "type": "string", "enum": [1] })), "is a list of texts"),
            (one(json!({ "enum": ["a", "b"], "enumNames": ["A"] })), "2 choices and 1 names"),
            (one(json!({ "enum": ["a", "A "] })), "nobody can tell"),
            (one(json!({ "oneOf": [{ "title": "A" }] })), "not each a “const”"),
            (one(json!({ "type": "integer", "default": "many" })), "no whole number"),
            (one(json!({ "type": "integer", "minimum": "1" })), "is a number"),
            (json!({ "properties": { "a=b": { "type": "string" } } }), "cannot be the name"),
        ] {
            let said = read(schema.clone()).and_then(|schema| fields_of(&schema)).unwrap_err();
            assert!(said.contains(why), "{schema}: {said}");
        }
        let both = Ask {
            options: vec!["a".to_owned()],
            schema: Some(read(one(json!({ "type": "string" }))).unwrap()),
            ..Ask::default()
        };
        assert!(both.expanded().is_err());
    }

    #[test]
    fn fields_are_asked_in_the_order_they_are_written_in() {
        let text =
            r#"{"properties":{"zone":{"type":"string"},"age":{"type":"integer"},"name":{"type":"string"}}}"#;
        let fields = fields_of(&serde_json::from_str(text).unwrap()).unwrap();
        assert_eq!(
            fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>(),
            ["zone", "age", "name"]
        );
    }
}
