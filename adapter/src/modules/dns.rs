//! DNS providers: all of them are plugins.

use caddis_config::dns::DnsProvider;

use super::{Module, Pluggable};

impl Pluggable for DnsProvider {
    const NAMESPACE: &'static str = "dns.providers";
    const TABLE: &'static [Module<Self>] = &[];
}
