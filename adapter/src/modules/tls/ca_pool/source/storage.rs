//! `trust_pool storage`: certificates kept in a storage.

use caddis_config::tls::{CaPool, ca_pool::source::StoragePool};
use caddis_grammar::Statement;

use super::{read_lines, strings};
use crate::{
    cx::{Cx, Parsed},
    errors,
    table::{Row, Shape, block_row, row},
};

pub(super) fn read(cx: &mut Cx<'_>, line: &Statement) -> Parsed<CaPool> {
    let mut pool = StoragePool { pem_keys: strings(line.args()).collect(), ..StoragePool::default() };
    read_lines(cx, line, ROWS, &mut pool);
    Ok(pool.into())
}

pub(crate) static ROWS: &[Row<StoragePool>] = &[
    block_row("storage", Shape::Some("module"), |pool, line, cx| {
        if pool.storage.is_some() {
            return Err(errors::trust::storage_twice(line));
        }
        pool.storage = Some(cx.module_argument(line)?);
        Ok(())
    }),
    row("keys", Shape::Any("key"), |pool, line, _| {
        pool.pem_keys.extend(strings(line.args()));
        Ok(())
    }),
];
