//! Where certificates come from: `cert_issuer <name> …` and `tls { issuer <name> … }`.

pub(crate) mod acme;
pub(crate) mod dns_challenge;
pub(crate) mod internal;
pub(crate) mod zerossl;

use caddis_config::tls::Issuer;

use crate::modules::{Module, Pluggable};

impl Pluggable for Issuer {
    const NAMESPACE: &'static str = "tls.issuance";
    const TABLE: &'static [Module<Self>] = &[acme::MODULE, internal::MODULE, zerossl::MODULE];
}
