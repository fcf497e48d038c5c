//! The handler `request_body`.

use crate::object::object;

object! {
    /// Limits or replaces the body of the request.
    pub struct RequestBody {
        /// Most bytes that are read; beyond them the request fails with 413. Default: no limit.
        pub max_size: i64,
        /// A body in place of the client's. Placeholders allowed.
        pub set: String,
    }
}
