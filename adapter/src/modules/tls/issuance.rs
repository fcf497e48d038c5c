//! Where certificates come from: `cert_issuer <name> …` and `tls { issuer <name> … }`.

use caddis_config::tls::Issuer;

use crate::modules::{Module, Pluggable};

impl Pluggable for Issuer {
    const NAMESPACE: &'static str = "tls.issuance";
    const TABLE: &'static [Module<Self>] = &[];
}
