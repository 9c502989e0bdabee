use std::fmt;

use errand_base::{HIDDEN, Secret, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use ts_rs::TS;

/// A secret value on its way to the engine. It crosses the socket once, in this direction, and shows itself nowhere
/// else.
#[derive(Clone)]
pub struct Hidden(Secret<String>);

impl Hidden {
    pub fn new(value: String) -> Hidden {
        Hidden(Secret::new(value))
    }

    pub fn into_secret(self) -> Secret<String> {
        self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl Serialize for Hidden {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Hidden, D::Error> {
        String::deserialize(deserializer).map(Hidden::new)
    }
}

/// Gives a credential its value, the first or another one.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, TS)]
pub struct SetCredential {
    pub name: String,
    #[ts(type = "string")]
    #[schemars(with = "String")]
    pub value: Hidden,
    /// Keep it in the engine's memory alone, until the engine leaves.
    #[ts(optional, as = "Option<_>")]
    #[serde(default)]
    pub session: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct CredentialRef {
    pub name: String,
}

/// A credential by its name. Its value is never told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct CredentialView {
    pub name: String,
    /// `keychain`, or `session`: in the memory of the engine.
    pub kind: String,
    /// The engine that kept it is gone, and its value with it.
    pub gone: bool,
    #[ts(type = "string")]
    #[schemars(with = "String")]
    pub created_at: Timestamp,
    #[ts(type = "string | null")]
    #[schemars(with = "Option<String>")]
    pub used_at: Option<Timestamp>,
}

/// How it is with the keychain of the person's session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct KeychainView {
    /// `present`, `locked`, `absent` or `denied`.
    pub state: String,
    pub text: String,
    /// What to do about it.
    pub hint: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct Credentials {
    pub credentials: Vec<CredentialView>,
    pub keychain: KeychainView,
}

/// A variable of a program whose value is a credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub struct SecretView {
    pub variable: String,
    pub credential: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_crosses_and_does_not_show() {
        let params: SetCredential = serde_json::from_str(r#"{"name":"token","value":"s3cret"}"#).unwrap();
        assert!(!format!("{params:?}").contains("s3cret"));
        assert_eq!(serde_json::to_value(&params).unwrap()["value"], "s3cret");
        assert_eq!(params.value.into_secret().expose(), "s3cret");
    }
}
