//! Cores of logs (`caddy.logging.cores`).

use caddis_config::logging::{Core, cores::Mock};

use crate::modules::{Module, Pluggable};

impl Pluggable for Core {
    const NAMESPACE: &'static str = "caddy.logging.cores";
    const TABLE: &'static [Module<Self>] =
        &[Module { name: "mock", read: |_, _| Ok(Mock::default().into()) }];
}
