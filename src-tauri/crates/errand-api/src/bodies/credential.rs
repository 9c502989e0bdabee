use errand_base::{Code, Fault};
use errand_engine::{KeychainReport, Listed};
use errand_store::CredentialKind;
use errand_wire::{CredentialRef, CredentialView, Credentials, Empty, KeychainView, SetCredential, command};

use crate::router::{Api, Body};

impl Body for command::CredentialSet {
    async fn run(api: &Api, params: SetCredential) -> Result<CredentialView, Fault> {
        let SetCredential { name, value, session } = params;
        let kind = if session { CredentialKind::Session } else { CredentialKind::Keychain };
        api.engine.credentials().set(&name, value.into_secret(), kind).await?;
        let kept = api.engine.credentials().list().await?;
        let kept = kept.into_iter().find(|kept| kept.credential.name == name);
        kept.map(view).ok_or_else(|| Fault::new(Code::CredentialNotFound, "It was removed again just now."))
    }
}

impl Body for command::CredentialList {
    async fn run(api: &Api, _params: Empty) -> Result<Credentials, Fault> {
        list(api).await
    }
}

impl Body for command::CredentialRemove {
    async fn run(api: &Api, params: CredentialRef) -> Result<Credentials, Fault> {
        api.engine.credentials().remove(&params.name).await?;
        list(api).await
    }
}

async fn list(api: &Api) -> Result<Credentials, Fault> {
    let credentials = api.engine.credentials().list().await?.into_iter().map(view).collect();
    let KeychainReport { state, text, hint } = api.engine.credentials().keychain().await;
    Ok(Credentials { credentials, keychain: KeychainView { state: state.name().to_owned(), text, hint } })
}

fn view(listed: Listed) -> CredentialView {
    let Listed { credential, is_gone } = listed;
    CredentialView {
        name: credential.name,
        kind: credential.kind.name().to_owned(),
        gone: is_gone,
        created_at: credential.created_at,
        used_at: credential.used_at,
    }
}
