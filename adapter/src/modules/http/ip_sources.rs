//! Where a server knows its trusted proxies from: `servers { trusted_proxies <name> … }`.

use caddis_config::http::ip_sources::{IpSource, StaticRanges};

use crate::{
    modules::{Module, Pluggable},
    values::ip_ranges,
};

impl Pluggable for IpSource {
    const NAMESPACE: &'static str = "http.ip_sources";
    const TABLE: &'static [Module<Self>] = &[Module {
        name: "static",
        read: |_, line| {
            Ok(StaticRanges { ranges: ip_ranges(line.args().iter().map(|word| &word.text)) }.into())
        },
    }];
}
