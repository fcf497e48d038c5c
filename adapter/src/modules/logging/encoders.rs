//! Forms of log entries (`caddy.logging.encoders`).

pub(crate) mod append;
pub(crate) mod common;
pub(crate) mod filter;
pub(crate) mod journald;

use caddis_config::logging::{
    Encoder,
    encoders::{Console, Json},
};

use crate::{
    args::Args,
    modules::{Module, Pluggable},
    table::read_block,
};

impl Pluggable for Encoder {
    const NAMESPACE: &'static str = "caddy.logging.encoders";
    const TABLE: &'static [Module<Self>] = &[
        append::MODULE,
        Module {
            name: "console",
            read: |cx, line| {
                line.none()?;
                let mut encoder = Console::default();
                read_block(cx, line, common::CONSOLE, &mut encoder);
                Ok(encoder.into())
            },
        },
        filter::MODULE,
        journald::MODULE,
        Module {
            name: "json",
            read: |cx, line| {
                line.none()?;
                let mut encoder = Json::default();
                read_block(cx, line, common::JSON, &mut encoder);
                Ok(encoder.into())
            },
        },
    ];
}
