//! Comparing passwords with their hashes, which is slow on purpose: on threads that may block, a few at a time.

use std::{
    collections::HashMap,
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
};

use argon2::{
    Argon2,
    password_hash::{self, PasswordVerifier, phc::PasswordHash},
};
use aws_lc_rs::digest::{Context, SHA256};
use base64::{Engine, prelude::BASE64_STANDARD};
use tokio::sync::Semaphore;

/// How passwords are hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bcrypt,
    Argon2id,
}

/// A hash in modular crypt format.
#[derive(Debug, Clone)]
pub(super) struct Hashed {
    kind: Kind,
    text: Arc<str>,
}

impl Hashed {
    /// Reads a hash, which may be wrapped in base64 as old configurations have it.
    pub(super) fn parse(text: &str, kind: Kind) -> Result<Self, String> {
        let text = if text.starts_with('$') {
            text.to_owned()
        } else {
            let decoded =
                BASE64_STANDARD.decode(text).map_err(|error| format!("base64-decoding password: {error}"))?;
            String::from_utf8(decoded).map_err(|_| "the password hash is no text".to_owned())?
        };
        let invalid = match kind {
            Kind::Bcrypt => bcrypt::HashParts::from_str(&text).err().map(|error| error.to_string()),
            Kind::Argon2id => PasswordHash::new(&text).err().map(|error| error.to_string()),
        };
        match invalid {
            None => Ok(Self { kind, text: text.into() }),
            Some(error) => Err(format!("not a password hash: {error}")),
        }
    }

    fn verify(&self, password: &str) -> Result<bool, String> {
        match self.kind {
            Kind::Bcrypt => bcrypt::verify(password, &self.text).map_err(|error| error.to_string()),
            Kind::Argon2id => {
                let hash = PasswordHash::new(&self.text).map_err(|error| error.to_string())?;
                match Argon2::default().verify_password(password.as_bytes(), &hash) {
                    Ok(()) => Ok(true),
                    Err(password_hash::Error::PasswordInvalid) => Ok(false),
                    Err(error) => Err(error.to_string()),
                }
            }
        }
    }
}

/// Compares passwords, and remembers what came of it if it may.
#[derive(Debug)]
pub(super) struct Checker {
    /// Guessing passwords must not take the processor away from everybody else.
    running: Semaphore,
    cache: Option<Mutex<HashMap<[u8; 32], bool>>>,
}

/// How much is remembered.
const CACHED: usize = 1000;

impl Checker {
    pub(super) fn new(remembers: bool) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { running: Semaphore::new(cores), cache: remembers.then(Mutex::default) }
    }

    pub(super) async fn check(self: &Arc<Self>, hashed: &Hashed, password: String) -> Result<bool, String> {
        let key = digest(hashed, &password);
        if let Some(known) = self.remembered(&key) {
            return Ok(known);
        }
        let _permit = self.running.acquire().await.map_err(|error| error.to_string())?;
        // While this request waited, another may have asked the same.
        if let Some(known) = self.remembered(&key) {
            return Ok(known);
        }
        let hashed = hashed.clone();
        let same = tokio::task::spawn_blocking(move || hashed.verify(&password)).await;
        let same = same.map_err(|error| error.to_string())??;
        self.remember(key, same);
        Ok(same)
    }

    fn remembered(&self, key: &[u8; 32]) -> Option<bool> {
        let cache = self.cache.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        cache.get(key).copied()
    }

    fn remember(&self, key: [u8; 32], same: bool) {
        let Some(cache) = &self.cache else { return };
        let mut cache = cache.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= CACHED {
            // The order of a hash map is as good as random.
            let mut left = CACHED / 10;
            cache.retain(|_, _| {
                left = left.saturating_sub(1);
                left == 0
            });
        }
        cache.insert(key, same);
    }
}

fn digest(hashed: &Hashed, password: &str) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    context.update(hashed.text.as_bytes());
    context.update(&[0]);
    context.update(password.as_bytes());
    context.finish().as_ref().try_into().expect("SHA-256 has 32 bytes")
}
