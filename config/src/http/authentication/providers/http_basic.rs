//! The provider `http_basic`.

use crate::http::authentication::hashes::Hash;
use crate::object::object;

object! {
    /// HTTP Basic authentication (RFC 7617).
    pub struct HttpBasic {
        /// How passwords are hashed. Default: bcrypt.
        pub hash: Option<Hash>,
        /// The accounts.
        pub accounts: Vec<Account>,
        /// The realm in the challenge. Default: `restricted`. Placeholders allowed.
        pub realm: String,
        /// Remembers checked passwords in memory. Default: no.
        pub hash_cache: Option<HashCache>,
    }
}

object! {
    /// A user.
    pub struct Account {
        /// The name. Placeholders allowed.
        pub username(always): String,
        /// The hash of the password. Placeholders allowed.
        pub password(always): String,
    }
}

object! {
    /// A cache of checked passwords; it has nothing to set.
    pub struct HashCache {}
}
