//! Checks of client certificates (`tls.client_auth.verifier`).

mod leaf;

pub use leaf::Leaf;

use crate::module::modules;

modules! {
    /// A check of a client certificate.
    pub enum Verifier in "tls.client_auth.verifier" by "verifier" {
        Leaf(Leaf) = "leaf",
    }
}
