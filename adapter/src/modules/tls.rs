//! Modules of the TLS app.

mod ca_pool;
pub(crate) mod client_auth;
mod get_certificate;
pub(crate) mod issuance;
mod leaf_cert_loader;
mod permission;
