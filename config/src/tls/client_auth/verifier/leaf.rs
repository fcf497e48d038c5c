//! The verifier `leaf`.

use crate::object::object;
use crate::tls::LeafLoader;

object! {
    /// The certificate must be one of those loaded.
    pub struct Leaf {
        /// Where they are loaded from.
        pub leaf_certs_loaders: Vec<LeafLoader>,
    }
}
