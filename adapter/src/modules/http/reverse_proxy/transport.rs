//! How requests travel to upstreams: `transport <name> …`.

use caddis_config::http::reverse_proxy::Transport;

use crate::modules::{Module, Pluggable};

pub(crate) mod fastcgi;
pub(crate) mod http;

impl Pluggable for Transport {
    const NAMESPACE: &'static str = "http.reverse_proxy.transport";
    const TABLE: &'static [Module<Self>] =
        &[Module { name: "fastcgi", read: fastcgi::read }, Module { name: "http", read: http::read }];
}
