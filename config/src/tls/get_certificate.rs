//! Certificates fetched during a handshake (`tls.get_certificate`).

mod http;
mod tailscale;

pub use http::Http;
pub use tailscale::Tailscale;

use crate::module::modules;

modules! {
    /// A manager of certificates outside.
    pub enum CertificateManager in "tls.get_certificate" by "via" {
        Http(Http) = "http",
        Tailscale(Tailscale) = "tailscale",
    }
}
