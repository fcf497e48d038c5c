//! The handler `push`.

use crate::http::handlers::HeaderOps;
use crate::object::object;

object! {
    /// HTTP/2 server push.
    pub struct Push {
        /// What to push with every response.
        pub resources: Vec<PushResource>,
        /// Changes of the header of the pushed requests.
        pub headers: Option<HeaderOps>,
    }
}

object! {
    /// A request to push.
    pub struct PushResource {
        /// `GET` (default) or `HEAD`.
        pub method: String,
        /// The path. Placeholders allowed.
        pub target: String,
    }
}
