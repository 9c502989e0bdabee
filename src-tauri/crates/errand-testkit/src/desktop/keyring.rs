//! GNOME Keyring, as installed, on the bus of a virtual desktop. Nobody is there to answer its prompts.

use std::{fs, io::Write, process::Stdio, time::Duration};

use zbus::{
    fdo,
    names::BusName,
    proxy,
    zvariant::{ObjectPath, OwnedObjectPath},
};

use super::{Desktop, Running, error::Result, wait::eventually};

const NAME: &str = "org.freedesktop.secrets";
const LIMIT: Duration = Duration::from_secs(20);

#[proxy(
    interface = "org.freedesktop.Secret.Service",
    default_service = "org.freedesktop.secrets",
    default_path = "/org/freedesktop/secrets"
)]
trait Service {
    fn read_alias(&self, name: &str) -> zbus::Result<OwnedObjectPath>;
    fn lock(&self, objects: &[&ObjectPath<'_>]) -> zbus::Result<(Vec<OwnedObjectPath>, OwnedObjectPath)>;
}

#[proxy(
    interface = "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface",
    default_service = "org.freedesktop.secrets",
    default_path = "/org/freedesktop/secrets"
)]
trait Internal {
    fn unlock_with_master_password(
        &self,
        collection: &ObjectPath<'_>,
        master: &(ObjectPath<'_>, Vec<u8>, Vec<u8>, &str),
    ) -> zbus::Result<()>;
}

#[proxy(
    interface = "org.freedesktop.Secret.Service",
    default_service = "org.freedesktop.secrets",
    default_path = "/org/freedesktop/secrets"
)]
trait Sessions {
    fn open_session(
        &self,
        algorithm: &str,
        input: &zbus::zvariant::Value<'_>,
    ) -> zbus::Result<(zbus::zvariant::OwnedValue, OwnedObjectPath)>;
}

/// A running gnome-keyring-daemon. Dropping it kills it.
#[derive(Debug)]
pub struct Keyring {
    connection: zbus::Connection,
    password: String,
    _program: Running,
}

impl Keyring {
    /// With a default keyring that is open.
    pub async fn start(desktop: &Desktop, password: &str) -> Result<Keyring> {
        Keyring::start_with(desktop, &["--unlock"], password).await
    }

    /// Without any keyring to keep something in.
    pub async fn start_empty(desktop: &Desktop) -> Result<Keyring> {
        Keyring::start_with(desktop, &[], "").await
    }

    async fn start_with(desktop: &Desktop, flags: &[&str], password: &str) -> Result<Keyring> {
        let mut command = desktop.command("gnome-keyring-daemon");
        command.args(["--foreground", "--components=secrets", "--control-directory"]);
        command.arg(desktop.runtime_dir().join("keyring")).args(flags);
        let log = fs::File::create(desktop.scratch().join("gnome-keyring.log"))?;
        command.stdin(Stdio::piped()).stdout(log.try_clone()?).stderr(log);
        let mut program = desktop.spawn(command)?;
        if let Some(mut stdin) = program.child().stdin.take() {
            stdin.write_all(password.as_bytes())?;
        }
        let connection = desktop.connect().await?;
        let bus = fdo::DBusProxy::new(&connection).await?;
        let owned = async || {
            let name = BusName::from_static_str(NAME).map_err(zbus::Error::from)?;
            Ok(bus.name_has_owner(name).await?.then_some(()))
        };
        eventually("gnome-keyring serves secrets", LIMIT, owned).await?;
        Ok(Keyring { connection, password: password.to_owned(), _program: program })
    }

    /// Locks the default keyring, as a lock screen or a timeout does.
    pub async fn lock(&self) -> Result<()> {
        let service = ServiceProxy::new(&self.connection).await?;
        let keyring = service.read_alias("default").await?;
        service.lock(&[&keyring]).await?;
        Ok(())
    }

    /// Opens it as its person does by typing the password.
    pub async fn unlock(&self) -> Result<()> {
        let service = ServiceProxy::new(&self.connection).await?;
        let keyring = service.read_alias("default").await?;
        let sessions = SessionsProxy::new(&self.connection).await?;
        let (_, session) = sessions.open_session("plain", &"".into()).await?;
        let internal = InternalProxy::new(&self.connection).await?;
        let password = self.password.clone().into_bytes();
        let master = (session.into_inner(), Vec::new(), password, "text/plain");
        internal.unlock_with_master_password(&keyring, &master).await?;
        Ok(())
    }
}
