//! Checks documents against `tests/contract`: the part of JSON Schema that those files use, and one rule more,
//! that nothing stands in a document which its schema does not name.

use std::path::Path;

use serde_json::{Map, Value, json};

/// The document fits the schema `name`, or the test fails with where it does not.
#[track_caller]
pub fn fits(name: &str, document: &Value) {
    let complaints = check(name, document);
    assert!(complaints.is_empty(), "{name}: {}\n{document:#}", complaints.join("; "));
}

/// `{"error": {code, message, hint}}`
#[track_caller]
pub fn errors(document: &Value) {
    assert_eq!(document.as_object().map(Map::len), Some(1), "{document}");
    fits("WireError", &document["error"]);
}

fn check(name: &str, document: &Value) -> Vec<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("contract").join(format!("{name}.json"));
    let root: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    Check { root: &root }.value(&root, document, "$")
}

struct Check<'a> {
    root: &'a Value,
}

const UNDERSTOOD: &[&str] = &[
    "$defs",
    "$ref",
    "$schema",
    "additionalProperties",
    "anyOf",
    "const",
    "default",
    "description",
    "enum",
    "format",
    "items",
    "minimum",
    "oneOf",
    "properties",
    "required",
    "title",
    "type",
];

impl Check<'_> {
    fn value(&self, schema: &Value, value: &Value, at: &str) -> Vec<String> {
        let Some(schema) = schema.as_object() else { return Vec::new() };
        for word in schema.keys() {
            assert!(UNDERSTOOD.contains(&word.as_str()), "this check does not understand “{word}” at {at}");
        }
        let mut complaints = Vec::new();
        if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
            let target = self.root.pointer(name.strip_prefix('#').unwrap());
            complaints.extend(self.value(target.unwrap(), value, at));
        }
        if let Some(types) = schema.get("type")
            && !list(types).iter().any(|name| is(name, value))
        {
            complaints.push(format!("{at} is not {types}"));
        }
        if schema.get("const").is_some_and(|wanted| wanted != value) {
            complaints.push(format!("{at} is not {}", schema["const"]));
        }
        if schema.get("enum").is_some_and(|names| !list(names).contains(&value)) {
            complaints.push(format!("{at} is {value}, which is not among {}", schema["enum"]));
        }
        if schema.get("minimum").is_some_and(|least| value.as_f64() < least.as_f64() && value.is_number()) {
            complaints.push(format!("{at} is below {}", schema["minimum"]));
        }
        for word in ["anyOf", "oneOf"] {
            complaints.extend(schema.get(word).and_then(|several| self.some(several, value, at)));
        }
        if let Some(fields) = value.as_object() {
            complaints.extend(self.fields(schema, fields, at));
        }
        if let (Some(items), Some(schema)) = (value.as_array(), schema.get("items")) {
            let each = items.iter().enumerate();
            complaints.extend(each.flat_map(|(n, item)| self.value(schema, item, &format!("{at}[{n}]"))));
        }
        complaints
    }

    /// One of several fits, or why the one that comes closest does not.
    fn some(&self, several: &Value, value: &Value, at: &str) -> Option<String> {
        let tried = list(several).into_iter().map(|schema| self.value(schema, value, at));
        let closest = tried.min_by_key(Vec::len)?;
        (!closest.is_empty()).then(|| closest.join("; "))
    }

    fn fields(&self, schema: &Map<String, Value>, fields: &Map<String, Value>, at: &str) -> Vec<String> {
        let mut complaints = Vec::new();
        for name in schema.get("required").map(list).unwrap_or_default() {
            if !fields.contains_key(name.as_str().unwrap()) {
                complaints.push(format!("{at} has no {name}"));
            }
        }
        let known = schema.get("properties").and_then(Value::as_object);
        let other = schema.get("additionalProperties");
        for (name, value) in fields {
            let at = format!("{at}.{name}");
            match (known.and_then(|known| known.get(name)), other) {
                (Some(schema), _) | (None, Some(schema)) => complaints.extend(self.value(schema, value, &at)),
                (None, None) if known.is_some() => complaints.push(format!("{at} is not in the schema")),
                (None, None) => {}
            }
        }
        complaints
    }
}

fn list(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |several| several.iter().collect())
}

fn is(name: &Value, value: &Value) -> bool {
    match name.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        other => panic!("there is no type “{other}”"),
    }
}

#[test]
fn a_document_that_does_not_fit_is_found() {
    let good = json!({"id": "bold-falcon-427", "duplicate": false, "notes": []});
    fits("RunReply", &good);
    let wrong = |name: &str, value: Value| {
        let mut document = good.clone();
        document[name] = value;
        check("RunReply", &document)
    };
    assert_eq!(wrong("duplicate", json!("no")), ["$.duplicate is not \"boolean\""]);
    assert_eq!(wrong("notes", json!([1])), ["$.notes[0] is not \"string\""]);
    assert_eq!(wrong("more", json!(1)), ["$.more is not in the schema"]);
    assert_eq!(check("RunReply", &json!({"id": "x", "notes": []})), ["$ has no \"duplicate\""]);
    let event = json!({"event": "up_to_date", "cursor": "x"});
    assert_eq!(check("Event", &event), ["$.cursor is not \"integer\""]);
}
