//! Not yet: values can be kept for the session only.

use errand_base::Secret;

use super::{Answer, Closed, Keychain};
use crate::Home;

#[derive(Debug)]
pub struct SessionKeychain;

impl SessionKeychain {
    pub fn of(_home: &Home) -> SessionKeychain {
        SessionKeychain
    }
}

fn absent<T: Send + 'static>() -> Answer<'static, T> {
    Box::pin(async { Err(Closed::Absent("Errand does not know the one of this system yet".into())) })
}

impl Keychain for SessionKeychain {
    fn look(&self) -> Answer<'_, ()> {
        absent()
    }

    fn get<'a>(&'a self, _name: &'a str) -> Answer<'a, Option<Secret<String>>> {
        absent()
    }

    fn set<'a>(&'a self, _name: &'a str, _value: &'a Secret<String>) -> Answer<'a, ()> {
        absent()
    }

    fn remove<'a>(&'a self, _name: &'a str) -> Answer<'a, bool> {
        absent()
    }

    fn unlock(&self) -> Answer<'_, ()> {
        absent()
    }
}
