//! The filter `set_cookie`.

use super::CookieAction;
use crate::object::object;

object! {
    /// Changes the cookies that a response sets.
    pub struct SetCookie {
        /// The changes.
        pub actions(always or null): Vec<CookieAction>,
    }
}
