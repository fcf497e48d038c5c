//! The filter `cookie`.

use crate::object::object;

object! {
    /// Changes the cookies of a request.
    pub struct Cookie {
        /// The changes.
        pub actions(always or null): Vec<CookieAction>,
    }
}

object! {
    /// A change of one cookie.
    pub struct CookieAction {
        /// `replace`, `hash` or `delete`.
        pub kind("type" always): String,
        /// The cookie.
        pub name(always): String,
        /// The new value for `replace`.
        pub value: String,
    }
}
