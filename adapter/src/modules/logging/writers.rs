//! Where logs are written to (`caddy.logging.writers`).

pub(crate) mod file;
pub(crate) mod net;

use caddis_config::logging::{
    Writer,
    writers::{Discard, Stderr, Stdout},
};

use caddis_grammar::Statement;

use crate::{
    args::Args,
    cx::Parsed,
    modules::{Module, Pluggable},
};

impl Pluggable for Writer {
    const NAMESPACE: &'static str = "caddy.logging.writers";
    const TABLE: &'static [Module<Self>] = &[
        Module { name: "discard", read: |_, line| bare(line).map(|()| Discard::default().into()) },
        file::MODULE,
        net::MODULE,
        Module { name: "stderr", read: |_, line| bare(line).map(|()| Stderr::default().into()) },
        Module { name: "stdout", read: |_, line| bare(line).map(|()| Stdout::default().into()) },
    ];
}

/// A writer without settings.
fn bare(line: &Statement) -> Parsed<()> {
    line.none()?;
    line.no_block()
}
