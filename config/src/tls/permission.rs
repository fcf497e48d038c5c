//! Who decides about on-demand certificates (`tls.permission`).

mod http;

pub use http::Http;

use crate::module::modules;

modules! {
    /// A permission to obtain a certificate.
    pub enum Permission in "tls.permission" by "module" {
        Http(Http) = "http",
    }
}
