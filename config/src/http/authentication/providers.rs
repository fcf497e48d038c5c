//! Providers of authentication (`http.authentication.providers`).

mod http_basic;

pub use http_basic::{Account, HashCache, HttpBasic};

use crate::module::modules;

modules! {
    /// A way to find out who a user is.
    pub enum Provider in "http.authentication.providers" {
        HttpBasic(HttpBasic) = "http_basic",
    }
}
