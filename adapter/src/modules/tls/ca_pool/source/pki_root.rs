//! `trust_pool pki_root`: root certificates of the server's own authorities.

use caddis_config::tls::{CaPool, ca_pool::source::PkiRoot};
use caddis_grammar::Statement;

use super::{read_lines, strings};
use crate::{
    cx::{Cx, Parsed},
    errors,
    table::{Row, Shape, row},
};

pub(super) fn read(cx: &mut Cx<'_>, line: &Statement) -> Parsed<CaPool> {
    let mut pool = PkiRoot { authority: strings(line.args()).collect() };
    read_lines(cx, line, ROWS, &mut pool);
    if pool.authority.is_empty() {
        return Err(errors::trust::nothing_to_trust(line, "authorities"));
    }
    Ok(pool.into())
}

pub(crate) static ROWS: &[Row<PkiRoot>] = &[row("authority", Shape::Any("id"), |pool, line, _| {
    pool.authority.extend(strings(line.args()));
    Ok(())
})];
