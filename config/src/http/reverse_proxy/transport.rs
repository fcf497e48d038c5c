//! How upstreams are talked to (`http.reverse_proxy.transport`).

mod fastcgi;
mod http;

pub use fastcgi::{FastCgi, FastCgiKeepAlive};
pub use http::{Http, KeepAlive, TransportTls};

use crate::module::modules;

modules! {
    /// A protocol between proxy and upstream.
    pub enum Transport in "http.reverse_proxy.transport" by "protocol" {
        FastCgi(FastCgi) = "fastcgi",
        Http(Box<Http>) = "http",
    }
}

impl From<Http> for Transport {
    fn from(transport: Http) -> Self {
        Self::Http(Box::new(transport))
    }
}
