use std::fmt;

/// A value that nobody may read by accident: it has no form as text, not even for debugging, cannot be serialised,
/// and is overwritten when it goes. [`Secret::expose`] is where it is let out, and easy to search for.
#[derive(Clone)]
pub struct Secret<T: Wipe>(T);

/// What can be overwritten in place.
pub trait Wipe {
    fn wipe(&mut self);
}

impl<T: Wipe> Secret<T> {
    pub fn new(value: T) -> Secret<T> {
        Secret(value)
    }

    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Wipe> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(crate::HIDDEN)
    }
}

impl<T: Wipe> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.wipe();
    }
}

impl Wipe for Vec<u8> {
    fn wipe(&mut self) {
        self.fill(0);
        // Without this the compiler may leave the writing out, as nobody reads the bytes again.
        std::hint::black_box(self.as_mut_slice());
    }
}

impl Wipe for String {
    fn wipe(&mut self) {
        std::mem::take(self).into_bytes().wipe();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_nothing_of_itself() {
        #[derive(Debug)]
        struct Around {
            #[expect(dead_code, reason = "read by Debug")]
            value: Secret<String>,
        }
        let secret = Secret::new("correct horse".to_owned());
        assert_eq!(secret.expose(), "correct horse");
        assert_eq!(format!("{:?}", Around { value: secret }), "Around { value: ••• }");
    }

    #[test]
    fn what_is_wiped_is_gone() {
        let mut bytes = b"correct horse".to_vec();
        bytes.wipe();
        assert!(bytes.iter().all(|byte| *byte == 0));
        let mut text = "correct horse".to_owned();
        text.wipe();
        assert!(text.is_empty());
    }
}
