//! Where logs are written to (`caddy.logging.writers`).

pub(crate) mod file;
pub(crate) mod net;

use caddis_config::logging::{
    Writer,
    writers::{Discard, Stderr, Stdout},
};

use crate::{
    args::Args,
    modules::{Module, Pluggable},
};

impl Pluggable for Writer {
    const NAMESPACE: &'static str = "caddy.logging.writers";
    const TABLE: &'static [Module<Self>] = &[
        Module { name: "discard", read: |_, line| line.none().map(|()| Discard::default().into()) },
        file::MODULE,
        net::MODULE,
        Module { name: "stderr", read: |_, line| line.none().map(|()| Stderr::default().into()) },
        Module { name: "stdout", read: |_, line| line.none().map(|()| Stdout::default().into()) },
    ];
}
