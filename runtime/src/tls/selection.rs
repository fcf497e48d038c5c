//! Which certificate a handshake gets.

use std::{net::IpAddr, sync::Arc, time::SystemTime};

use caddis_config::tls::CertificateSelection;
use rustls::{
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

use super::{
    certificates::{Certificate, Store},
    names,
};

/// The rules of one connection policy.
#[derive(Debug)]
pub(super) struct Selector {
    pub(super) store: Arc<Store>,
    pub(super) selection: Option<CertificateSelection>,
    /// The name for clients that send none; normalized, empty when not set.
    pub(super) default_sni: String,
    /// The name for clients whose own has no certificate.
    pub(super) fallback_sni: String,
}

impl Selector {
    /// The certificates for a server name, in the order in which names are tried: the name; for a client that sends
    /// none the address it has connected to and the default name; then the fallback name.
    pub(super) fn candidates(&self, server_name: &str, local: Option<IpAddr>) -> Vec<Arc<Certificate>> {
        let local = local.map(|local| local.to_canonical().to_string()).unwrap_or_default();
        let own =
            if server_name.is_empty() { [local.as_str(), &self.default_sni] } else { [server_name, ""] };
        let tried = own.into_iter().chain([self.fallback_sni.as_str()]).filter(|name| !name.is_empty());
        tried.map(|name| self.store.find(name)).find(|found| !found.is_empty()).unwrap_or_default()
    }

    /// The best of several: one that the rules allow, that the client can check, and that is valid now.
    fn choose(&self, found: &[Arc<Certificate>], hello: &ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let now = SystemTime::now();
        let allowed: Vec<_> = match &self.selection {
            Some(selection) => found.iter().filter(|certificate| allows(selection, certificate)).collect(),
            None => found.iter().collect(),
        };
        let suits = |certificate: &&&Arc<Certificate>| certificate.suits(hello.signature_schemes());
        let valid = |certificate: &&&Arc<Certificate>| certificate.from <= now && now <= certificate.until;
        let best = allowed.iter().filter(suits).find(valid);
        let best = best.or_else(|| allowed.iter().find(suits)).or_else(|| allowed.first());
        best.map(|certificate| Arc::clone(&certificate.key))
    }

    /// The certificate for a client that has named no server.
    pub(super) fn without_name(
        &self,
        local: Option<IpAddr>,
        hello: &ClientHello<'_>,
    ) -> Option<Arc<CertifiedKey>> {
        self.choose(&self.candidates("", local), hello)
    }
}

impl ResolvesServerCert for Selector {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = names::normalized(hello.server_name().unwrap_or_default());
        self.choose(&self.candidates(&name, None), &hello)
    }
}

/// A certificate chosen beforehand.
#[derive(Debug)]
pub(super) struct Chosen(pub(super) Arc<CertifiedKey>);

impl ResolvesServerCert for Chosen {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

fn allows(selection: &CertificateSelection, certificate: &Certificate) -> bool {
    let CertificateSelection { serial_number, subject_organization, public_key_algorithm, any_tag, all_tags } =
        selection;
    let has = |tag: &String| certificate.tags.contains(tag);
    (serial_number.is_empty() || serial_number.iter().any(|serial| serial.as_str() == certificate.serial))
        && (subject_organization.is_empty()
            || subject_organization.iter().any(|name| certificate.organizations.contains(name)))
        && public_key_algorithm.is_none_or(|algorithm| certificate.algorithm == Some(algorithm))
        && (any_tag.is_empty() || any_tag.iter().any(has))
        && all_tags.iter().all(has)
}
