//! What a person allows in a folder for a while.

use std::ops::Deref;

use errand_model::Surface;
use errand_model::approval::NewGrant;

use super::*;

fn allows(folder: &str, until: i64, uses: Option<u32>) -> NewGrant {
    let until = at(until);
    NewGrant { folder: folder.into(), rule: "make test".into(), program: None, until, uses }
}

#[tokio::test]
async fn a_grant_is_used_until_it_is_used_up_over_or_revoked() {
    let (_folder, store) = fresh();
    let done = store.write(|tx| {
        let mut add = |grant: &NewGrant| tx.grants().add(grant, Surface::Terminal, NOW);
        let twice = add(&allows("/a", 1_000, Some(2)))?;
        let short = add(&allows("/a", 10, None))?;
        let other = add(&allows("/a/b", 1_000, None))?;
        let valid = |tx: &WriteTx<'_>, folder: &str, now| -> Result<Vec<i64>, StoreError> {
            Ok(Deref::deref(tx).grants().valid_in(folder, now)?.into_iter().map(|grant| grant.id).collect())
        };
        assert_eq!(valid(tx, "/a", at(5))?, [twice, short], "of this very folder, the oldest first");
        assert_eq!(valid(tx, "/a", at(10))?, [twice], "a moment that has come is over");
        assert!(!tx.grants().use_once(short, at(10))?);
        assert!(tx.grants().use_once(twice, at(20))?);
        assert!(tx.grants().use_once(twice, at(21))?);
        assert!(!tx.grants().use_once(twice, at(22))?, "used up");
        let used = tx.grants().get(twice)?.unwrap();
        assert_eq!((used.used, used.last_used, used.is_valid(at(22))), (2, Some(at(21)), false));
        assert!(tx.grants().revoke(other, at(30))?);
        assert!(!tx.grants().revoke(other, at(31))?);
        assert!(!tx.grants().use_once(other, at(32))?);
        assert!(valid(tx, "/a/b", at(32))?.is_empty());
        Ok(tx.grants().all()?.len())
    });
    assert_eq!(done.await.unwrap(), 3, "what is over is still shown");
}
