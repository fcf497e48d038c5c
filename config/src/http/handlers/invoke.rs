//! The handler `invoke`.

use crate::object::object;

object! {
    /// Runs a named route of the server.
    pub struct Invoke {
        /// Its name in `named_routes`.
        pub name: String,
    }
}
