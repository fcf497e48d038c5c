//! Upstreams, and where they come from (`http.reverse_proxy.upstreams`).

mod a;
mod multi;
mod srv;

pub use a::{A, IpVersions};
pub use multi::Multi;
pub use srv::Srv;

use crate::module::modules;
use crate::object::object;

object! {
    /// A server that requests are forwarded to.
    pub struct Upstream {
        /// Its address, `network/host:port`. Placeholders allowed.
        pub dial: String,
        /// Most requests in flight. Default: no limit.
        pub max_requests: i64,
    }
}

modules! {
    /// Where upstreams are looked up for each request.
    pub enum UpstreamSource in "http.reverse_proxy.upstreams" by "source" {
        A(A) = "a",
        Multi(Multi) = "multi",
        Srv(Srv) = "srv",
    }
}

object! {
    /// DNS servers.
    pub struct Resolver {
        /// Their addresses; the port is 53 unless given.
        pub addresses: Vec<String>,
    }
}
