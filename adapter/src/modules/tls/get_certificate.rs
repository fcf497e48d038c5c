//! Certificates fetched during a handshake: `tls { get_certificate <name> … }`.

use caddis_config::tls::{
    CertificateManager,
    get_certificate::{Http, Tailscale},
};

use crate::{
    args::{Args, Value},
    errors,
    modules::{Module, Pluggable},
};

impl Pluggable for CertificateManager {
    const NAMESPACE: &'static str = "tls.get_certificate";
    const TABLE: &'static [Module<Self>] = &[
        Module {
            name: "http",
            read: |_, line| {
                let url = line.one()?.string();
                match &line.block {
                    Some(block) if !block.statements.is_empty() => Err(errors::tls::no_block_here(block)),
                    _ => Ok(Http { url }.into()),
                }
            },
        },
        Module {
            name: "tailscale",
            read: |_, line| {
                line.none()?;
                Ok(Tailscale::default().into())
            },
        },
    ];
}
