//! Where upstreams come from while the server runs: `dynamic <source> …`.

use caddis_config::http::reverse_proxy::UpstreamSource;

use crate::modules::{Module, Pluggable};

pub(crate) mod a;
mod multi;
pub(crate) mod srv;

impl Pluggable for UpstreamSource {
    const NAMESPACE: &'static str = "http.reverse_proxy.upstreams";
    const TABLE: &'static [Module<Self>] = &[
        Module { name: "a", read: a::read },
        Module { name: "multi", read: multi::read },
        Module { name: "srv", read: srv::read },
    ];
}
