//! A certificate that this server gets by itself and shows to upstreams.

use std::sync::{Arc, OnceLock, Weak};

use rustls::{SignatureScheme, client::ResolvesClientCert, sign::CertifiedKey};

use super::certificates::Store;

/// Looked up by its name in each handshake, so that its successor is shown as soon as it is there.
#[derive(Debug)]
pub(crate) struct ClientCertificate {
    pub(super) name: String,
    /// Where the configuration asks for it.
    pub(super) path: String,
    /// Set when the certificate is there, before the first handshake.
    pub(super) store: OnceLock<Weak<Store>>,
}

impl ClientCertificate {
    pub(crate) fn new(name: &str, path: String) -> Self {
        Self { name: super::names::normalized(name), path, store: OnceLock::new() }
    }
}

impl ResolvesClientCert for ClientCertificate {
    fn resolve(&self, _: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let found = self.store.get()?.upgrade()?.find(&self.name);
        found.into_iter().find(|certificate| certificate.suits(schemes)).map(|found| Arc::clone(&found.key))
    }

    fn has_certs(&self) -> bool {
        true
    }
}
