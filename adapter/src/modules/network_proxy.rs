//! The proxy through which a transport reaches its upstreams: `network_proxy <name> …`.

use caddis_config::network_proxy::{NetworkProxy, NoProxy, ProxyUrl};

use crate::{
    args::{Args, Value},
    modules::{Module, Pluggable},
};

impl Pluggable for NetworkProxy {
    const NAMESPACE: &'static str = "caddy.network_proxy";
    const TABLE: &'static [Module<Self>] = &[
        Module { name: "none", read: |_, _| Ok(NoProxy::default().into()) },
        Module { name: "url", read: |_, line| Ok(ProxyUrl { url: line.one()?.string() }.into()) },
    ];
}
