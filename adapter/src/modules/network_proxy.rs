//! The proxy through which a transport reaches its upstreams: `network_proxy <name> …`.

use caddis_config::network_proxy::{NetworkProxy, NoProxy, ProxyUrl};

use crate::{
    args::{Args, Value},
    directives::lenient::{ignore_block, ignore_from},
    modules::{Module, Pluggable},
};

impl Pluggable for NetworkProxy {
    const NAMESPACE: &'static str = "caddy.network_proxy";
    const TABLE: &'static [Module<Self>] = &[
        Module { name: "none", read: |_, _| Ok(NoProxy::default().into()) },
        Module {
            name: "url",
            read: |cx, line| {
                let url = line.some()?[0].string();
                ignore_from(cx, line, 1);
                ignore_block(cx, line);
                Ok(ProxyUrl { url }.into())
            },
        },
    ];
}
