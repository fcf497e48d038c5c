//! Wrappers around listeners (`caddy.listeners`, `caddy.packetconns`).

mod http_redirect;
mod proxy_protocol;
mod tls;

pub use http_redirect::HttpRedirect;
pub use proxy_protocol::{FallbackPolicy, ProxyProtocol};
pub use tls::Tls;

use crate::module::modules;

modules! {
    /// A wrapper around accepted connections.
    pub enum ListenerWrapper in "caddy.listeners" by "wrapper" {
        HttpRedirect(HttpRedirect) = "http_redirect",
        ProxyProtocol(ProxyProtocol) = "proxy_protocol",
        Tls(Tls) = "tls",
    }
}

modules! {
    /// A wrapper around UDP sockets; the standard distribution has none.
    pub enum PacketConnWrapper in "caddy.packetconns" by "wrapper" {}
}
