//! `ech`: hides the names of sites during the handshake behind a public name.

use caddis_config::tls::ech::{EchConfig, EchPublication, EncryptedClientHello, publishers};
use caddis_grammar::Statement;

use super::GlobalOptions;
use crate::{
    args::Value,
    cx::{Cx, Parsed},
    errors,
    table::{Row, Shape, block_row, read_block_or},
};

pub(super) fn read(options: &mut GlobalOptions, line: &Statement, cx: &mut Cx<'_>) -> Parsed<()> {
    let configs = line.args().iter().map(|name| EchConfig { public_name: name.string() }).collect();
    let mut ech = EncryptedClientHello { configs, ..EncryptedClientHello::default() };
    read_block_or(cx, line, ROWS, &mut ech, |_, line, _| {
        Err(errors::options::unknown_ech_subdirective(line.name()))
    });
    options.ech = Some(ech);
    Ok(())
}

pub(crate) static ROWS: &[Row<EncryptedClientHello>] =
    &[block_row("dns", Shape::Some("provider"), |ech, line, cx| {
        let provider = cx.module_argument(line)?;
        let configs = ech.configs.iter().map(|config| config.public_name.clone()).collect();
        let publishers = [publishers::Dns { provider: Some(provider) }].into_iter().collect();
        ech.publication.push(EchPublication { configs, publishers, ..EchPublication::default() });
        Ok(())
    })];
