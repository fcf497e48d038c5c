//! The handler `static_response`.

use crate::http::Headers;
use crate::object::object;
use crate::value::WeakString;

object! {
    /// Answers with what is written here. Placeholders allowed throughout.
    pub struct StaticResponse {
        /// Default: 200, in error routes the status of the error. 103 is sent ahead, and the next handler runs.
        pub status_code: WeakString,
        /// Header fields to set. `Content-Type` is guessed from the body if it is not given.
        pub headers: Headers,
        /// The body.
        pub body: String,
        /// Closes the connection after the response.
        pub close: bool,
        /// Drops the connection without a response.
        pub abort: bool,
    }
}
