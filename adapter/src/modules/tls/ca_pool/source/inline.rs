//! `trust_pool inline`: certificates in the Caddyfile itself.

use caddis_config::tls::{CaPool, ca_pool::source::Inline};
use caddis_grammar::Statement;

use super::{read_lines, strings};
use crate::{
    args::Args,
    cx::{Cx, Parsed},
    errors,
    table::{Row, Shape, row},
};

pub(super) fn read(cx: &mut Cx<'_>, line: &Statement) -> Parsed<CaPool> {
    line.none()?;
    let mut pool = Inline::default();
    read_lines(cx, line, ROWS, &mut pool);
    if pool.trusted_ca_certs.is_empty() {
        return Err(errors::trust::nothing_to_trust(line, "certificates"));
    }
    Ok(pool.into())
}

pub(crate) static ROWS: &[Row<Inline>] = &[row("trust_der", Shape::Any("base64"), |pool, line, _| {
    pool.trusted_ca_certs.extend(strings(line.args()));
    Ok(())
})];
