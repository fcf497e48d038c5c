//! File systems besides that of the operating system: all of them are plugins.

use caddis_config::filesystems::FileSystem;

use super::{Module, Pluggable};

impl Pluggable for FileSystem {
    const NAMESPACE: &'static str = "caddy.fs";
    const TABLE: &'static [Module<Self>] = &[];
}
