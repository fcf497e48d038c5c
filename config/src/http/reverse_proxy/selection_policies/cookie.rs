//! The policy `cookie`.

use super::SelectionPolicy;
use crate::object::object;
use crate::value::Duration;

object! {
    /// The upstream named by a cookie that is set with the first response.
    pub struct Cookie {
        /// Name of the cookie. Default: `lb`.
        pub name: String,
        /// Key of the HMAC-SHA256 that stands for the upstream in the cookie.
        pub secret: String,
        /// Lifetime of the cookie. Default: the session.
        pub max_age: Duration,
        /// Policy for requests without a usable cookie. Default: random.
        pub fallback: Option<Box<SelectionPolicy>>,
    }
}
