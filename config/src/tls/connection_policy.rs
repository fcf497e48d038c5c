//! How a connection is secured, by properties of its handshake.

use serde_json::Value;

use super::{CaPool, HandshakeMatcher, Verifier};
use crate::ConfigError;
use crate::decode::{Decode, Options, mismatch};
use crate::encode::{Encode, Writer};
use crate::module::{ModuleMap, modules};
use crate::object::object;

object! {
    /// How the connections are secured whose handshake matches.
    pub struct ConnectionPolicy {
        /// Which handshakes. Default: all.
        pub matchers("match"): ModuleMap<HandshakeMatcher>,
        /// Which certificate, if several fit.
        pub certificate_selection: Option<CertificateSelection>,
        /// Cipher suites of TLS 1.2, in order of preference. Default: the six modern ones.
        pub cipher_suites: Vec<String>,
        /// Curves, in order of preference. Default: x25519mlkem768, x25519, secp256r1.
        pub curves: Vec<String>,
        /// Application protocols, in order of preference. Default: `h2`, `http/1.1`, as the server speaks them.
        pub alpn: Vec<String>,
        /// `tls1.2` (default) or `tls1.3`.
        pub protocol_min: String,
        /// `tls1.2` or `tls1.3` (default).
        pub protocol_max: String,
        /// Drops the connection.
        pub drop: bool,
        /// Asks clients for a certificate. Default: no.
        pub client_authentication: Option<ClientAuthentication>,
        /// Server name for clients that send none.
        pub default_sni: String,
        /// Server name for clients whose own has no certificate.
        pub fallback_sni: String,
        /// File to append the session secrets to, which lets anybody who reads it decrypt traffic.
        pub insecure_secrets_log: String,
        /// Adds values to the context of the handshake.
        pub handshake_context: Option<HandshakeContext>,
    }
}

modules! {
    /// A source of values for the handshake; the standard distribution has none.
    pub enum HandshakeContext in "tls.context" by "module" {}
}

object! {
    /// What is asked of a client's certificate.
    pub struct ClientAuthentication {
        /// Authorities that must have signed it.
        pub ca: Option<CaPool>,
        /// Deprecated: such authorities, base64 of DER.
        pub trusted_ca_certs: Vec<String>,
        /// Deprecated: files of such authorities.
        pub trusted_ca_certs_pem_files: Vec<String>,
        /// Certificates it must be one of, base64 of DER.
        pub trusted_leaf_certs: Vec<String>,
        /// Further checks.
        pub verifiers: Vec<Verifier>,
        /// `request`, `require`, `verify_if_given` or `require_and_verify`. Default: the last if there is something to
        /// verify against, otherwise `require`.
        pub mode: String,
    }
}

object! {
    /// Which certificate to take; all conditions must hold.
    pub struct CertificateSelection {
        /// Its serial number is one of these.
        pub serial_number: Vec<SerialNumber>,
        /// An organisation of its subject is one of these.
        pub subject_organization: Vec<String>,
        /// The algorithm of its key.
        pub public_key_algorithm: Option<PublicKeyAlgorithm>,
        /// It has one of these tags.
        pub any_tag: Vec<String>,
        /// It has all of these tags.
        pub all_tags: Vec<String>,
    }
}

/// A serial number, of any length, in decimal. In JSON a string.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SerialNumber(String);

impl SerialNumber {
    /// Reads decimal digits with an optional sign.
    pub fn parse(text: &str) -> Option<Self> {
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None => ("", text.strip_prefix('+').unwrap_or(text)),
        };
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        match digits.trim_start_matches('0') {
            "" => Some(Self("0".to_owned())),
            digits => Some(Self(format!("{sign}{digits}"))),
        }
    }

    /// The digits, without leading zeros.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Decode for SerialNumber {
    fn decode(value: Value, options: &Options) -> Result<Self, ConfigError> {
        let text = String::decode(value, options)?;
        Self::parse(&text)
            .ok_or_else(|| ConfigError::new(format!("expected an integer in decimal, found {text:?}")))
    }
}

impl Encode for SerialNumber {
    fn encode(&self, out: &mut Writer) {
        out.string(&self.0);
    }
}

/// The algorithm of a public key. Written as Go's number for it; read as a name or that number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublicKeyAlgorithm {
    /// `rsa`
    Rsa = 1,
    /// `dsa`
    Dsa = 2,
    /// `ecdsa`
    Ecdsa = 3,
}

impl PublicKeyAlgorithm {
    /// The algorithm of that name, in upper or lower case.
    pub fn parse(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "rsa" => Some(Self::Rsa),
            "dsa" => Some(Self::Dsa),
            "ecdsa" => Some(Self::Ecdsa),
            _ => None,
        }
    }
}

impl Decode for PublicKeyAlgorithm {
    fn decode(value: Value, _: &Options) -> Result<Self, ConfigError> {
        let algorithm = match (&value, value.as_i64()) {
            (Value::String(name), _) => Self::parse(name),
            (_, Some(number)) => {
                [Self::Rsa, Self::Dsa, Self::Ecdsa].into_iter().find(|known| *known as i64 == number)
            }
            _ => None,
        };
        algorithm.ok_or_else(|| mismatch("rsa, dsa or ecdsa", &value))
    }
}

impl Encode for PublicKeyAlgorithm {
    fn encode(&self, out: &mut Writer) {
        out.integer(*self as i64);
    }
}
