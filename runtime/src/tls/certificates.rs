//! Certificates in memory, by the names they are for.

mod load;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use arc_swap::ArcSwap;
use rustls::{SignatureScheme, sign::CertifiedKey};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use x509_parser::{extensions::GeneralName, prelude::X509Certificate};

pub(crate) use self::load::load;
use super::{crypto::provider, names};

/// A certificate with its key and what can be asked of it.
#[derive(Debug)]
pub(crate) struct Certificate {
    pub(crate) key: Arc<CertifiedKey>,
    pub(crate) names: Vec<String>,
    pub(crate) tags: Vec<String>,
    /// In decimal.
    pub(crate) serial: String,
    pub(crate) organizations: Vec<String>,
    pub(crate) algorithm: Option<caddis_config::tls::PublicKeyAlgorithm>,
    pub(crate) from: SystemTime,
    pub(crate) until: SystemTime,
}

impl Certificate {
    /// Reads a chain, leaf first, and the key of the leaf.
    ///
    /// # Errors
    /// A sentence on what cannot be read, or does not belong together.
    pub(crate) fn from_pem(chain: &[u8], key: &[u8], tags: &[String]) -> Result<Self, String> {
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain)
            .collect::<Result<_, _>>()
            .map_err(|error| format!("no certificate in PEM: {error}"))?;
        let key =
            PrivateKeyDer::from_pem_slice(key).map_err(|error| format!("no private key in PEM: {error}"))?;
        let leaf = chain.first().ok_or("no certificate in PEM")?.clone();
        let key = CertifiedKey::from_der(chain, key, &provider()).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => "the private key does not match the certificate".to_owned(),
            error => error.to_string(),
        })?;
        let (_, parsed) = x509_parser::parse_x509_certificate(&leaf)
            .map_err(|error| format!("unreadable certificate: {error}"))?;
        let time = |at: x509_parser::time::ASN1Time| {
            SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(at.timestamp()).unwrap_or(0))
        };
        let subject = parsed.subject();
        Ok(Self {
            key: Arc::new(key),
            names: names_of(&parsed),
            tags: tags.to_vec(),
            serial: parsed.tbs_certificate.serial.to_string(),
            organizations: subject
                .iter_organization()
                .filter_map(|organization| organization.as_str().ok().map(str::to_owned))
                .collect(),
            algorithm: algorithm_of(&parsed),
            from: time(parsed.validity().not_before),
            until: time(parsed.validity().not_after),
        })
    }

    /// Whether a client that knows these schemes can check the certificate's signatures.
    pub(crate) fn suits(&self, schemes: &[SignatureScheme]) -> bool {
        self.key.key.choose_scheme(schemes).is_some()
    }
}

fn names_of(certificate: &X509Certificate<'_>) -> Vec<String> {
    let mut found: Vec<String> = certificate
        .subject()
        .iter_common_name()
        .filter_map(|name| name.as_str().ok())
        .filter(|name| !name.is_empty())
        .map(names::normalized)
        .collect();
    let alternatives = certificate.subject_alternative_name().ok().flatten();
    for name in alternatives.iter().flat_map(|extension| &extension.value.general_names) {
        match name {
            GeneralName::DNSName(name) => found.push(names::normalized(name)),
            GeneralName::IPAddress(octets) => found.extend(address(octets)),
            _ => {}
        }
    }
    found.sort();
    found.dedup();
    found
}

fn address(octets: &[u8]) -> Option<String> {
    if let Ok(v4) = <[u8; 4]>::try_from(octets) {
        return Some(std::net::Ipv4Addr::from(v4).to_string());
    }
    <[u8; 16]>::try_from(octets).ok().map(|v6| std::net::Ipv6Addr::from(v6).to_string())
}

fn algorithm_of(certificate: &X509Certificate<'_>) -> Option<caddis_config::tls::PublicKeyAlgorithm> {
    use caddis_config::tls::PublicKeyAlgorithm;
    use x509_parser::public_key::PublicKey;
    match certificate.public_key().parsed().ok()? {
        PublicKey::RSA(_) => Some(PublicKeyAlgorithm::Rsa),
        PublicKey::DSA(_) => Some(PublicKeyAlgorithm::Dsa),
        PublicKey::EC(_) => Some(PublicKeyAlgorithm::Ecdsa),
        _ => None,
    }
}

/// All certificates of a configuration.
#[derive(Debug)]
pub(crate) struct Store {
    /// Those that the configuration brings.
    loaded: BTreeMap<String, Vec<Arc<Certificate>>>,
    /// Those that this server gets by itself, by the one name that each is for.
    managed: ArcSwap<BTreeMap<String, Arc<Certificate>>>,
    changing: Mutex<()>,
    /// Most managed certificates; for those that arise on demand.
    capacity: usize,
}

impl Store {
    pub(crate) fn new(certificates: Vec<Certificate>, capacity: usize) -> Self {
        let mut loaded: BTreeMap<String, Vec<Arc<Certificate>>> = BTreeMap::new();
        for certificate in certificates {
            let certificate = Arc::new(certificate);
            for name in &certificate.names {
                loaded.entry(name.clone()).or_default().push(Arc::clone(&certificate));
            }
        }
        Self { loaded, managed: ArcSwap::default(), changing: Mutex::new(()), capacity }
    }

    /// Whether the configuration brings a certificate that covers a name.
    pub(crate) fn loads(&self, name: &str) -> bool {
        names::lookups(name).any(|name| self.loaded.contains_key(&name))
    }

    /// The certificates for a name: those for exactly it, or else those for the closest wildcard.
    pub(crate) fn find(&self, name: &str) -> Vec<Arc<Certificate>> {
        let managed = self.managed.load();
        for lookup in names::lookups(name) {
            let loaded = self.loaded.get(&lookup).into_iter().flatten();
            let found: Vec<_> = loaded.chain(managed.get(&lookup)).cloned().collect();
            if !found.is_empty() {
                return found;
            }
        }
        Vec::new()
    }

    /// Puts managed certificates in the place of those for the same names.
    pub(crate) fn put(&self, certificates: impl IntoIterator<Item = (String, Certificate)>) {
        let _turn = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut managed = BTreeMap::clone(&self.managed.load());
        for (name, certificate) in certificates {
            if managed.len() >= self.capacity && !managed.contains_key(&name) {
                // As good as any: which one is asked for next is not known.
                managed.pop_first();
            }
            managed.insert(name, Arc::new(certificate));
        }
        self.managed.store(Arc::new(managed));
    }

    /// The managed certificates.
    pub(crate) fn managed(&self) -> Arc<BTreeMap<String, Arc<Certificate>>> {
        self.managed.load_full()
    }
}
