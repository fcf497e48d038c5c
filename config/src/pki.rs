//! The app `pki`: authorities of one's own.

use std::collections::BTreeMap;

use crate::object::object;
use crate::storage::Storage;
use crate::value::Duration;

object! {
    /// The app `pki`.
    pub struct App {
        /// Authorities by id. `local` exists even if it is not listed.
        pub certificate_authorities: BTreeMap<String, Authority>,
    }
}

object! {
    /// A certificate authority: a root and an intermediate that it signs.
    pub struct Authority {
        /// Its name. Default: `Caddy Local Authority`.
        pub name: String,
        /// Default: `{pki.ca.name} - {time.now.year} ECC Root`.
        pub root_common_name: String,
        /// Default: `{pki.ca.name} - ECC Intermediate`.
        pub intermediate_common_name: String,
        /// Lifetime of the intermediate; below the root's. Default: 7d.
        pub intermediate_lifetime: Duration,
        /// Installs the root in the trust store of the system. Default: yes.
        pub install_trust: Option<bool>,
        /// A root to use. Default: a new one, kept in the storage.
        pub root: Option<KeyPair>,
        /// An intermediate to use. Default: a new one, kept in the storage.
        pub intermediate: Option<KeyPair>,
        /// Time between looks at what must be renewed. Default: 10m.
        pub maintenance_interval: Duration,
        /// Part of the lifetime that is left when the intermediate is renewed. Default: 0.2.
        pub renewal_window_ratio: f64,
        /// Where it is kept. Default: the storage of the configuration.
        pub storage: Option<Storage>,
    }
}

object! {
    /// A certificate and its key.
    pub struct KeyPair {
        /// The certificate; for `pem_file` its file.
        pub certificate: String,
        /// The key; for `pem_file` its file.
        pub private_key: String,
        /// `pem_file`, which is the default and the only one.
        pub format: String,
    }
}
