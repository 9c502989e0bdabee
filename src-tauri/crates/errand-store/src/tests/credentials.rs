use errand_model::Hold;

use super::*;
use crate::CredentialKind;

#[tokio::test]
async fn a_credential_is_a_name_with_the_place_of_its_value() {
    let (_folder, store) = fresh();
    let done = store.write(|tx| {
        tx.credentials().keep("token", CredentialKind::Session, NOW)?;
        tx.credentials().used("token", at(5))?;
        tx.credentials().keep("token", CredentialKind::Keychain, at(9))?;
        tx.credentials().keep("key", CredentialKind::Session, NOW)?;
        assert!(tx.credentials().forget("key")?);
        assert!(!tx.credentials().forget("key")?);
        assert_eq!(tx.credentials().get("key")?, None);
        tx.credentials().all()
    });
    let [token] = done.await.unwrap().try_into().unwrap();
    assert_eq!((token.name.as_str(), token.kind), ("token", CredentialKind::Keychain));
    assert_eq!((token.created_at, token.used_at), (at(9), Some(at(5))));
}

#[tokio::test]
async fn tasks_that_are_held_are_found_by_what_holds_them() {
    let (_folder, store) = fresh();
    let held = store.write(|tx| {
        for (name, hold) in [("bold-falcon-427", Hold::Keychain), ("calm-owl-100", Hold::Person)] {
            insert(tx, &Task { holds: Holds::default().with(hold), ..task(name) }, "make")?;
        }
        tx.tasks().held_by(Hold::Keychain)
    });
    let held: Vec<TaskId> = held.await.unwrap().into_iter().map(|stored| stored.task.id).collect();
    assert_eq!(held, [id("bold-falcon-427")]);
}
