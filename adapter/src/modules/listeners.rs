//! What wraps a listener of a server: `servers { listener_wrappers { … } }`.

use caddis_config::listeners::{HttpRedirect, ListenerWrapper, Tls};

use crate::modules::{Module, Pluggable};

pub(crate) mod proxy_protocol;

impl Pluggable for ListenerWrapper {
    const NAMESPACE: &'static str = "caddy.listeners";
    const TABLE: &'static [Module<Self>] = &[
        // Caddy takes whatever follows these two without looking at it.
        Module { name: "http_redirect", read: |_, _| Ok(HttpRedirect::default().into()) },
        Module { name: "proxy_protocol", read: proxy_protocol::read },
        Module { name: "tls", read: |_, _| Ok(Tls::default().into()) },
    ];
}
