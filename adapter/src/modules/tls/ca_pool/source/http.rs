//! `trust_pool http`: certificates fetched from other servers.

use caddis_config::tls::{
    CaPool,
    ca_pool::source::{Http, HttpTls},
};
use caddis_grammar::Statement;

use super::{read_lines, strings};
use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    errors,
    table::{Row, Shape, block_row, row},
    values::duration,
};

pub(super) fn read(cx: &mut Cx<'_>, line: &Statement) -> Parsed<CaPool> {
    let mut pool = Http { endpoints: strings(line.args()).collect(), ..Http::default() };
    read_lines(cx, line, ROWS, &mut pool);
    Ok(pool.into())
}

pub(crate) static ROWS: &[Row<Http>] = &[
    row("endpoints", Shape::Some("url"), |pool, line, _| {
        pool.endpoints.extend(strings(line.args()));
        Ok(())
    }),
    block_row("tls", Shape::Flag, |pool, line, cx| {
        if pool.tls.is_some() {
            return Err(errors::trust::tls_twice(line));
        }
        read_lines(cx, line, TLS, pool.tls.get_or_insert_default());
        Ok(())
    }),
];

pub(crate) static TLS: &[Row<HttpTls>] = &[
    block_row("ca", Shape::Some("module"), |tls, line, cx| {
        tls.ca = Some(cx.module_argument(line)?);
        Ok(())
    }),
    row("insecure_skip_verify", Shape::Flag, |tls, _, _| {
        tls.insecure_skip_verify = true;
        Ok(())
    }),
    row("handshake_timeout", Shape::One("duration"), |tls, line, _| {
        tls.handshake_timeout = duration(line.one()?, "bad timeout value")?;
        Ok(())
    }),
    row("server_name", Shape::One("name"), |tls, line, _| {
        tls.server_name = line.one()?.string();
        Ok(())
    }),
    row("renegotiation", Shape::One("never|once|freely"), |tls, line, _| {
        let level = line.one()?;
        if !matches!(&*level.text, "never" | "once" | "freely") {
            return Err(errors::trust::bad_renegotiation(level));
        }
        tls.renegotiation = level.string();
        Ok(())
    }),
];
