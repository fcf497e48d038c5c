//! How certificates are obtained and renewed.

use std::collections::BTreeMap;

use super::{CertificateManager, Issuer, Permission};
use crate::object::object;
use crate::storage::Storage;
use crate::value::Duration;

object! {
    /// Management of certificates.
    pub struct Automation {
        /// The first policy that lists a name, or lists none, manages its certificate.
        pub policies: Vec<AutomationPolicy>,
        /// Limits of on-demand TLS.
        pub on_demand: Option<OnDemand>,
        /// Time between looks at OCSP staples. Default: 1h.
        pub ocsp_interval: Duration,
        /// Time between looks at certificates to renew. Default: 10m.
        pub renew_interval: Duration,
        /// Time between cleanings of the storage. Default: 24h.
        pub storage_clean_interval: Duration,
    }
}

object! {
    /// How the certificates of some names are managed.
    pub struct AutomationPolicy {
        /// The names. Default: all. Placeholders allowed.
        pub subjects: Vec<String>,
        /// Issuers, tried in order. Default: ACME for public names, an internal authority for others.
        pub issuers: Vec<Issuer>,
        /// Where to get certificates from during a handshake, before any that is managed here.
        pub get_certificate: Vec<CertificateManager>,
        /// Asks for certificates with the must-staple extension.
        pub must_staple: bool,
        /// Part of the lifetime that is left when a certificate is renewed. Default: 1/3.
        pub renewal_window_ratio: f64,
        /// `ed25519`, `p256` (default), `p384`, `rsa2048` or `rsa4096`.
        pub key_type: String,
        /// Where certificates are kept. Default: the storage of the configuration.
        pub storage: Option<Storage>,
        /// Obtains certificates during the first handshake that needs them.
        pub on_demand: bool,
        /// Renews with the same key.
        pub reuse_private_keys: bool,
        /// Staples no OCSP responses.
        pub disable_ocsp_stapling: bool,
        /// Other OCSP responders by URL of the responder.
        pub ocsp_overrides: BTreeMap<String, String>,
    }
}

object! {
    /// Limits of on-demand TLS.
    pub struct OnDemand {
        /// Deprecated: the endpoint of a `permission` by HTTP.
        pub ask: String,
        /// Who decides whether a certificate may be obtained.
        pub permission: Option<Permission>,
    }
}
