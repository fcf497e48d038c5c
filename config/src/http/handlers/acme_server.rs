//! The handler `acme_server`.

use crate::object::object;
use crate::value::Duration;

object! {
    /// An ACME server that issues certificates from a local authority.
    pub struct AcmeServer {
        /// Id of the authority. Default: `local`.
        pub ca: String,
        /// Lifetime of the certificates. Default: 12h.
        pub lifetime: Duration,
        /// Host name in the URLs handed out. Default: the host of the request.
        pub host: String,
        /// Path under which the server answers. Default: `/acme/`.
        pub path_prefix: String,
        /// Signs with the root instead of the intermediate.
        pub sign_with_root: bool,
        /// DNS servers for the DNS challenge. Default: the system's.
        pub resolvers: Vec<String>,
        /// `http-01`, `dns-01`, `tls-alpn-01`. Default: all.
        pub challenges: Vec<String>,
        /// Which names may be asked for. Default: any.
        pub policy: Option<AcmePolicy>,
    }
}

object! {
    /// Which names a certificate may be asked for; a denial wins.
    pub struct AcmePolicy {
        /// What is allowed. Default: everything.
        pub allow: Option<AcmeRules>,
        /// What is denied.
        pub deny: Option<AcmeRules>,
        /// Whether wildcard names may be asked for.
        pub allow_wildcard_names: bool,
    }
}

object! {
    /// Names by kind.
    pub struct AcmeRules {
        /// Domain names; a leading `*.` stands for any label.
        pub domains: Vec<String>,
        /// Addresses in CIDR notation.
        pub ip_ranges: Vec<String>,
    }
}
