//! Credentials: names that are written down, and values that never are.
//!
//! A value is fetched when a run starts, goes into the one variable of the program that needs it, and is known to the
//! redactor before the program exists. What cannot be read holds the task; it is looked at again when a person does
//! something about it and at the next start, never by the clock.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use errand_base::{Clock, Code, Fault, Redactor, SHORTEST, Secret, TaskId};
use errand_model::{Event, Hold, Work};
use errand_os::{Closed, Keychain, KeychainState};
use errand_store::{Credential, CredentialKind, Store};
use tokio::sync::{mpsc, oneshot};

use crate::input::Input;

const LONGEST_NAME: usize = 64;
/// Of one value, and of all that a task is given.
const LONGEST_VALUE: usize = 16 * 1024;
pub const MOST_OF_A_TASK: usize = 64 * 1024;

/// Cheap to clone.
#[derive(Clone)]
pub struct Credentials {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    clock: Arc<dyn Clock>,
    keychain: Arc<dyn Keychain>,
    redactor: Redactor,
    /// Values that are kept as long as the engine lives.
    session: Mutex<HashMap<String, Secret<String>>>,
    /// Counts whatever could make a value readable.
    changes: AtomicU64,
    /// The keychain has been told to ask its person, who has not answered yet.
    asking: AtomicBool,
    input: mpsc::UnboundedSender<Input>,
}

/// A credential as a person sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub credential: Credential,
    /// It was kept in the memory of an engine that is gone.
    pub is_gone: bool,
}

/// How it is with the keychain, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeychainReport {
    pub state: KeychainState,
    pub text: String,
    pub hint: Option<String>,
}

impl Credentials {
    pub(crate) fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        keychain: Arc<dyn Keychain>,
        redactor: Redactor,
        input: mpsc::UnboundedSender<Input>,
    ) -> Credentials {
        let inner = Inner {
            store,
            clock,
            keychain,
            redactor,
            session: Mutex::default(),
            changes: AtomicU64::default(),
            asking: AtomicBool::default(),
            input,
        };
        Credentials { inner: Arc::new(inner) }
    }

    pub fn redactor(&self) -> &Redactor {
        &self.inner.redactor
    }

    /// Refuses a text that would be written down with a known value in it.
    pub fn keep_out(&self, text: &str) -> Result<(), Fault> {
        if self.inner.redactor.finds(text) {
            let text = "The value of a credential stands in it, and it would be written down with it.";
            return Err(Fault::new(Code::SecretInClear, text));
        }
        Ok(())
    }

    /// Looks at the keychain. Asks its person for nothing.
    pub async fn keychain(&self) -> KeychainReport {
        match self.inner.keychain.look().await {
            Ok(()) => {
                let text = "It is open.".to_owned();
                KeychainReport { state: KeychainState::Present, text, hint: None }
            }
            Err(closed) => KeychainReport {
                state: closed.state(),
                text: closed.sentence(),
                hint: Some(closed.hint().to_owned()),
            },
        }
    }

    pub async fn list(&self) -> Result<Vec<Listed>, Fault> {
        let rows = self.inner.store.read(|reader| reader.credentials().all()).await?;
        let session = self.session();
        let listed = |credential: Credential| Listed {
            is_gone: credential.kind == CredentialKind::Session && !session.contains_key(&credential.name),
            credential,
        };
        Ok(rows.into_iter().map(listed).collect())
    }

    pub async fn set(&self, name: &str, value: Secret<String>, kind: CredentialKind) -> Result<(), Fault> {
        fits(name, &value)?;
        if !self.inner.redactor.learn(&value) {
            return Err(Fault::new(Code::Internal, "The value cannot be kept out of what is written."));
        }
        match kind {
            CredentialKind::Keychain => {
                self.reach(self.inner.keychain.set(name, &value).await)?;
                self.session().remove(name);
            }
            CredentialKind::Session => {
                let before = self.known(name).await?.map(|credential| credential.kind);
                if before == Some(CredentialKind::Keychain) {
                    // Where the keychain is closed the older value stays in it; nothing reads it from there.
                    drop(self.inner.keychain.remove(name).await);
                }
                self.session().insert(name.to_owned(), value);
            }
        }
        let (key, now) = (name.to_owned(), self.inner.clock.now());
        self.inner.store.write(move |tx| tx.credentials().keep(&key, kind, now)).await?;
        self.changed();
        Ok(())
    }

    pub async fn remove(&self, name: &str) -> Result<(), Fault> {
        let credential = self.known(name).await?.ok_or_else(|| unknown(name))?;
        match credential.kind {
            CredentialKind::Session => drop(self.session().remove(name)),
            CredentialKind::Keychain => drop(self.reach(self.inner.keychain.remove(name).await)?),
        }
        let key = name.to_owned();
        self.inner.store.write(move |tx| tx.credentials().forget(&key)).await?;
        Ok(())
    }

    /// Whether there are such credentials. Their values are read when they are needed.
    pub async fn check(&self, secrets: &[(String, String)]) -> Result<(), Fault> {
        for (_, name) in secrets {
            if self.known(name).await?.is_none() {
                return Err(unknown(name));
            }
        }
        Ok(())
    }

    /// The values for these variables, each known to the redactor.
    pub(crate) async fn values(
        &self,
        secrets: &[(String, String)],
    ) -> Result<Vec<(String, Secret<String>)>, Fault> {
        let mut values = Vec::with_capacity(secrets.len());
        let mut bytes = 0;
        for (variable, name) in secrets {
            let value = self.value(name).await?;
            bytes += value.expose().len();
            if bytes > MOST_OF_A_TASK || !self.inner.redactor.learn(&value) {
                let text = format!("The credential “{name}” is too long or too short to be handed over.");
                return Err(Fault::new(Code::CredentialNotFound, text).hint(set_again(name)));
            }
            values.push((variable.clone(), value));
        }
        for (_, name) in secrets {
            let (name, now) = (name.clone(), self.inner.clock.now());
            self.inner.store.submit_patient(move |tx| tx.credentials().used(&name, now), |_| ());
        }
        Ok(values)
    }

    async fn value(&self, name: &str) -> Result<Secret<String>, Fault> {
        let credential = self.known(name).await?.ok_or_else(|| {
            let text = format!("The credential “{name}” is not there any more.");
            Fault::new(Code::CredentialNotFound, text).hint(set_again(name))
        })?;
        match credential.kind {
            CredentialKind::Session => self.session().get(name).cloned().ok_or_else(|| {
                let text =
                    format!("The credential “{name}” was kept until Errand left, and it has left since.");
                Fault::new(Code::CredentialNotFound, text).hint(set_again(name))
            }),
            CredentialKind::Keychain => match self.inner.keychain.get(name).await {
                Ok(Some(value)) => Ok(value),
                Ok(None) => {
                    let text = format!("The keychain does not keep the credential “{name}” any more.");
                    Err(Fault::new(Code::CredentialNotFound, text).hint(set_again(name)))
                }
                Err(closed) => {
                    let fault = Fault::from(closed.clone());
                    let message = format!("The credential “{name}” cannot be read: {closed}.");
                    Err(Fault { message, ..fault })
                }
            },
        }
    }

    /// Whether a task could have its values now. A person has just asked for that.
    pub(crate) async fn read_for_person(&self, secrets: &[(String, String)]) -> Result<(), Fault> {
        match self.values(secrets).await {
            Err(fault) if fault.code == Code::KeychainLocked => {
                self.ask_for_password();
                Err(fault.hint("It asks for its password on your screen; the task goes on once it is open."))
            }
            read => read.map(drop),
        }
    }

    /// For something that a person has just asked for: a locked keychain may ask for its password then.
    fn reach<T>(&self, answer: Result<T, Closed>) -> Result<T, Fault> {
        answer.map_err(|closed| {
            let fault = Fault::from(closed.clone());
            if closed != Closed::Locked {
                return fault;
            }
            self.ask_for_password();
            fault.hint(
                "It asks for its password on your screen. Answer it, then repeat this; \
                 or keep the value until Errand leaves: `errand credential set NAME --session`.",
            )
        })
    }

    fn ask_for_password(&self) {
        if self.inner.asking.swap(true, Ordering::AcqRel) {
            return;
        }
        let me = self.clone();
        tokio::spawn(async move {
            let opened = me.inner.keychain.unlock().await;
            me.inner.asking.store(false, Ordering::Release);
            match opened {
                Ok(()) => me.changed(),
                Err(closed) => tracing::info!(%closed, "the keychain was not unlocked"),
            }
        });
    }

    /// Tasks that are held may go on now.
    pub(crate) fn changed(&self) {
        self.inner.changes.fetch_add(1, Ordering::AcqRel);
        self.retry();
    }

    pub(crate) fn changes(&self) -> u64 {
        self.inner.changes.load(Ordering::Acquire)
    }

    /// Lets go on what is held and could start now.
    pub(crate) fn retry(&self) {
        let me = self.clone();
        tokio::spawn(async move {
            if let Err(fault) = me.release().await {
                tracing::warn!(%fault, "tasks that wait for a credential were not looked at");
            }
        });
    }

    async fn release(&self) -> Result<(), Fault> {
        let held = self.inner.store.read(|reader| reader.tasks().held_by(Hold::Keychain)).await?;
        for stored in held {
            let Work::Program(program) = &stored.work;
            if self.values(&program.secrets).await.is_ok() {
                let event = Event::Release { hold: Hold::Keychain, by: None };
                // It may have been let go, or have ended, in between.
                drop(self.tell(&stored.task.id, event).await);
            }
        }
        Ok(())
    }

    /// A task was held for what `changes` was before. Something may have changed before its row said so, and nobody
    /// would look at it again.
    pub(crate) async fn was_held(&self, changes: u64) {
        let (reply, asked) = oneshot::channel();
        if self.inner.input.send(Input::Counts { reply }).is_err() || asked.await.is_err() {
            return;
        }
        // By now the dispatcher has queued the row, so it is there once this is.
        if self.inner.store.write(|_| Ok(())).await.is_ok() && self.changes() != changes {
            self.retry();
        }
    }

    async fn tell(&self, task: &TaskId, event: Event) -> Result<(), Fault> {
        let gone = || Fault::new(Code::Quitting, "Errand is leaving.");
        let (reply, answer) = oneshot::channel();
        let input = Input::Tell { task: task.clone(), event, stored: None, reply };
        self.inner.input.send(input).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    async fn known(&self, name: &str) -> Result<Option<Credential>, Fault> {
        let name = name.to_owned();
        Ok(self.inner.store.read(move |reader| reader.credentials().get(&name)).await?)
    }

    fn session(&self) -> MutexGuard<'_, HashMap<String, Secret<String>>> {
        self.inner.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn set_again(name: &str) -> String {
    format!("`errand credential set {name}` gives it a value.")
}

fn unknown(name: &str) -> Fault {
    Fault::new(Code::CredentialNotFound, format!("There is no credential “{name}”."))
}

fn fits(name: &str, value: &Secret<String>) -> Result<(), Fault> {
    let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if name.is_empty() || name.len() > LONGEST_NAME || !letters || name.starts_with('-') {
        // What was typed as the name may be the value.
        return Err(Fault::new(Code::BadUsage, "That is not a name for a credential.")
            .hint(format!("A name has 1 to {LONGEST_NAME} letters, digits, dots, dashes and underscores.")));
    }
    let value = value.expose();
    if value.len() < SHORTEST {
        let text =
            format!("A value has at least {SHORTEST} bytes: a shorter one occurs by chance everywhere.");
        return Err(Fault::new(Code::BadUsage, text)
            .hint("It could not be kept out of reports and logs without making them unreadable."));
    }
    if value.len() > LONGEST_VALUE || value.contains('\0') {
        let text = format!("A value has at most {} KiB, and no NUL character.", LONGEST_VALUE / 1024);
        return Err(Fault::new(Code::BadUsage, text));
    }
    Ok(())
}
