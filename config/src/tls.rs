//! The app `tls`: certificates, their automation, and how connections are secured.

mod app;
mod automation;
pub mod ca_pool;
pub mod certificates;
pub mod client_auth;
mod connection_policy;
pub mod ech;
pub mod get_certificate;
pub mod handshake_match;
pub mod issuance;
pub mod leaf_cert_loader;
pub mod permission;
pub mod stek;

pub use app::{App, Cache, SessionTickets};
pub use automation::{Automation, AutomationPolicy, OnDemand};
pub use ca_pool::source::CaPool;
pub use certificates::Certificates;
pub use client_auth::verifier::Verifier;
pub use connection_policy::{
    CertificateSelection, ClientAuthentication, ConnectionPolicy, HandshakeContext, PublicKeyAlgorithm,
    SerialNumber,
};
pub use ech::EncryptedClientHello;
pub use get_certificate::CertificateManager;
pub use handshake_match::HandshakeMatcher;
pub use issuance::Issuer;
pub use leaf_cert_loader::LeafLoader;
pub use permission::Permission;
pub use stek::KeySource;
