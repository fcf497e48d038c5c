//! The source `automate`.

use crate::object::transparent;

transparent! {
    /// Names whose certificates are managed by the automation policies.
    pub struct Automate(
        /// The names.
        pub Vec<String>
    );
}
