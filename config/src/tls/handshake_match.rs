//! Matchers of handshakes (`tls.handshake_match`).

mod local_ip;
mod remote_ip;
mod sni;
mod sni_regexp;

pub use local_ip::LocalIp;
pub use remote_ip::RemoteIp;
pub use sni::Sni;
pub use sni_regexp::SniRegexp;

use crate::module::modules;

modules! {
    /// A condition on a handshake.
    pub enum HandshakeMatcher in "tls.handshake_match" {
        LocalIp(LocalIp) = "local_ip",
        RemoteIp(RemoteIp) = "remote_ip",
        Sni(Sni) = "sni",
        SniRegexp(SniRegexp) = "sni_regexp",
    }
}
