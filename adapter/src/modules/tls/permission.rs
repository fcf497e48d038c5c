//! Who may cause certificates to be issued on demand: `on_demand_tls { permission <name> … }`.

use caddis_config::tls::{Permission, permission::Http};

use crate::{
    args::{Args, Value},
    modules::{Module, Pluggable},
};

impl Pluggable for Permission {
    const NAMESPACE: &'static str = "tls.permission";
    const TABLE: &'static [Module<Self>] =
        &[Module { name: "http", read: |_, line| Ok(Http { endpoint: line.one()?.string() }.into()) }];
}
