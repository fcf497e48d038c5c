//! The matcher `protocol`.

use crate::object::transparent;

transparent! {
    /// Matches the protocol of the request.
    pub struct Protocol(
        /// `http`, `https`, `grpc`, or a version such as `http/1.1`, `http/2`, `http/3`, where a trailing `+` means
        /// "or newer".
        pub String
    );
}
