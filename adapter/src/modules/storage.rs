//! Where certificates and other state are kept: `storage <name> …`.

use caddis_config::storage::Storage;

use crate::modules::{Module, Pluggable};

pub(crate) mod file_system;

impl Pluggable for Storage {
    const NAMESPACE: &'static str = "caddy.storage";
    const TABLE: &'static [Module<Self>] = &[Module { name: "file_system", read: file_system::read }];
}
