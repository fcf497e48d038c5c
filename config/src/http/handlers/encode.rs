//! The handler `encode`.

use crate::http::ResponseMatcher;
use crate::http::encoders::Encoder;
use crate::module::ModuleMap;
use crate::object::object;

object! {
    /// Compresses responses.
    pub struct Encode {
        /// The encoders by name.
        pub encodings: ModuleMap<Encoder>,
        /// Order of preference when the client has none. Default: zstd, br, gzip.
        pub prefer: Vec<String>,
        /// Bytes that a response must exceed. Default: 512.
        pub minimum_length: i64,
        /// Which responses. Default: the usual text-like content types.
        pub matchers("match"): Option<ResponseMatcher>,
    }
}
