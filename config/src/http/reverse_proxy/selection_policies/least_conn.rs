//! The policy `least_conn`.

use crate::object::object;

object! {
    /// The one with the fewest requests in flight; at random among equals.
    pub struct LeastConn {}
}
