//! The network proxy `none`.

use crate::object::object;

object! {
    /// No proxy, whatever the environment says.
    pub struct NoProxy {}
}
