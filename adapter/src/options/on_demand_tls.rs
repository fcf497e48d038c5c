//! `on_demand_tls`: who may cause certificates to be issued during a handshake.

use caddis_config::tls::{OnDemand, Permission, permission::Http};
use caddis_grammar::Statement;

use super::GlobalOptions;
use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    errors,
    table::{Row, Shape, block_row, read_block_or, row},
};

pub(super) fn read(options: &mut GlobalOptions, line: &Statement, cx: &mut Cx<'_>) -> Parsed<()> {
    let mut permission = None;
    read_block_or(cx, line, ROWS, &mut permission, |_, line, _| {
        if matches!(&*line.name().text, "interval" | "burst") {
            return Err(errors::options::on_demand_limit(line.name()));
        }
        Err(errors::options::unknown_parameter(line.name(), ROWS))
    });
    if line.children().is_empty() {
        return Err(errors::options::on_demand_empty(line));
    }
    options.on_demand_tls = Some(OnDemand { permission, ..OnDemand::default() });
    Ok(())
}

pub(crate) static ROWS: &[Row<Option<Permission>>] = &[
    row("ask", Shape::One("url"), |permission, line, _| {
        let endpoint = line.one()?.string();
        set(permission, line, Http { endpoint }.into())
    }),
    block_row("permission", Shape::Some("module"), |permission, line, cx| {
        let module = cx.module_argument(line)?;
        set(permission, line, module)
    }),
];

fn set(permission: &mut Option<Permission>, line: &Statement, value: Permission) -> Parsed<()> {
    if permission.is_some() {
        return Err(errors::options::permission_twice(line));
    }
    *permission = Some(value);
    Ok(())
}
