//! The matcher `sni`.

use crate::object::transparent;

transparent! {
    /// Matches the server name of the handshake.
    pub struct Sni(
        /// Names; `*` stands for one label. Placeholders allowed.
        pub Vec<String>
    );
}
