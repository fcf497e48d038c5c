//! The administration endpoint, and where the configuration itself comes from.

use std::collections::BTreeMap;

use crate::module::modules;
use crate::object::object;
use crate::tls::Issuer;
use crate::value::Duration;

object! {
    /// The administration endpoint.
    pub struct Admin {
        /// Does not listen at all.
        pub disabled: bool,
        /// Its address. Default: `localhost:2019`, or what `CADDY_ADMIN` says.
        pub listen: String,
        /// Answers only requests with an allowed `Origin`.
        pub enforce_origin: bool,
        /// Allowed origins and hosts. Default: those of `listen`.
        pub origins: Vec<String>,
        /// What happens to configurations.
        pub config: Option<ConfigSettings>,
        /// Certificates that identify this instance.
        pub identity: Option<Identity>,
        /// A second endpoint, for clients with certificates.
        pub remote: Option<Remote>,
    }
}

object! {
    /// What happens to configurations.
    pub struct ConfigSettings {
        /// Saves each configuration for `--resume`. Default: yes.
        pub persist: Option<bool>,
        /// Loads another configuration from here.
        pub load: Option<ConfigLoader>,
        /// Time before it is loaded. Default: 0, before this one starts.
        pub load_delay: Duration,
    }
}

object! {
    /// Certificates that identify this instance.
    pub struct Identity {
        /// Names in the certificates.
        pub identifiers: Vec<String>,
        /// Issuers, tried in order.
        pub issuers: Vec<Issuer>,
    }
}

object! {
    /// An endpoint for clients with certificates.
    pub struct Remote {
        /// Its address. Default: `:2021`.
        pub listen: String,
        /// Who may do what.
        pub access_control: Vec<Access>,
    }
}

object! {
    /// What some clients may do.
    pub struct Access {
        /// Keys of the clients' certificates, base64 of DER.
        pub public_keys: Vec<String>,
        /// What they may do. Default: anything.
        pub permissions: Vec<AccessPermission>,
    }
}

object! {
    /// A permission.
    pub struct AccessPermission {
        /// Paths and everything below them. Default: all.
        pub paths: Vec<String>,
        /// Methods. Default: all.
        pub methods: Vec<String>,
    }
}

modules! {
    /// A source of configurations (`caddy.config_loaders`).
    pub enum ConfigLoader in "caddy.config_loaders" by "module" {
        Http(Box<HttpLoader>) = "http",
    }
}

object! {
    /// A configuration from a URL.
    pub struct HttpLoader {
        /// Default: GET.
        pub method: String,
        /// The URL.
        pub url: String,
        /// Header fields to send.
        pub headers("header"): BTreeMap<String, Vec<String>>,
        /// Time for the answer. Default: no limit.
        pub timeout: Duration,
        /// Adapter to apply. Default: by the `Content-Type` of the answer.
        pub adapter: String,
        /// TLS towards the URL.
        pub tls: Option<HttpLoaderTls>,
    }
}

object! {
    /// TLS towards the URL.
    pub struct HttpLoaderTls {
        /// Presents the certificate that identifies this instance.
        pub use_server_identity: bool,
        /// File of a certificate to present.
        pub client_certificate_file: String,
        /// File of its key.
        pub client_certificate_key_file: String,
        /// Files of authorities to trust. Default: the system's.
        pub root_ca_pem_files: Vec<String>,
    }
}
