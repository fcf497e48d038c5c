//! The handler `error`.

use crate::object::object;
use crate::value::WeakString;

object! {
    /// Fails, which hands the request to the error routes.
    pub struct StaticError {
        /// The message, `{http.error.message}`. Placeholders allowed.
        pub error: String,
        /// The status. Default: 500. Placeholders allowed.
        pub status_code: WeakString,
    }
}
