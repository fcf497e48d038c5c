//! The policy `round_robin`.

use crate::object::object;

object! {
    /// Each in turn.
    pub struct RoundRobin {}
}
