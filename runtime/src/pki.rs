//! Certificate authorities of one's own: a root, the intermediate that it signs, and certificates for servers.
//!
//! They are kept in the storage under Caddy's names, so that a folder of Caddy's can be taken over. Roots are never put
//! into the trust store of the machine; the log says where they are.

mod authority;
mod pair;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::Arc,
    time::{Duration, SystemTime},
};

use caddis_config as config;

pub use self::{
    authority::Authority,
    pair::{Issued, KeyType},
};
use crate::{
    build::{Build, BuildError},
    storage::Storage,
};

/// The id of the authority that exists without being configured.
pub const LOCAL: &str = "local";

/// Why an authority cannot do what it is asked for.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    /// The storage fails.
    #[error("certificate storage")]
    Storage(#[from] io::Error),
    /// A certificate or key cannot be made or read.
    #[error(transparent)]
    Certificate(#[from] rcgen::Error),
    /// What was found is not what is needed.
    #[error("{0}")]
    Unusable(String),
}

/// The authorities of a configuration, made when they are first needed.
#[derive(Debug, Default)]
pub(crate) struct Authorities {
    made: BTreeMap<String, Arc<Authority>>,
    /// Those that a survey has looked at.
    surveyed: BTreeSet<String>,
}

impl Authorities {
    /// The authority with this id: loaded from the storage, or made and stored.
    ///
    /// # Errors
    /// When it is not configured or cannot be made.
    pub(crate) fn get(
        &mut self,
        id: &str,
        config: Option<&config::pki::App>,
        storage: &Storage,
        cx: &Build,
    ) -> Result<Arc<Authority>, BuildError> {
        let id = if id.is_empty() { LOCAL } else { id };
        if let Some(made) = self.made.get(id) {
            return Ok(Arc::clone(made));
        }
        let default = config::pki::Authority::default();
        let authority = match config.and_then(|app| app.certificate_authorities.get(id)) {
            Some(authority) => authority,
            None if id == LOCAL => &default,
            None => return Err(cx.error(format!("no certificate authority configured with id: {id}"))),
        };
        if cx.is_survey() {
            if self.surveyed.insert(id.to_owned()) {
                Authority::survey(authority, storage, cx)?;
            }
            return Err(cx.left_out());
        }
        let authority = Arc::new(Authority::build(id, authority, storage, cx)?);
        self.made.insert(id.to_owned(), Arc::clone(&authority));
        Ok(authority)
    }

    /// Those that are in use.
    pub(crate) fn into_made(self) -> BTreeMap<String, Arc<Authority>> {
        self.made
    }
}

/// Whether the last part of a lifetime has begun.
pub(crate) fn is_due(from: SystemTime, until: SystemTime, last_part: f64, now: SystemTime) -> bool {
    let lifetime = until.duration_since(from).unwrap_or(Duration::ZERO);
    until.checked_sub(lifetime.mul_f64(last_part.clamp(0.0, 1.0))).is_none_or(|due| now >= due)
}

#[cfg(test)]
mod tests;
