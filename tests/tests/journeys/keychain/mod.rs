//! Credentials, with the keychain that most desktops have.

mod service;
