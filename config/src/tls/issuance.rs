//! Issuers of certificates (`tls.issuance`).

mod acme;
mod challenges;
mod internal;
mod zerossl;

pub use acme::{Acme, ChainPreference, ExternalAccount};
pub use challenges::{Challenges, DnsChallenge, HttpChallenge, TlsAlpnChallenge};
pub use internal::Internal;
pub use zerossl::ZeroSsl;

use crate::module::modules;

modules! {
    /// An issuer of certificates.
    pub enum Issuer in "tls.issuance" by "module" {
        Acme(Box<Acme>) = "acme",
        Internal(Internal) = "internal",
        ZeroSsl(Box<ZeroSsl>) = "zerossl",
    }
}

impl From<Acme> for Issuer {
    fn from(issuer: Acme) -> Self {
        Self::Acme(Box::new(issuer))
    }
}

impl From<ZeroSsl> for Issuer {
    fn from(issuer: ZeroSsl) -> Self {
        Self::ZeroSsl(Box::new(issuer))
    }
}
