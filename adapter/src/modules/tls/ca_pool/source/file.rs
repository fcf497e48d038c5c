//! `trust_pool file`: certificates in PEM files.

use caddis_config::tls::{CaPool, ca_pool::source::File};
use caddis_grammar::Statement;

use super::{read_lines, strings};
use crate::{
    cx::{Cx, Parsed},
    errors,
    table::{Row, Shape, row},
};

pub(super) fn read(cx: &mut Cx<'_>, line: &Statement) -> Parsed<CaPool> {
    let mut pool = File { pem_files: strings(line.args()).collect() };
    read_lines(cx, line, ROWS, &mut pool);
    if pool.pem_files.is_empty() {
        return Err(errors::trust::nothing_to_trust(line, "certificates"));
    }
    Ok(pool.into())
}

pub(crate) static ROWS: &[Row<File>] = &[row("pem_file", Shape::Any("file"), |pool, line, _| {
    pool.pem_files.extend(strings(line.args()));
    Ok(())
})];
