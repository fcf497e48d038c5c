//! The permission `http`.

use crate::object::object;

object! {
    /// Asks a URL with `?domain=NAME`; a status of 2xx allows it.
    pub struct Http {
        /// The URL. Placeholders allowed.
        pub endpoint(always): String,
    }
}
