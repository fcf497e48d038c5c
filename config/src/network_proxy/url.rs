//! The network proxy `url`.

use crate::object::object;

object! {
    /// A proxy by URL.
    pub struct ProxyUrl {
        /// `http`, `https` or `socks5`. Placeholders allowed.
        pub url(always): String,
    }
}
