use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use errand_base::Secret;
use tokio::sync::watch;

use super::{Answer, Closed, Keychain};

/// A keychain that a test holds in its hands.
#[derive(Debug)]
pub struct FakeKeychain {
    kept: Mutex<BTreeMap<String, Secret<String>>>,
    closed: watch::Sender<Option<Closed>>,
    looks: Mutex<u32>,
}

impl FakeKeychain {
    pub fn present() -> FakeKeychain {
        FakeKeychain { kept: Mutex::default(), closed: watch::Sender::new(None), looks: Mutex::default() }
    }

    pub fn closed(how: Closed) -> FakeKeychain {
        let fake = FakeKeychain::present();
        fake.close(how);
        fake
    }

    pub fn close(&self, how: Closed) {
        self.closed.send_replace(Some(how));
    }

    /// Whoever waits for that hears of it.
    pub fn open(&self) {
        self.closed.send_replace(None);
    }

    /// How often somebody wanted something of it.
    pub fn looks(&self) -> u32 {
        *self.looks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn names(&self) -> Vec<String> {
        self.kept().keys().cloned().collect()
    }

    fn kept(&self) -> MutexGuard<'_, BTreeMap<String, Secret<String>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T: Send + 'static>(
        &self,
        then: impl FnOnce(&mut BTreeMap<String, Secret<String>>) -> T,
    ) -> Answer<'_, T> {
        *self.looks.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        let answer = match self.closed.borrow().clone() {
            Some(closed) => Err(closed),
            None => Ok(then(&mut self.kept())),
        };
        Box::pin(async { answer })
    }
}

impl Keychain for FakeKeychain {
    fn look(&self) -> Answer<'_, ()> {
        self.with(|_| ())
    }

    fn get<'a>(&'a self, name: &'a str) -> Answer<'a, Option<Secret<String>>> {
        self.with(|kept| kept.get(name).cloned())
    }

    fn set<'a>(&'a self, name: &'a str, value: &'a Secret<String>) -> Answer<'a, ()> {
        self.with(|kept| drop(kept.insert(name.to_owned(), value.clone())))
    }

    fn remove<'a>(&'a self, name: &'a str) -> Answer<'a, bool> {
        self.with(|kept| kept.remove(name).is_some())
    }

    fn unlock(&self) -> Answer<'_, ()> {
        let mut closed = self.closed.subscribe();
        Box::pin(async move {
            drop(closed.wait_for(Option::is_none).await);
            Ok(())
        })
    }
}
