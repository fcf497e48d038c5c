//! The handler `log_append`.

use crate::object::object;

object! {
    /// Adds a field to the access log entry of the request.
    pub struct LogAppend {
        /// Name of the field.
        pub key: String,
        /// Its value: a text with placeholders, or the name of a variable.
        pub value: String,
        /// Evaluates before the later handlers instead of after them.
        pub early: bool,
    }
}
