//! The manager `tailscale`.

use crate::object::object;

object! {
    /// Asks the local Tailscale daemon.
    pub struct Tailscale {}
}
