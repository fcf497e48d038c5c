//! The handler `tracing`.

use std::collections::BTreeMap;

use crate::object::object;

object! {
    /// Opens an OpenTelemetry span around the later handlers.
    pub struct Tracing {
        /// Name of the span. Default: `handler`. Placeholders allowed.
        pub span(always): String,
        /// Attributes of the span. Placeholders allowed.
        pub span_attributes: BTreeMap<String, String>,
    }
}
