//! `tls`: certificates and connection settings of a site.

use caddis_config::tls::{CertificateManager, ConnectionPolicy, Issuer, certificates::CertificateFiles};

/// A `tls` line.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SiteTls {
    /// Certificates to load from files.
    pub files: Vec<CertificateFiles>,
    /// Folders to load certificates from.
    pub folders: Vec<String>,
    /// Issuers; none where the line says nothing about them.
    pub issuers: Vec<Issuer>,
    /// The type of keys; empty where the line says nothing about it.
    pub key_type: String,
    /// Whether certificates are obtained during the first handshake.
    pub on_demand: bool,
    /// Managers of certificates outside.
    pub managers: Vec<CertificateManager>,
    /// Whether renewals keep the key.
    pub reuse_private_keys: bool,
    /// When to renew; 0 where the line says nothing about it.
    pub renewal_window_ratio: f64,
    /// Whether certificates are managed even if a wildcard covers the names.
    pub force_automate: bool,
    /// How connections are secured.
    pub policy: ConnectionPolicy,
}
