//! The issuer `acme`.

use super::Challenges;
use crate::network_proxy::NetworkProxy;
use crate::object::object;
use crate::value::Duration;

object! {
    /// An authority that speaks ACME (RFC 8555).
    pub struct Acme {
        /// Its directory. Default: Let's Encrypt. Placeholders allowed.
        pub ca: String,
        /// Directory for retries after a failure. Default: Let's Encrypt's staging, if `ca` is theirs.
        pub test_ca: String,
        /// Contact address of the account. Placeholders allowed.
        pub email: String,
        /// Profile of the certificates.
        pub profile: String,
        /// Key of the account in PEM. Default: a new one, kept in the storage. Placeholders allowed.
        pub account_key: String,
        /// Binding to an account outside of ACME.
        pub external_account: Option<ExternalAccount>,
        /// Time for one attempt.
        pub acme_timeout: Duration,
        /// The challenges.
        pub challenges: Option<Challenges>,
        /// Authorities to trust when talking to the directory. Default: the system's.
        pub trusted_roots_pem_files: Vec<String>,
        /// Which chain to take, if several are offered. Default: the first.
        pub preferred_chains: Option<ChainPreference>,
        /// Lifetime to ask for, where the authority lets one choose.
        pub certificate_lifetime: Duration,
        /// Proxy to go through. Default: the one that `HTTP_PROXY` and the like name.
        pub network_proxy: Option<NetworkProxy>,
    }
}

object! {
    /// A binding to an account outside of ACME.
    pub struct ExternalAccount {
        /// Id of the key.
        pub key_id(always): String,
        /// The key, base64url.
        pub mac_key(always): String,
    }
}

object! {
    /// A choice among chains; one of the three is given.
    pub struct ChainPreference {
        /// The smallest.
        pub smallest: Option<bool>,
        /// The first whose root has one of these common names.
        pub root_common_name: Vec<String>,
        /// The first in which any certificate has one of these common names.
        pub any_common_name: Vec<String>,
    }
}
