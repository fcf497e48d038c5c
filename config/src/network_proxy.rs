//! Proxies for outgoing connections (`caddy.network_proxy`).

mod none;
mod url;

pub use none::NoProxy;
pub use url::ProxyUrl;

use crate::module::modules;

modules! {
    /// Which proxy outgoing connections go through.
    pub enum NetworkProxy in "caddy.network_proxy" by "from" {
        None(NoProxy) = "none",
        Url(ProxyUrl) = "url",
    }
}
