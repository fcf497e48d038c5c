//! The handler `intercept`.

use crate::http::ResponseHandler;
use crate::object::object;

object! {
    /// Looks at the responses of later handlers and may answer in their place.
    pub struct Intercept {
        /// The first that matches is applied; `{http.intercept.*}` tells about the response.
        pub handle_response: Vec<ResponseHandler>,
    }
}
