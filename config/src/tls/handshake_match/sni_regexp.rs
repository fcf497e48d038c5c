//! The matcher `sni_regexp`.

use crate::http::RegexpMatch;
use crate::object::transparent;

transparent! {
    /// Matches the server name of the handshake by regular expression.
    pub struct SniRegexp(
        /// The expression; groups are `{tls.regexp.<name>.<group>}`.
        pub RegexpMatch
    );
}
