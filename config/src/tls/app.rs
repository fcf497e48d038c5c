//! The app itself.

use super::{Automation, Certificates, EncryptedClientHello, KeySource};
use crate::dns::DnsProvider;
use crate::module::ModuleMap;
use crate::object::object;
use crate::value::Duration;

object! {
    /// The app `tls`.
    pub struct App {
        /// Certificates to load or to manage from the start.
        pub certificates: ModuleMap<Certificates>,
        /// How certificates are obtained and renewed.
        pub automation: Option<Automation>,
        /// Keys of session tickets.
        pub session_tickets: Option<SessionTickets>,
        /// Certificates in memory.
        pub cache: Option<Cache>,
        /// Staples no OCSP responses.
        pub disable_ocsp_stapling: bool,
        /// Does not try out the storage at the start.
        pub disable_storage_check: bool,
        /// Never removes expired assets from the storage.
        pub disable_storage_clean: bool,
        /// Encrypted ClientHello.
        pub encrypted_client_hello: Option<EncryptedClientHello>,
        /// DNS provider wherever none of its own is configured.
        pub dns: Option<DnsProvider>,
        /// DNS servers wherever none are configured. Default: the system's.
        pub resolvers: Vec<String>,
    }
}

object! {
    /// Keys of TLS session tickets.
    pub struct SessionTickets {
        /// Where keys come from. Default: this process.
        pub key_source: Option<KeySource>,
        /// Time between new keys. Default: 12h.
        pub rotation_interval: Duration,
        /// Most keys in use. Default: 4.
        pub max_keys: i64,
        /// Keeps the first key for ever.
        pub disable_rotation: bool,
        /// Issues no tickets.
        pub disabled: bool,
    }
}

object! {
    /// Certificates in memory.
    pub struct Cache {
        /// Most certificates. Default: 10000.
        pub capacity: i64,
    }
}
