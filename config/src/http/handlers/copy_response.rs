//! The handler `copy_response`.

use crate::object::object;
use crate::value::WeakString;

object! {
    /// Writes the response of the upstream; only inside `handle_response` of a `reverse_proxy`.
    pub struct CopyResponse {
        /// Status to write instead of the upstream's. Placeholders allowed.
        pub status_code: WeakString,
    }
}
