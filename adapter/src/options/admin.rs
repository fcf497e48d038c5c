//! `admin`: the endpoint through which the server is controlled.

use caddis_config::admin::Admin;
use caddis_grammar::Statement;

use super::GlobalOptions;
use crate::{
    args::{Args, Value},
    cx::{Cx, Parsed},
    errors,
    table::{Row, Shape, read_block_or, row},
};

/// Where the endpoint listens if nothing says otherwise.
const DEFAULT_LISTEN: &str = "localhost:2019";

pub(super) fn read(options: &mut GlobalOptions, line: &Statement, cx: &mut Cx<'_>) -> Parsed<()> {
    let mut admin = Admin::default();
    match line.optional()? {
        Some(word) if &*word.text == "off" => {
            if let Some(block) = &line.block {
                return Err(errors::options::admin_off_with_block(block));
            }
            admin.disabled = true;
        }
        Some(address) => admin.listen = address.string(),
        None => {}
    }
    read_block_or(cx, line, ROWS, &mut admin, |_, line, _| {
        Err(errors::options::unknown_parameter(line.name(), ROWS))
    });
    if admin.listen.is_empty() && !admin.disabled {
        admin.listen = cx
            .env
            .var("CADDY_ADMIN")
            .filter(|listen| !listen.is_empty())
            .unwrap_or(DEFAULT_LISTEN.to_owned());
    }
    options.admin = Some(admin);
    Ok(())
}

pub(crate) static ROWS: &[Row<Admin>] = &[
    row("enforce_origin", Shape::Flag, |admin, _, _| {
        admin.enforce_origin = true;
        Ok(())
    }),
    row("origins", Shape::Any("origin"), |admin, line, _| {
        admin.origins = line.args().iter().map(Value::string).collect();
        Ok(())
    }),
];
