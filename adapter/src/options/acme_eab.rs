//! `acme_eab`: binds the ACME account to one that the authority knows already.

use caddis_config::tls::issuance::ExternalAccount;
use caddis_grammar::Statement;

use super::GlobalOptions;
use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    errors,
    table::{Row, Shape, read_block_or, row},
};

pub(super) fn read(options: &mut GlobalOptions, line: &Statement, cx: &mut Cx<'_>) -> Parsed<()> {
    let mut account = ExternalAccount::default();
    read_block_or(cx, line, ROWS, &mut account, |_, line, _| {
        Err(errors::options::unknown_parameter(line.name(), ROWS))
    });
    options.acme_eab = Some(account);
    Ok(())
}

pub(crate) static ROWS: &[Row<ExternalAccount>] = &[
    row("key_id", Shape::One("id"), |account, line, _| {
        account.key_id = line.one()?.string();
        Ok(())
    }),
    row("mac_key", Shape::One("key"), |account, line, _| {
        account.mac_key = line.one()?.string();
        Ok(())
    }),
];
