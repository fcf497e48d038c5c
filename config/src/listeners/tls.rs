//! The wrapper `tls`.

use crate::object::object;

object! {
    /// Marks where among the wrappers TLS begins; it has nothing to set.
    pub struct Tls {}
}
