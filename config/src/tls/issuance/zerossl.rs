//! The issuer `zerossl`.

use super::DnsChallenge;
use crate::object::object;

object! {
    /// ZeroSSL by its own API.
    pub struct ZeroSsl {
        /// Key of the API. Placeholders allowed.
        pub api_key: String,
        /// Lifetime of the certificates in days. Default: 90.
        pub validity_days: i64,
        /// Host to listen on for the validation. Default: all interfaces.
        pub listen_host: String,
        /// Port to listen on, if port 80 is forwarded there.
        pub alternate_http_port: i64,
        /// Validates by CNAME record instead of HTTP.
        pub cname_validation: Option<DnsChallenge>,
    }
}
